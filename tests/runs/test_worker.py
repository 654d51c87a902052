"""A worker of a sweep, and what the pool makes of its events and its end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from queue import SimpleQueue

import pytest

from catdog_lib.runs.grid import Member
from catdog_lib.runs.pool import RunningMember, train_members
from catdog_lib.runs.run_folder import is_finished, load_run

OPTIONS = {
    "model": "five_conv",
    "data": "sketches",
    "width": 2,
    "max_train": 32,
    "epochs": 2,
    "device": "cpu",
    "budget": "quick",
}
ONE_THREAD = {"OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """One cache for all workers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATDOG_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def work(out: Path, parent: int | None = None, **options) -> tuple[int, list[dict], str]:
    """Return a worker's exit status, its events, and what it wrote to its standard error."""
    return given({**OPTIONS, **options}, out, parent)


def given(options: object, out: Path, parent: int | None) -> tuple[int, list[dict], str]:
    """Return the same of a worker with these options and no others."""
    done = subprocess.run(
        [sys.executable, "-m", "catdog_lib.runs.worker"],
        input=json.dumps({"options": options, "out": str(out), "parent": parent or os.getpid()}),
        capture_output=True,
        text=True,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


class TestEvents:
    def test_started_each_epoch_and_finished(self, tmp_path):
        status, events, errors = work(tmp_path / "run", train_sizes=[64], augment=["flip_and_crop"])
        assert status == 0 and is_finished(tmp_path / "run"), errors
        started, first, second, finished = events
        assert started == {"event": "started", "epochs": 2, "done": 0}
        run = load_run(tmp_path / "run")
        for number, event in enumerate((first, second)):
            accuracy = run.history.epochs[number].validation_accuracy
            assert event == {
                "event": "epoch",
                "epoch": number + 1,
                "epochs": 2,
                "validation_accuracy": accuracy,
            }
        assert finished == {"event": "finished", "result": run.config["result"]}
        assert run.recipe.train_sizes == (64,) and "parameters; 2 epochs" in errors

    def test_an_error_is_its_sentence(self, tmp_path):
        status, events, errors = work(tmp_path / "run", lr=0)
        message = "lr is 0; it must be above 0, and finite."
        assert (status, events) == (2, [{"event": "error", "message": message}])
        assert not errors and not (tmp_path / "run").exists()

    def test_a_bug_leaves_its_traceback_in_the_log(self, tmp_path):
        status, events, errors = given([1], tmp_path / "run", None)
        assert status == 1 and "Traceback" in errors
        assert events == [{"event": "error", "message": errors.strip().splitlines()[-1]}]
        assert events[0]["message"].startswith("AttributeError: 'list'")

    def test_the_budget_is_that_of_the_specification(self, tmp_path):
        _, (started, *_), _ = work(tmp_path / "run", epochs=None, budget="quick")
        assert started["epochs"] == 2, "as the quick budget has it"


@pytest.mark.skipif(os.name == "nt", reason="a process keeps its parent's number there")
def test_a_worker_whose_sweep_has_gone_before_it_looks_stops(tmp_path):
    status, events, _ = work(tmp_path / "run", parent=1 << 22, epochs=100_000)
    assert status == 130 and "interrupted" in events[-1]["message"]


class FakeProcess:
    """A worker's process as the pool sees it, written by a test: a small program in its place."""

    def __init__(self, monkeypatch, program: str):
        real = subprocess.Popen
        monkeypatch.setattr(
            "catdog_lib.runs.pool.subprocess.Popen",
            lambda command, **settings: real([sys.executable, "-c", program], **settings),
        )


class TestTheEnd:
    """How a member ends that did not finish."""

    def train(self, tmp_path) -> tuple[dict, list[str]]:
        lines: list[str] = []
        member = Member({}, 0, OPTIONS)
        ended = train_members([member], tmp_path, [ONE_THREAD], lines.append)
        return ended["seed=0"], lines

    @pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
    def test_killed_without_a_word_it_is_reported_with_its_last_lines(self, tmp_path, monkeypatch):
        program = (
            "import json, os, sys; json.load(sys.stdin); "
            "print('one\\ntwo\\nthree\\nfour', file=sys.stderr, flush=True); "
            "print(json.dumps({'event': 'epoch', 'epoch': 3, 'epochs': 15}), flush=True); "
            f"os.kill(os.getpid(), {signal.SIGKILL})"
        )
        FakeProcess(monkeypatch, program)
        last, (line,) = self.train(tmp_path)
        log = tmp_path / "seed=0.log"
        assert last["message"] == (
            "its process ended by SIGKILL after epoch 3 of 15; its log ends: two / three / four "
            f"(see {log})"
        )
        assert line == f"seed=0  failed: {last['message']}" and log.read_text().startswith("one")

    def test_an_exit_without_a_word_is_reported_with_its_status(self, tmp_path, monkeypatch):
        FakeProcess(monkeypatch, "raise SystemExit(3)")
        last, _ = self.train(tmp_path)
        assert last["event"] == "error"
        assert "its process ended with status 3; its log ends: empty" in last["message"]

    def test_nothing_but_events_decides(self, tmp_path, monkeypatch):
        """Whatever a log says: only an event makes a member finished or failed."""
        result = {"validation_accuracy": 0.5, "test_accuracy": 0.25, "train_seconds": 7.0}
        program = (
            "import json, sys; print('catdog: all is lost', file=sys.stderr); "
            f"print(json.dumps({{'event': 'finished', 'result': {result}}}))"
        )
        FakeProcess(monkeypatch, program)
        last, (line,) = self.train(tmp_path)
        assert last["result"] == result and not (tmp_path / "seed=0.log").exists()
        assert line == "seed=0  50.0% on validation, 25.0% on test, 7 s"


def test_the_first_decodes_the_images_and_the_rest_wait_for_its_start(tmp_path, monkeypatch):
    """Members of the same images start once the first has said that it has loaded them."""
    program = (
        "import json, os, sys, time; out = json.load(sys.stdin)['out']; mark = out + '.started'\n"
        "names = os.listdir(os.path.dirname(out))\n"
        "others = [name for name in names if name.endswith('.started')]\n"
        "print(json.dumps({'event': 'none', 'others': len(others)}), flush=True)\n"
        "time.sleep(0.3); open(mark, 'w').close()\n"
        "print(json.dumps({'event': 'started', 'others': len(others)}), flush=True)\n"
        "raise SystemExit(len(others))"
    )
    FakeProcess(monkeypatch, program)
    members = [Member({}, seed, OPTIONS) for seed in (0, 1)]
    members.append(Member({}, 2, {**OPTIONS, "max_train": 16}))
    ended = train_members(members, tmp_path, [ONE_THREAD] * 3, lambda line: None)
    statuses = [ended[member.name]["message"].split("; ")[0] for member in members]
    assert statuses[0] == statuses[2] == "its process ended with status 0"
    assert statuses[1] != "its process ended with status 0", "it began after the first had started"


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_a_real_worker_killed_in_training(tmp_path):
    events: SimpleQueue = SimpleQueue()
    member = Member({}, 0, {**OPTIONS, "epochs": 1000})
    job = RunningMember(member, tmp_path, ONE_THREAD, events)
    while events.get(timeout=60)[1]["event"] != "epoch":
        pass
    job.process.kill()
    while events.get(timeout=60)[1] is not None:
        pass
    message = job.outcome()["message"]
    assert "ended by SIGKILL after epoch " in message and " of 1000; its log ends: " in message
    assert "parameters; 1000 epochs" in message
    assert load_run(tmp_path / "seed=0").history.epochs, "its checkpoint is there"


def test_workers_do_not_know_the_command_line():
    code = (
        "import sys, catdog_lib.runs.worker, catdog_lib.runs.sweep, catdog_lib.runs.train_run; "
        "print([m for m in sys.modules if m.startswith('catdog_lib.cli') or m == 'click'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
