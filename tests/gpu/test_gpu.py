"""The script for a GPU: each part has its limit, and the next one runs whatever becomes of it."""

import json
import re
import subprocess
import sys
import time
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click
import pytest
import torch

from catdog_lib import budget
from catdog_lib.bench import course_loop
from catdog_lib.cli.train import train
from catdog_lib.data.folders import scan
from catdog_lib.data.loading import load_image
from catdog_lib.runs.settings import train_arguments
from catdog_lib.sketches import draw_image
from tests.gpu import __main__ as script
from tests.gpu import environment, photos, settings
from tests.gpu.parts import PARTS, ROOT, Job, Part, all_objects, files_of_cuda_tests, last_object
from tests.gpu.report import figures, table
from tests.gpu.runner import run_parts

PRINTS = "import json; print('a word'); print(json.dumps({'value': 3}))"
SLEEPS = """
import subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
print(child.pid, flush=True)
time.sleep(60)
"""


def part(name: str, code: str, seconds: float = 20.0) -> Part:
    return Part(name, "", seconds, lambda job: [sys.executable, "-c", code], last_object)


def run(tmp_path, *parts: Part, seconds: float = 60.0, rehearsal: bool = False) -> dict:
    return run_parts(parts, Job(tmp_path, "sketches", rehearsal), seconds, lambda results: None)


def test_all_limits_together_leave_time_in_ten_minutes():
    assert (
        sum(part.seconds for part in PARTS) <= script.SECONDS < 600 and Job(ROOT, "").patience == 1
    )
    assert PARTS[0].name == "environment" and len({part.name for part in PARTS}) == len(PARTS)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="needs /proc, as Linux has it")
def test_a_part_that_fails_or_hangs_does_not_stop_the_next(tmp_path):
    found = run(
        tmp_path,
        part("fails", "raise SystemExit('no luck')"),
        part("hangs", SLEEPS, seconds=4),
        part("works", PRINTS),
    )
    assert [outcome["status"] for outcome in found.values()] == ["failed", "stopped", "done"]
    assert found["fails"]["printed"].strip() == "no luck" and found["fails"]["exit_status"] == 1
    assert found["works"]["result"] == {"value": 3} and found["hangs"]["seconds"] < 40
    child = int(found["hangs"]["printed"])
    assert not outlives(child), "what a part has started is ended with it"


def outlives(pid: int) -> bool:
    """Return whether a process is still running after some time."""
    for _ in range(100):
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
        except FileNotFoundError:
            return False
        if stat.rpartition(")")[2].split()[0] == "Z":  # ended, and nobody has asked how
            return False
        time.sleep(0.05)
    return True


def test_a_part_gets_no_more_than_what_is_left(tmp_path):
    hangs = part("hangs", "import time; time.sleep(60)")
    found = run(tmp_path, hangs, part("next", PRINTS), seconds=6)
    assert found["hangs"]["status"] == "stopped" and found["hangs"]["limit"] <= 6
    assert found["next"] == {"status": "skipped", "why": "no time was left"}


@pytest.mark.parametrize("rehearsal", [True, False])
def test_without_a_gpu_nothing_is_measured_and_it_says_why(tmp_path, rehearsal):
    code = 'print(\'{"unusable": "no GPU here"}\')'
    found = run(tmp_path, part("environment", code), part("next", PRINTS), rehearsal=rehearsal)
    if rehearsal:
        assert found["next"]["status"] == "done"
    else:
        assert found["next"] == {"status": "skipped", "why": "no GPU here"}


def test_results_that_cannot_be_read_are_not_the_end(tmp_path):
    broken = part("broken", "print('{half a line')")
    found = run(tmp_path, broken, part("works", PRINTS))
    assert "cannot be read: JSONDecodeError" in found["broken"]["why"]
    assert found["works"]["status"] == "done"


@pytest.mark.parametrize("name", [part.name for part in PARTS if part.options])
def test_the_documented_options_are_those_of_catdog_train(name, monkeypatch):
    """They are parsed as the command line parses them, and the recipe takes them."""
    monkeypatch.setattr(budget, "use", lambda name: None)
    command = next(part for part in PARTS if part.name == name).command(Job(ROOT, "sketches"))
    words = command[command.index("train") + 1 :]
    with click.Context(train) as context:
        train.parse_args(context, words)
    arguments = train_arguments(context.params)
    sizes = (arguments["size"], *arguments["recipe"].train_sizes, *arguments["recipe"].test_sizes)
    assert all(size % 16 == 0 for size in sizes), "each must halve four times without a remainder"
    assert context.params["device"] == "cuda"


