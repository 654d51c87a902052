"""The command line as a user meets it: real processes, real files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import pytest
import torch
from PIL import Image

from catdog_lib.cli import main
from catdog_lib.cli.options import Command
from catdog_lib.runs.run_folder import load_run
from catdog_lib.sketches import draw_image
from catdog_lib.training.history import History

COMMANDS = [
    "doctor",
    "data status",
    "data check",
    "data get",
    "train",
    "sweep",
    "evaluate",
    "predict",
    "diagnose",
    "export",
    "card",
    "demo",
    "bench",
    "experiment l1",
    "experiment transfer",
    "course",
    "progress",
    "slides",
    "pdf",
    "handout",
    "messages",
    "grade",
]


def catdog(command, *arguments, **environment) -> subprocess.CompletedProcess:
    """Run the command in a process of its own; the arguments are passed on as they are."""
    return subprocess.run(
        [sys.executable, "-m", "catdog_lib", *command.split(), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, **environment},
    )


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A student's folder: 40 images as JPEG files, of which one is cut short and one is text."""
    folder = tmp_path_factory.mktemp("my pets")
    for label, word in enumerate(("Cat", "Dog")):
        for i in range(20):
            (folder / word).mkdir(exist_ok=True)
            draw_image(i, label, 96).save(folder / word / f"{i}.jpg")
    whole = (folder / "Cat" / "7.jpg").read_bytes()
    (folder / "Cat" / "7.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "Dog" / "3.jpg").write_text("not a dog")
    return folder


@pytest.fixture(scope="module")
def run(photos, tmp_path_factory):
    """A run folder made by ``catdog train``, and what it printed."""
    out = tmp_path_factory.mktemp("runs") / "first"
    done = catdog(
        "train --model five_conv --width 4 --epochs 2 --json",
        *["--data", photos, "--out", out],
        CATDOG_CACHE=str(out.parent / "cache"),
    )
    assert done.returncode == 0, done.stderr
    return out, done


def test_train_prints_one_json_object_last(run):
    _, done = run
    facts = json.loads(done.stdout.splitlines()[-1])
    for name, kind in {
        "model": str,
        "parameters": int,
        "train_images": int,
        "test_accuracy": float,
        "test_loss": float,
        "train_seconds": float,
        "images_per_second": float,
        "device": str,
        "dtype": str,
    }.items():
        assert isinstance(facts[name], kind), name
    assert facts["model"] == "five_conv" and facts["train_images"] + facts["test_images"] <= 38
    assert "skipped" in done.stdout and "2 files" in done.stdout


def test_a_run_folder_is_complete_and_movable(run, photos, tmp_path):
    out, done = run
    moved = tmp_path / "elsewhere" / "moved"
    shutil.copytree(out, moved)
    assert {file.name for file in moved.iterdir()} == {
        "weights.pt",
        "run.json",
        "history.json",
        "history.png",
    }
    loaded = load_run(moved)
    assert loaded.config["recipe"]["epochs"] == 2 and len(loaded.history.epochs) == 2
    assert History.from_json((moved / "history.json").read_text()) == loaded.history
    with Image.open(moved / "history.png") as picture:
        assert picture.width > 600 and len(set(picture.convert("L").tobytes())) > 20
    state = torch.load(moved / "weights.pt", weights_only=True)
    assert all(torch.equal(state[name], value) for name, value in loaded.model.state_dict().items())

    again = catdog("evaluate", moved, "--json")
    facts, first = (
        json.loads(again.stdout.splitlines()[-1]),
        json.loads(done.stdout.splitlines()[-1]),
    )
    assert facts["test_accuracy"] == first["test_accuracy"]
    assert facts["test_loss"] == pytest.approx(first["test_loss"], abs=0.01)


def test_a_run_finds_its_photos_from_any_folder(photos, tmp_path, monkeypatch):
    monkeypatch.chdir(photos.parent)
    arguments = ["--width", "2", "--epochs", "1", "--quiet", "--out", str(tmp_path / "r")]
    assert main(["train", "--model", "five_conv", "--data", photos.name, *arguments]) == 0
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", "r", "--quiet"]) == 0


def test_predict_answers_each_photo_and_names_what_is_none(run, photos, tmp_path):
    out, _ = run
    (tmp_path / "report.jpg").write_bytes(b"%PDF-1.7\n")
    done = catdog(
        "predict",
        out,
        photos / "Cat" / "1.jpg",
        tmp_path / "report.jpg",
        photos / "Dog" / "1.jpg",
        "--json",
    )
    assert done.returncode == 2
    assert (
        done.stderr.count("\n") == 1
        and "report.jpg" in done.stderr
        and "not an image" in done.stderr
    )
    answers = json.loads(done.stdout.splitlines()[-1])["answers"]
    assert [answer["photo"] for answer in answers] == [
        str(photos / "Cat" / "1.jpg"),
        str(photos / "Dog" / "1.jpg"),
    ]
    assert all(
        answer["class"] in ("cat", "dog") and 0.5 <= answer["probability"] <= 1
        for answer in answers
    )


def test_data_check_names_what_is_unusable(photos):
    done = catdog("data", "check", photos, "--json")
    assert done.returncode == 0
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["usable"] == 38
    assert [item for item in facts["findings"] if item["severity"] == "unusable"] == [
        {"severity": "unusable", "kind": "truncated", "files": ["Cat/7.jpg"], "detail": ""},
        {"severity": "unusable", "kind": "not an image", "files": ["Dog/3.jpg"], "detail": ""},
    ]
    assert "1 truncated" in done.stdout and "Cat/7.jpg" in done.stdout


def test_data_status_and_doctor(photos, tmp_path):
    status = catdog("data", "status", "--json", CATDOG_DATA=str(photos), CATDOG_CACHE=str(tmp_path))
    facts = json.loads(status.stdout.splitlines()[-1])
    assert facts["counts"] == {"not split, cats": 20, "not split, dogs": 20} and facts[
        "cache"
    ] == str(tmp_path)
    doctor = catdog("doctor", "--json", CATDOG_DATA=str(tmp_path / "gone"))
    facts = json.loads(doctor.stdout.splitlines()[-1])
    assert (
        facts["python"]["ok"]
        and facts["packages"]["ok"]
        and facts["device"]["device"] in ("cpu", "cuda", "mps")
    )
    assert not facts["images"]["ok"] and "unset or correct it" in facts["images"]["text"]


OUT = ["--out", "{tmp}/r"]
WRONG = {
    "a missing folder": (["train", "--model", "five_conv", "--data", "{tmp}/gone", *OUT], "gone"),
    "a folder without cats": (
        ["train", "--model", "five_conv", "--data", "{tmp}/dogs only", *OUT],
        "no cats",
    ),
    "an unknown model": (["train", "--model", "resnet9", "--data", "sketches", *OUT], "resnet9"),
    "an unknown optimizer": (
        ["train", "--model", "five_conv", "--width", "2", "--optimizer", "Adom", *OUT],
        "Adom",
    ),
    "too small a size": (["train", "--model", "six_block", "--size", "32", *OUT], "32 pixels"),
    "a folder of something else": (
        ["train", "--model", "five_conv", "--out", "{tmp}"],
        "already exists",
    ),
    "no run": (["predict", "{tmp}/gone", "photo.jpg"], "not a run folder"),
    "a damaged run": (["evaluate", "{tmp}/damaged"], "damaged"),
    "a check of nothing": (["data", "check", "{tmp}/gone"], "does not exist"),
    "an unknown lesson": (["course", "--lesson", "77"], "77"),
    "an unknown device": (
        ["train", "--model", "five_conv", "--width", "2", "--device", "tpu9", *OUT],
        "tpu9",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_bad_input_is_one_sentence_status_2_and_no_traceback(case, tmp_path, run, capsys):
    Image.new("RGB", (80, 80)).save(
        (tmp_path / "dogs only").mkdir() or tmp_path / "dogs only" / "dog.1.jpg"
    )
    shutil.copytree(run[0], tmp_path / "damaged")
    (tmp_path / "damaged" / "weights.pt").write_bytes(b"PK\x03\x04 not weights")
    arguments, says = WRONG[case]
    status = main([part.replace("{tmp}", str(tmp_path)) for part in arguments])
    error = capsys.readouterr().err
    sentences = [line for line in error.splitlines() if line.startswith("catdog: ")]
    assert status == 2 and len(sentences) == 1 and says in sentences[0] and "Traceback" not in error
    assert not (tmp_path / "r").exists()


def test_the_environment_is_checked_too():
    done = catdog("train", "--model", "five_conv", "--out", "never", CATDOG_BUDGET="huge")
    assert done.returncode == 2 and done.stderr.startswith("catdog: CATDOG_BUDGET is 'huge'")


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example_that_the_parser_accepts(command, capsys, monkeypatch):
    assert main([*command.split(), "--help"]) == 0
    text = capsys.readouterr().out
    (example,) = [line for line in text.splitlines() if line.startswith("example: catdog ")]
    monkeypatch.setattr(Command, "invoke", lambda self, ctx: 0)  # it is only parsed
    assert main(example.removeprefix("example: catdog ").split()) == 0
    assert "--json" in text


def read_until(wanted: bytes, process: subprocess.Popen) -> None:
    """Read what a process writes to its standard error until it is there, for two minutes."""
    seen, deadline = b"", time.monotonic() + 120
    while wanted not in seen and time.monotonic() < deadline:
        seen += os.read(process.stderr.fileno(), 4096)
    assert wanted in seen


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
@pytest.mark.parametrize(
    "stop, keyboard",
    [(signal.SIGINT, signal.SIG_DFL), (signal.SIGTERM, signal.SIG_IGN)],
    ids=["Ctrl-C", "kill, started in a script's background"],
)
def test_a_signal_keeps_the_epochs_that_were_completed(photos, tmp_path, stop, keyboard):
    out = tmp_path / "interrupted"
    process = subprocess.Popen(
        [
            *[sys.executable, "-u", "-m", "catdog_lib", "train", "--model", "five_conv"],
            *["--width", "2", "--epochs", "100000", "--data", photos, "--out", out, "--json"],
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "CATDOG_CACHE": str(tmp_path / "cache")},
        # A shell lets what it starts in the background ignore SIGINT; CI does so with all this.
        preexec_fn=lambda: signal.signal(signal.SIGINT, keyboard),
    )
    try:
        read_until(b"validation accuracy", process)
        if keyboard == signal.SIG_IGN:
            process.send_signal(signal.SIGINT)
            done = len(load_run(out).history.epochs)
            read_until(b"Epoch %d/" % (done + 20), process)
        process.send_signal(stop)
        printed, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, (printed, errors)
    epochs = len(load_run(out).history.epochs)
    sentence = (
        f"catdog: interrupted after epoch {epochs} of 100000; the same command goes on from there"
    )
    assert 1 <= epochs < 100000 and sentence in errors.decode() and b"Traceback" not in errors
    assert main(["predict", str(out), str(photos / "Cat" / "1.jpg")]) == 0


@pytest.mark.photos
@pytest.mark.slow
def test_a_network_learns_the_real_photos(tmp_path):
    done = catdog(
        "train --model five_conv --epochs 4 --max-train 3000 --budget standard --json",
        *["--data", os.environ["CATDOG_DATA"], "--out", tmp_path / "r"],
    )
    facts = json.loads(done.stdout.splitlines()[-1])
    assert facts["test_images"] == 2000 and facts["test_accuracy"] > 0.66, facts
