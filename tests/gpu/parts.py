"""What is run on a GPU: seven parts, each a program of its own with a limit of its own.

The commands are those that anyone can type; a rehearsal makes them tiny, for a machine without a
GPU.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
WIDE = ("--recipe", "champion", "--width", "96", "--size", "160")
WIDE += ("--train-sizes", "96,128,160", "--test-sizes", "128,160")
TINY = ("--max-train", "64", "--epochs", "1", "--width", "4")


def module(name: str, *words: str) -> list[str]:
    """Return the command that runs a module."""
    return [sys.executable, "-m", name, *words]


@dataclass(frozen=True)
class Job:
    """How the parts are run.

    Attributes:
        folder: for what the programs write.
        data: a folder of photos, or "sketches".
        rehearsal: on the CPU, and as little work as possible.
    """

    folder: Path
    data: str
    rehearsal: bool = False

    @property
    def budget(self) -> str:
        """The budget of the programs."""
        return "quick" if self.rehearsal else "full"

    @property
    def patience(self) -> int:
        """How many times as long as on a GPU all may take."""
        return 10 if self.rehearsal else 1

    @property
    def device(self) -> str:
        """Where they compute."""
        return "cpu" if self.rehearsal else "cuda"


@dataclass(frozen=True)
class Part:
    """One program.

    Attributes:
        name: of the part, and of its files.
        title: what it finds out, in a few words.
        seconds: how long it may take.
        command: the job → the program's arguments.
        read: the job, and what the program printed → what it found out; {} if it found nothing.
        options: of ``catdog train``, if the part trains.
    """

    name: str
    title: str
    seconds: float
    command: Callable[[Job], list[str]]
    read: Callable[[Job, str], dict[str, Any]]
    options: tuple[str, ...] = ()


def last_object(job: Job, printed: str) -> dict[str, Any]:
    """Return the JSON object in the last line that holds one."""
    for line in reversed(printed.splitlines()):
        if line.startswith("{"):
            return json.loads(line)
    return {}


def all_objects(job: Job, printed: str) -> dict[str, Any]:
    """Return the JSON objects of all lines that hold one, in their order."""
    found = [json.loads(line) for line in printed.splitlines() if line.startswith("{")]
    return {"rows": found} if found else {}


def files_of_cuda_tests() -> list[str]:
    """Return the files that have tests for a GPU: others might need packages that are not there."""
    marked = (path for path in TESTS.rglob("test_*.py") if "mark.cuda" in path.read_text("utf-8"))
    return sorted(path.relative_to(ROOT).as_posix() for path in marked if path.parent.name != "gpu")


def test_command(job: Job) -> list[str]:
    """Return the command of the tests that need a GPU; in a rehearsal all of them are skipped."""
    words = ["-q", "-p", "no:cacheprovider", "--continue-on-collection-errors"]
    words += ["-m", "(cuda)" if job.rehearsal else "cuda"]  # conftest.py refuses the latter
    report = f"--junitxml={job.folder / 'tests.xml'}"
    return module("pytest", *words, report, *files_of_cuda_tests())


def test_results(job: Job, printed: str) -> dict[str, Any]:
    """Return how many tests passed, and what became of the others."""
    path = job.folder / "tests.xml"
    if not path.exists():
        return {}
    found: dict[str, Any] = {"passed": 0, "failed": {}, "skipped": {}}
    for case in ElementTree.parse(path).iter("testcase"):
        name = f"{case.get('classname')}::{case.get('name')}"
        outcomes = {child.tag: child for child in case}
        if bad := outcomes.keys() & {"failure", "error"}:
            found["failed"][name] = outcomes[min(bad)].get("message", "").strip()[:500]
        elif "skipped" in outcomes:
            found["skipped"][name] = outcomes["skipped"].get("message", "")
        else:
            found["passed"] += 1
    return found


def training(name: str, title: str, seconds: float, *options: str) -> Part:
    """Return the part that trains with these options of ``catdog train``."""

    def command(job: Job) -> list[str]:
        words = ["--data", job.data, "--device", job.device, "--budget", job.budget]
        words += ["--out", str(job.folder / name), "--quiet", "--json"]
        return module("catdog_lib", "train", *options, *(TINY if job.rehearsal else ()), *words)

    def read(job: Job, printed: str) -> dict[str, Any]:
        return last_object(job, printed) or epochs_so_far(job.folder / name)

    return Part(name, title, seconds, command, read, options)


def epochs_so_far(run: Path) -> dict[str, Any]:
    """Return how far a training run came that was stopped; {} if it completed no epoch."""
    from catdog_lib.training import checkpoint
    from catdog_lib.training.history import History

    saved = checkpoint.load(run / "checkpoint.pt")
    history = History.from_json(saved["history"]) if saved else None
    if not history or not history.epochs:
        return {}
    return {
        "epochs": len(history.epochs),
        "of_epochs": saved["settings"]["recipe"]["epochs"],
        "train_seconds": history.seconds,
        "validation_accuracy": history.epochs[-1].validation_accuracy,
    }


def bench_command(job: Job) -> list[str]:
    """Return the command of the bench; its standard budget is half as long as the full one."""
    budget = "quick" if job.rehearsal else "standard"
    words = ["--data", job.data, "--device", job.device, "--budget", budget]
    return module("catdog_lib", "bench", *words, "--json", str(job.folder / "bench.json"))


def bench_results(job: Job, printed: str) -> dict[str, Any]:
    """Return what the bench measured, and its table as it was printed."""
    path = job.folder / "bench.json"
    if not path.exists():
        return {}
    table = printed[printed.index("\nphotos ") :].strip()
    return {**json.loads(path.read_text(encoding="utf-8")), "table": table}


def small_program(name: str, title: str, seconds: float, read: Callable) -> Part:
    """Return the part that runs ``tests.gpu.NAME``."""
    return Part(name, title, seconds, lambda job: module(f"tests.gpu.{name}", job.device), read)


# All limits together are 570 seconds: with the start, all fits into ten minutes.
PARTS = (
    small_program("environment", "versions, and what is missing", 40, last_object),
    Part("tests", "the tests that need a GPU", 75, test_command, test_results),
    Part(
        "bench", "the plain loop, the course's, and the limits", 130, bench_command, bench_results
    ),
    training("champion", "the champion as it is", 40, "--recipe", "champion"),
    training(
        "wide",
        "the champion three times as wide, up to 160 pixels; 97% is hoped for",
        90,
        *(*WIDE, "--epochs", "80"),
    ),
    training(
        "wide_augmented",
        "the same with TrivialAugment and half as many epochs more; 97% is hoped for",
        90,
        *(*WIDE, "--epochs", "120", "--augment", "flip_and_crop,trivial_augment"),
    ),
    training(
        "six_block",
        "six blocks as their makers trained them, 20 epochs; 60 s are hoped for",
        75,
        *("--model", "six_block", "--size", "224", "--epochs", "20", "--batch-size", "32"),
        *("--optimizer", "Adam", "--lr", "1e-4", "--schedule", "constant"),
        *("--augment", "trivial_augment"),
    ),
    small_program("settings", "what other settings would change", 30, all_objects),
)