def test_every_file_with_a_test_for_a_gpu_is_run():
    files = files_of_cuda_tests()
    assert "tests/training/test_cuda.py" in files and "tests/bench/test_bench.py" not in files
    assert all((ROOT / file).is_file() for file in files)


def test_the_environment_names_what_is_missing(monkeypatch):
    assert environment.examine("cpu")["unusable"] == ""
    monkeypatch.setitem(environment.NEEDED, "no_such_module", "bench")
    found = environment.examine("cpu")
    assert found["missing"] == {"no_such_module": "bench"} and found["unusable"] == ""
    monkeypatch.setitem(environment.NEEDED, "no_such_module", "")
    assert environment.examine("cpu")["unusable"] == "not installed: no_such_module"


def test_packages_that_are_too_old_are_named(monkeypatch):
    monkeypatch.setattr(environment, "version_of", {"torch": "2.9.1+cu130", "tqdm": "4.66"}.get)
    assert environment.older_than_allowed() == {"torch": "2.9.1+cu130, not 2.10"}


def test_the_parts_import_no_other_package():
    """What else the course installs is not there on a machine that was not set up for it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    modules = {"pillow": "PIL"}
    names = [line.split(">=")[0] for line in project["dependencies"]]
    installed = {modules.get(name, name.replace("-", "_")) for name in names}
    absent = sorted({*installed, "IPython", "traitlets"} - environment.NEEDED.keys())
    assert {"anywidget", "nbformat", "captum"} <= set(absent)
    code = f"""
import importlib, sys
sys.modules |= dict.fromkeys({absent})
files = {files_of_cuda_tests()}
tests = [file.removesuffix(".py").replace("/", ".") for file in files]
for name in ("bench", "cli", "plots", "runs.train_run", "runs.settings", "cli.recipe_options"):
    importlib.import_module(f"catdog_lib.{{name}}")
for name in ("tests.gpu.settings", "tests.gpu.photos", *tests):
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


OUTCOMES = {
    "environment": {"status": "done", "seconds": 3.0, "limit": 40.0},
    "tests": {"status": "failed", "seconds": 9.0, "limit": 75.0, "printed": "1 failed"},
    "bench": {"status": "skipped", "why": "no time was left"},
    "champion": {"status": "done", "seconds": 20.0, "limit": 40.0},
    "wide": {"status": "stopped", "seconds": 90.0, "limit": 90.0, "printed": ""},
    "settings": {"status": "done", "seconds": 20.0, "limit": 30.0},
}
RESULTS = {
    "environment": {"device": "NVIDIA X1", "packages": {"torch": "2.15"}}
    | {"missing": {"pandas": "tests"}, "older_than_allowed": {"click": "8.1, not 8.5"}},
    "tests": {"passed": 60, "failed": {"a::b": "1 != 2"}, "skipped": {"a::c": "no GPU"}},
    "champion": {"test_accuracy": 0.9425, "train_seconds": 12.3, "images_per_second": 17840.0}
    | {"epochs": 28, "parameters": 9, "train_images": 7840, "test_images": 2000}
    | {"dtype": "bfloat16", "run": "/home/someone/run"},
    "wide": {"epochs": 70, "of_epochs": 80, "train_seconds": 80.0, "validation_accuracy": 0.96875},
    "settings": {
        "rows": [
            {"row": "six_block", "setting": "as it is", "images_per_second": 5000.0}
            | {"seconds_to_begin": 1.5},
            {"row": "six_block", "setting": "compile", "failed": "RuntimeError: no compiler"},
        ]
    },
}


