"""A diagnosis of a run folder, as ``catdog diagnose`` makes it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from catdog_lib import models
from catdog_lib.cli import main
from catdog_lib.diagnose import diagnose_run
from catdog_lib.runs.run_folder import load_run
from catdog_lib.runs.train_run import train_run
from catdog_lib.training.recipe import Recipe
from tests import tiny


def write_photos(folder: Path, train: int, test: int) -> Path:
    """Write a folder of small photos, of which cats are dark and dogs bright."""
    for split, count, seed in (("train", train, 0), ("test", test, 1)):
        images = tiny.image_set(count, seed, 16)
        for (image, label), name in zip(zip(*images[:], strict=True), images.names, strict=True):
            path = folder / split / ("cats", "dogs")[label] / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(image.permute(1, 2, 0).numpy()).save(path)
    return folder


@pytest.fixture(scope="module")
def photos(tmp_path_factory) -> Path:
    return write_photos(tmp_path_factory.mktemp("photos"), 80, 40)


@pytest.fixture(scope="module", params=["residual", "transfer"])
def trained(photos, tmp_path_factory, request) -> Path:
    """A finished run of each kind of network; one of them with a frozen, random backbone."""
    settings = {
        "residual": {"width": 2},
        "transfer": {"backbone": "resnet18", "pretrained": False},
    }[request.param]
    out = tmp_path_factory.mktemp("runs") / request.param
    recipe = Recipe(epochs=3, batch_size=16, precision="float32", keep="last")
    quiet = {"progress": False, "log": lambda line: None}
    train_run(
        request.param, str(photos), size=16, settings=settings, recipe=recipe, out=out, **quiet
    )
    return out


@pytest.fixture
def residual(photos, tmp_path) -> Path:
    """A run folder that a test may spoil."""
    recipe = Recipe(epochs=2, batch_size=16, precision="float32")
    out, quiet = tmp_path / "run", {"progress": False, "log": lambda line: None}
    train_run(
        "residual", str(photos), size=16, settings={"width": 2}, recipe=recipe, out=out, **quiet
    )
    return out


def checks_that_found(folder: Path, **settings) -> set[str]:
    return {f.check for f in diagnose_run(folder, progress=False, **settings).findings}


def test_a_run_in_order_has_no_findings(trained):
    answer = diagnose_run(trained, progress=False)
    assert not answer.findings, str(answer)
    assert {"leaked_images", "label_suspects", "untrained_weights"} <= set(answer.checks)
    assert len(answer.checks) >= 13 and "accumulated_gradients" in answer.left_out


def test_three_training_images_are_enough_for_every_check(tmp_path):
    source, out = write_photos(tmp_path / "photos", 4, 4), tmp_path / "run"
    recipe = Recipe(epochs=1, batch_size=2, precision="float32")
    quiet = {"progress": False, "log": lambda line: None}
    settings = {"width": 2}
    run = train_run(
        "residual", str(source), size=16, settings=settings, recipe=recipe, out=out, **quiet
    )
    assert run.config["result"]["train_images"] < 4
    assert "missing_gradients" not in checks_that_found(out)


def save_fresh_weights(run_folder: Path) -> None:
    torch.manual_seed(1)
    torch.save(models.ResidualCNN(16, 2).state_dict(), run_folder / "weights.pt")


def test_weights_that_were_never_trained_are_found(residual):
    save_fresh_weights(residual)
    assert "untrained_weights" in checks_that_found(residual)


def test_weights_of_another_run_are_found(residual):
    weights = torch.load(residual / "weights.pt", weights_only=True)
    weights["classifier.weight"] = weights["classifier.weight"].flip(0)
    weights["classifier.bias"] = weights["classifier.bias"].flip(0)
    torch.save(weights, residual / "weights.pt")
    assert "other_weights" in checks_that_found(residual)


def test_a_history_that_was_averaged_over_batches_is_found(residual):
    run = load_run(residual)
    spoiled = [replace(epoch, train_accuracy=0.7654321) for epoch in run.history.epochs]
    run.history.epochs[:] = spoiled
    (residual / "history.json").write_text(run.history.to_json())
    assert "unequal_batches" in checks_that_found(residual)


def test_a_photo_in_two_splits_is_found(photos, residual, tmp_path):
    leaky = tmp_path / "leaky"
    shutil.copytree(photos, leaky)
    shutil.copy(leaky / "train" / "cats" / "0.png", leaky / "test" / "cats" / "copy.png")
    assert "leaked_images" in checks_that_found(residual, source=str(leaky))


def test_a_rate_is_searched_for_on_request(residual):
    run = json.loads((residual / "run.json").read_text())
    run["recipe"]["lr"] = 1e-7
    (residual / "run.json").write_text(json.dumps(run))
    assert "unusual_learning_rate" in checks_that_found(residual, search_rate=True)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a peak in this way")
def test_large_images_need_little_more_memory_than_training(tmp_path):
    """Compare the peak of a whole run at 256 pixels with that of its diagnosis and its card."""
    code = """if True:
        import re, sys, torch
        from catdog_lib.data.loading import load
        from catdog_lib.deploy.measurements import measure
        from catdog_lib.diagnose import diagnose_run
        from catdog_lib.runs.run_folder import load_run
        from catdog_lib.runs.train_run import train_run
        from catdog_lib.training.recipe import Recipe

        def peak():
            status = open("/proc/self/status").read()
            return int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]) // 1000

        source, out = sys.argv[1:]
        recipe = Recipe(epochs=1, batch_size=32, precision="float32")
        train_run(
            "residual", source, size=256, settings={"width": 2}, recipe=recipe, out=out,
            progress=False, log=lambda line: None,
        )
        peaks = [peak()]
        diagnose_run(out, progress=False)
        peaks.append(peak())
        run = load_run(out)
        measure(run, load(**run.config["data"], progress=False), progress=False)
        print(*peaks, peak())
    """
    source = write_photos(tmp_path / "photos", 340, 220)
    done = subprocess.run(
        [sys.executable, "-c", code, source, tmp_path / "run"], capture_output=True, check=True
    )
    training, diagnosis, card = map(int, done.stdout.split())
    assert diagnosis - training < 400 and card - diagnosis < 800, done.stdout  # MB


def test_the_command_exits_with_1_if_something_was_found(residual, capsys):
    assert main(["diagnose", str(residual), "--quiet"]) == 0
    assert "nothing found" in capsys.readouterr().out
    save_fresh_weights(residual)
    assert main(["diagnose", str(residual), "--quiet", "--json"]) == 1
    *text, facts = capsys.readouterr().out.splitlines()
    facts = json.loads(facts)
    assert facts["run"] == str(residual)
    assert "untrained_weights" in [finding["check"] for finding in facts["findings"]]
    assert "certain: untrained weights" in "\n".join(text)


@pytest.mark.parametrize("arguments", [["nowhere"], ["RUN", "--data", "nowhere"]])
def test_bad_input_is_one_sentence_and_exits_with_2(residual, arguments, capsys):
    arguments = [str(residual) if word == "RUN" else word for word in arguments]
    assert main(["diagnose", *arguments, "--quiet"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_of_other_images_it_says_nothing(residual, tmp_path):
    """They are not those that the network has learned from."""
    others = write_photos(tmp_path / "others", 40, 20)
    for split in ("train", "test"):  # a leak, and a conflict of labels
        shutil.copy(others / "train" / "cats" / "0.png", others / split / "dogs" / "copy.png")
    answer = diagnose_run(residual, str(others), progress=False)
    assert not {"leaked_images", "conflicting_labels"} & {f.check for f in answer.findings}
    assert "not those that the run has learned from" in answer.left_out["leaked_images"]


def test_as_many_images_of_other_names_are_others(residual, tmp_path):
    copy = shutil.copytree(load_run(residual).config["data"]["source"], tmp_path / "copy")
    assert diagnose_run(residual, str(copy), progress=False).left_out.keys() == (
        diagnose_run(residual, progress=False).left_out.keys()
    )
    first = min((copy / "train").rglob("*.png"))
    first.rename(first.with_name("z.png"))
    said = diagnose_run(residual, str(copy), progress=False).left_out["leaked_images"]
    assert "not those that the run has learned from" in said
