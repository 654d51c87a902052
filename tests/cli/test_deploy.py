"""``catdog export`` and ``catdog card``, on a run folder as ``catdog train`` makes it."""

import json
import shutil

import pytest
import torch

from catdog_lib.cli import main
from catdog_lib.deploy.runtime import load_exported
from catdog_lib.runs.run_folder import load_run
from catdog_lib.sketches import draw_image
from catdog_lib.training import checkpoint


@pytest.mark.parametrize("command", ["card", "export"])
def test_what_is_somebodys_is_not_overwritten_and_what_is_ours_is(command, run, tmp_path, capsys):
    out = tmp_path / ("mine.md" if command == "card" else "mine.onnx")
    out.write_text("# My thesis")
    assert main([command, str(run), "--out", str(out)]) == 2
    assert "already exists and is not" in capsys.readouterr().err
    assert out.read_text() == "# My thesis"
    out.unlink()
    assert [main([command, str(run), "--out", str(out)]) for _ in range(2)] == [0, 0]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run folder, with its photos beside it."""
    root = tmp_path_factory.mktemp("deploy")
    for label, word in enumerate(("cat", "dog")):
        for i in range(20):
            (root / "photos" / word).mkdir(parents=True, exist_ok=True)
            draw_image(i, label, 48).save(root / "photos" / word / f"{i}.jpg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATDOG_CACHE", str(root / "cache"))
        arguments = ["--model", "residual", "--size", "32", "--width", "2", "--epochs", "1"]
        out = ["--data", str(root / "photos"), "--out", str(root / "run"), "--quiet"]
        assert main(["train", *arguments, *out]) == 0
        yield root / "run"


def facts_of(capsys) -> dict:
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize(("to", "suffix"), [("onnx", ".onnx"), ("torch", ".pt2")])
def test_export_writes_the_network_of_the_run(to, suffix, run, capsys):
    outputs = ["--outputs", "features", "feature_maps"]
    assert main(["export", str(run), "--to", to, *outputs, "--json"]) == 0
    facts, path = facts_of(capsys), run / f"network{suffix}"
    assert facts["file"] == str(path) and facts["bytes"] == path.stat().st_size
    assert facts["outputs"] == ["logits", "features", "feature_maps"] and facts["size"] == 32
    assert facts["compared_images"] == 32 and max(facts["differences"].values()) < 1e-4
    assert min(facts["images_per_second"].values()) > 0
    images = torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        logits = load_run(run).model(images)
    torch.testing.assert_close(load_exported(path)(images)["logits"], logits, atol=1e-4, rtol=0)


def test_card_tells_what_evaluate_tells(run, capsys, tmp_path):
    out = tmp_path / "MODEL_CARD.md"
    assert main(["card", str(run), "--out", str(out), "--quiet", "--json"]) == 0
    facts = facts_of(capsys)
    assert main(["evaluate", str(run), "--quiet", "--json"]) == 0
    evaluated = facts_of(capsys)
    confusion = facts["measured"]["confusion"]
    right = confusion[0][0] + confusion[1][1]
    assert right / sum(map(sum, confusion)) == evaluated["test_accuracy"]
    assert facts["result"]["test_accuracy"] == evaluated["test_accuracy"]
    card = out.read_text(encoding="utf-8")
    assert card.startswith("# Model card") and str(run.parent) not in card


def test_card_without_the_photos(run, capsys, tmp_path):
    moved = shutil.copytree(run, tmp_path / "moved")
    config = json.loads((moved / "run.json").read_text())
    config["data"]["source"] = str(tmp_path / "gone")
    (moved / "run.json").write_text(json.dumps(config))
    assert main(["card", str(moved), "--json"]) == 0
    printed = capsys.readouterr().out
    assert "does not exist" in printed and json.loads(printed.splitlines()[-1])["measured"] is None
    assert "not measured" in (moved / "card.md").read_text(encoding="utf-8")
    out = tmp_path / "network.onnx"
    assert main(["export", str(moved), "--out", str(out)]) == 2 and not out.exists()
    photos = ["--data", str(run.parent / "photos")]
    assert main(["export", str(moved), *photos, "--out", str(out)]) == 0 and out.exists()


def test_card_measures_on_the_runs_own_images_wherever_they_are_now(run, capsys, tmp_path):
    photos = shutil.copytree(run.parent / "photos", tmp_path / "moved" / "photos")
    card = ["card", str(run), "--out", str(tmp_path / "card.md"), "--quiet", "--json", "--data"]
    assert main([*card, str(photos)]) == 0
    facts = facts_of(capsys)
    right = sum(row[i] for i, row in enumerate(facts["measured"]["confusion"]))
    assert right == round(facts["result"]["test_accuracy"] * facts["result"]["test_images"])
    for i in range(20):
        draw_image(99 + i, 0, 48).save(tmp_path / "moved" / f"cat.{i}.jpg")
    assert main([*card, str(photos.parent)]) == 2, "the folder above, with more photos"
    assert "needs the run's own images" in capsys.readouterr().err


def test_a_demo_is_of_the_runs_own_images_too(run, capsys, tmp_path):
    """The page says how many it has learned from, and trusts its validation images."""
    photos = shutil.copytree(run.parent / "photos", tmp_path / "photos")
    for i in range(20):
        draw_image(99 + i, 0, 48).save(photos / "cat" / f"{100 + i}.jpg")
    demo = ["demo", str(run), "--out", str(tmp_path / "demo"), "--data", str(photos)]
    runtime = tmp_path / "runtime"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("catdog_lib.deploy.demo.folder.npm_files", lambda package: runtime)
        assert main(demo) == 2 and not (tmp_path / "demo").exists()
    assert "needs the run's own images" in capsys.readouterr().err


WRONG = {
    "another ending": (["export", "{run}", "--out", "{tmp}/net.pt2"], "end in .onnx"),
    "an unknown output": (["export", "{run}", "--outputs", "maps"], "no output 'maps'"),
    "an unknown format": (["export", "{run}", "--to", "tflite"], "tflite"),
    "no run": (["export", "{tmp}"], "not a run folder"),
    "no run for a card": (["card", "{tmp}/gone"], "not a run folder"),
    "a damaged run": (["export", "{tmp}/damaged"], "damaged"),
    "a damaged run for a card": (["card", "{tmp}/damaged"], "damaged"),
    "an unfinished run": (["export", "{tmp}/unfinished"], "is not finished"),
    "an unfinished run for a card": (["card", "{tmp}/unfinished"], "is not finished"),
    "photos that are gone": (["card", "{run}", "--data", "{tmp}/gone"], "does not exist"),
    "a folder that is not there": (["card", "{run}", "--out", "{tmp}/no/x.md"], "make it first"),
    "a folder in place of a file": (["card", "{run}", "--out", "{tmp}"], "is not a model card"),
}


@pytest.fixture
def broken(run, tmp_path):
    """A folder with a damaged run and an unfinished one."""
    (shutil.copytree(run, tmp_path / "damaged") / "weights.pt").write_bytes(b"PK\x03\x04 nothing")
    unfinished = shutil.copytree(run, tmp_path / "unfinished")
    config = json.loads((unfinished / "run.json").read_text())
    del config["result"]
    (unfinished / "run.json").write_text(json.dumps(config))
    weights = torch.load(unfinished / "weights.pt", weights_only=True)
    history = (unfinished / "history.json").read_text()
    checkpoint.save({"history": history, "kept_weights": weights}, unfinished / "checkpoint.pt")
    return tmp_path


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_is_one_sentence_and_status_2(case, broken, run, capsys):
    arguments, says = WRONG[case]
    places = {"{tmp}": str(broken), "{run}": str(run)}
    for name, place in places.items():
        arguments = [part.replace(name, place) for part in arguments]
    assert main(arguments) == 2
    error = capsys.readouterr().err
    sentences = [line for line in error.splitlines() if line.startswith("catdog: ")]
    assert len(sentences) == 1 and says in sentences[0] and "Traceback" not in error