def test_the_table_says_what_was_measured_and_what_was_not():
    results = {name: {**OUTCOMES[name], "result": RESULTS.get(name)} for name in OUTCOMES}
    text = table(results, "photos")
    for said in (
        "NVIDIA X1",
        "| **failed** | 9.0 | 75.0 |",
        "bench skipped: no time was left",
        "Not installed: pandas, needed by tests.",
        "Older than the course allows: click 8.1, not 8.5.",
        "60 passed.",
        "failed: a::b: 1 != 2",
        "skipped: a::c: no GPU",
        "| champion | 94.25% | 12.3 s | 17,840 |",
        "stopped after 70 of 80 epochs; validation 96.9%",
        "| six_block | as it is | 5,000.0 | 1.5 |",
        "RuntimeError: no compiler",
    ):
        assert said in text, said
    shipped = figures(results, "photos")
    assert shipped["tests"] == {"passed": 60, "failed": ["a::b"]} and shipped["bench"] is None
    assert shipped["training"].keys() == {"champion"}  # a run that was stopped has no result
    assert shipped["training"]["champion"]["options"] == "--recipe champion"
    assert "/home" not in json.dumps(shipped)


def test_lines_that_are_no_objects_are_passed_over(tmp_path):
    job = Job(tmp_path, "sketches")
    assert all_objects(job, 'a\n{"b": 1}\nc\n{"b": 2}\n') == {"rows": [{"b": 1}, {"b": 2}]}
    assert all_objects(job, "a\n") == last_object(job, "a\n") == {}


def test_each_setting_changes_what_it_names_and_is_undone(tmp_path, monkeypatch):
    tried, stays = {}, course_loop.preload_to_device

    class Loop:
        def __init__(self, row, pixels, device, dtype, seconds):
            self.facts = {
                "compile": row.recipe.compile,
                "float32": dtype == torch.float32,
                "benchmark": torch.backends.cudnn.benchmark,
                "main memory": course_loop.preload_to_device is not stays,
                "pinned": torch.Tensor.pin_memory is pin,
            }

        def round(self):
            tried[setting] = [name for name, value in self.facts.items() if value]
            return 5.0

    pin = torch.Tensor.pin_memory
    monkeypatch.setattr(course_loop, "CourseLoop", Loop)
    monkeypatch.setattr(settings, "fast_dtype", lambda device: torch.bfloat16)
    for setting in settings.SETTINGS:
        row = settings.SMALL_ROWS["champion"]
        found = settings.measure(row, setting, "cpu", tmp_path, 0.0)
        assert found["images_per_second"] == 5.0 and found["seconds_to_begin"] >= 0
    assert tried == {
        "as it is": ["pinned"],
        "cudnn.benchmark": ["benchmark", "pinned"],
        "float32": ["float32", "pinned"],
        "images in main memory": ["main memory", "pinned"],
        "the same, not pinned": ["main memory"],
        "compile": ["compile", "pinned"],
    }
    assert not torch.backends.cudnn.benchmark and torch.Tensor.pin_memory is pin


def test_a_small_copy_of_photos_keeps_their_names_and_splits(tmp_path, monkeypatch, capsys):
    source, copy = tmp_path / "pets", tmp_path / "copy"
    for number in range(4):
        path = source / ("train", "test")[number // 2] / ("cats", "dogs")[number % 2] / "1.jpg"
        path.parent.mkdir(parents=True)
        draw_image(number, number % 2, 96).resize((120, 80)).save(path)
    (source / "train" / "cats" / "2.jpg").write_bytes(b"no photo")
    monkeypatch.setattr(photos, "ProcessPoolExecutor", ThreadPoolExecutor)
    monkeypatch.setattr(sys, "argv", ["photos", str(source), str(copy), "--size", "64"])
    photos.main()
    assert re.search("4 of [45] photos", capsys.readouterr().out)
    assert [(photo.name, photo.label, photo.split) for photo in scan(copy).photos] == [
        (photo.name.replace("jpg", "webp"), photo.label, photo.split)
        for photo in scan(source).photos
        if photo.name != "train/cats/2.jpg"
    ]
    theirs = load_image(source / "test" / "dogs" / "1.jpg", 64).float()
    ours = load_image(copy / "test" / "dogs" / "1.webp", 64).float()
    assert (theirs - ours).abs().mean() < 12


@pytest.mark.slow
def test_a_rehearsal_runs_every_part(tmp_path):
    words = ["--rehearsal", "--out", str(tmp_path)]
    assert script.main(words) == 0
    results = json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))
    assert {part.name for part in PARTS} == results["parts"].keys() and results["rehearsal"]
    assert results["parts"]["tests"]["result"]["skipped"]
    shipped = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert shipped["training"].keys() == {part.name for part in PARTS if part.options}
    assert len(shipped["bench"]["rows"]) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "figures.json",
        "log.txt",
        "results.json",
        "table.md",
    ]
