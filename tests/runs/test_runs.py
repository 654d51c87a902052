"""Run folders: nothing is lost or overwritten, whatever happens; nobody reads half a file."""

import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from catdog_lib.cli import main
from catdog_lib.errors import CatdogError
from catdog_lib.runs import train_run as training_run
from catdog_lib.runs.run_folder import RunFolder, load_run
from catdog_lib.training import schedules
from catdog_lib.training.history import History
from catdog_lib.training.trainer import Trainer
from tests.runs import catdog_process

COMPLETE = ["history.json", "history.png", "run.json", "weights.pt"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="processes are forked and killed here")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    """A cache for all, and one thread for each, which makes sums repeatable."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATDOG_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("OMP_NUM_THREADS", "1")
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        yield
        torch.set_num_threads(threads)


def command(out, epochs=2, **options) -> list[str]:
    """Like a student's, but small."""
    options = {
        "model": "five_conv",
        "data": "sketches",
        "width": 2,
        "max-train": 48,
        "epochs": epochs,
        **options,
    }
    return [
        "train",
        *(f"--{name}={value}" for name, value in options.items()),
        "--quiet",
        f"--out={out}",
    ]


def epochs_done(out) -> int:
    with suppress(CatdogError):
        return len(load_run(out).history.epochs)
    return 0


def written(file) -> int:
    """When; 0 if it does not exist. In nanoseconds."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def wait_for(condition, process, seconds=180.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert process.is_alive(), "it ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.001)


def kill(process) -> None:
    process.kill()
    process.join()
    assert process.exitcode == -signal.SIGKILL


def uninterrupted(folder, **options):
    process = catdog_process.start(command(folder / "whole", **options), folder / "log")
    process.join()
    assert process.exitcode == 0, (folder / "log").read_text()
    return folder / "whole"


def assert_same_run(out, whole) -> None:
    """The same weights, epochs and result, but for the times; and no file more."""
    assert sorted(os.listdir(out)) == sorted(os.listdir(whole)) == COMPLETE
    ends = [torch.load(folder / "weights.pt", weights_only=True) for folder in (out, whole)]
    assert ends[0].keys() == ends[1].keys()
    for name in ends[0]:
        assert torch.equal(ends[0][name], ends[1][name]), name
    records, configs = [], []
    for folder in (out, whole):
        history = History.from_json((folder / "history.json").read_text())
        records.append([replace(record, seconds=0.0) for record in history.epochs])
        configs.append(json.loads((folder / "run.json").read_text()))
        for name in ("train_seconds", "images_per_second"):
            assert configs[-1]["result"].pop(name) > 0
    assert records[0] == records[1] and configs[0] == configs[1]


@pytest.mark.parametrize(("seed", "optimizer"), [(0, "adam"), (1, "muon")])
@pytest.mark.slow
def test_killed_twelve_times_at_random_a_run_ends_as_if_it_had_not_been(tmp_path, seed, optimizer):
    options = {"epochs": 40, "optimizer": optimizer, "seed": seed, "l1": 0.001}
    out, log, draw, in_a_write = tmp_path / "run", tmp_path / "log", random.Random(seed), 0
    part = out / "checkpoint.pt.part"
    for number in range(12):
        before, old_part = epochs_done(out), written(part)
        process = catdog_process.start(command(out, **options), log, slow=draw.choice([0.0, 0.05]))
        if number % 3 == 0:  # anywhere, often before it trains
            time.sleep(draw.uniform(0, 0.3))
        elif number % 3 == 1:  # soon after an epoch
            wait_for(lambda before=before: epochs_done(out) > before, process)
            time.sleep(draw.uniform(0, 0.15))
        else:  # while a checkpoint is written
            wait_for(lambda old_part=old_part: written(part) not in (0, old_part), process)
            time.sleep(draw.uniform(0, 0.04))
        kill(process)
        in_a_write += written(part) not in (0, old_part)
        assert epochs_done(out) >= before, "what was done stays done, and can be loaded"
    assert in_a_write >= 2 and 3 <= epochs_done(out) < 40
    last = catdog_process.start(command(out, **options), log)
    last.join()
    assert last.exitcode == 0 and "going on after epoch" in log.read_text()
    assert_same_run(out, uninterrupted(tmp_path, **options))


@pytest.mark.slow
def test_killed_seven_times_while_it_is_finished(tmp_path):
    out, log = tmp_path / "run", tmp_path / "log"
    names = [
        "weights.pt.part",
        "weights.pt",
        "history.json.part",
        "history.png.part",
        "history.png",
    ]
    moments = [(out / name).exists for name in names]
    config = out / "run.json"
    moments.append(lambda: config.exists() and "result" in config.read_text())
    moments.append((out / "run.json.part").exists)
    for moment in moments:
        process = catdog_process.start(command(out), log, slow=0.1)
        wait_for(moment, process)
        kill(process)
        assert epochs_done(out) == 2 and (out / "checkpoint.pt").exists()
    last = catdog_process.start(command(out), log)
    last.join()
    assert last.exitcode == 0, log.read_text()
    assert_same_run(out, uninterrupted(tmp_path))


def test_a_reader_never_sees_half_a_file(tmp_path):
    """A run can be loaded at any time, and only ever becomes longer."""
    out, seen = tmp_path / "run", [0]
    process = catdog_process.start(command(out, epochs=6), tmp_path / "log", slow=0.05)
    while process.is_alive():
        try:
            seen.append(len(load_run(out).history.epochs))
        except CatdogError as error:
            early = "is not a run folder" in str(error) or "not completed its first" in str(error)
            assert early and seen[-1] == 0, error
    assert process.exitcode == 0 and load_run(out).finished
    assert seen == sorted(seen) and len(set(seen)) >= 4 and len(seen) > 10


def test_two_processes_do_not_train_in_one_folder(tmp_path, capsys):
    out = tmp_path / "run"
    first = catdog_process.start(command(out, epochs=1000), tmp_path / "log")
    wait_for(lambda: epochs_done(out) > 0, first)
    assert main(command(out, epochs=1000)) == 2
    assert f"Another process is training in {str(out)!r}" in capsys.readouterr().err
    done = epochs_done(out)
    wait_for(lambda: epochs_done(out) > done, first)  # and the first one is not disturbed
    kill(first)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM], ids=lambda stop: stop.name)
def test_ctrl_c_keeps_all_epochs_and_the_same_command_goes_on(tmp_path, stop):
    """So does the signal of ``kill``, and of a cluster that takes its machine back."""
    out, log = tmp_path / "run", tmp_path / "log"
    process = catdog_process.start(command(out, epochs=8), log, slow=0.4)
    wait_for(lambda: epochs_done(out) >= 2, process)
    os.kill(process.pid, stop)
    process.join()
    done, said = epochs_done(out), log.read_text()
    assert process.exitcode == 130 and sorted(os.listdir(out)) == ["checkpoint.pt", "run.json"]
    assert f"catdog: interrupted after epoch {done} of 8; the same command goes on" in said
    assert "Traceback" not in said
    again = catdog_process.start(command(out, epochs=8), log)
    again.join()
    assert again.exitcode == 0 and f"going on after epoch {done}" in log.read_text()
    assert_same_run(out, uninterrupted(tmp_path, epochs=8))


def interrupt(*_, **__):
    raise KeyboardInterrupt


def test_ctrl_c_in_the_last_evaluation_loses_nothing(tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    for name in ("evaluate", "_picture"):
        with monkeypatch.context() as patch:
            patch.setattr(training_run, name, interrupt)
            assert main(command(out)) == 130
        assert "interrupted after epoch 2 of 2; the same command goes on" in capsys.readouterr().err
        monkeypatch.setattr(Trainer, "train_epoch", lambda *_: pytest.fail("it trained again"))
    assert main(command(out)) == 0 and sorted(os.listdir(out)) == COMPLETE


def test_ctrl_c_before_the_first_epoch_leaves_no_folder(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(Trainer, "train_epoch", interrupt)
    assert main(command(tmp_path / "run")) == 130
    assert capsys.readouterr().err == (
        "catdog: interrupted before the first epoch was completed; the same command starts again\n"
    )
    assert not (tmp_path / "run").exists()


def test_an_unfinished_run_answers_with_the_weights_kept_so_far(tmp_path, monkeypatch, capsys):
    out = tmp_path / "run"
    monkeypatch.setattr(training_run, "evaluate", interrupt)
    main(command(out, epochs=3))
    run = load_run(out)
    assert not run.finished and len(run.history.epochs) == 3 and not run.model.training
    kept = torch.load(out / "checkpoint.pt", weights_only=True)["kept_weights"]
    assert all(torch.equal(kept[name], value) for name, value in run.model.state_dict().items())
    assert main(["evaluate", str(out), "--quiet"]) == 0
    assert "is not finished; these are the weights that it keeps so far" in capsys.readouterr().out


@pytest.mark.parametrize("bad_epoch", [1, 3])
def test_a_loss_that_is_not_finite_leaves_the_last_good_epoch(
    tmp_path, monkeypatch, capsys, bad_epoch
):
    """A real overflow: the learning rate jumps, the weights follow, the next loss is not finite."""
    out, options = tmp_path / "run", {"optimizer": "sgd", "schedule": "constant", "epochs": 4}
    monkeypatch.setitem(
        schedules.SCHEDULES,
        "constant",
        lambda progress: 1e38 if progress >= (bad_epoch - 1) / 4 else 1.0,
    )
    assert main(command(out, **options)) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and f"nan in epoch {bad_epoch}, batch 2 of 2" in error
    if bad_epoch == 1:
        assert not out.exists(), "there is nothing to keep"
    else:
        assert len(load_run(out).history.epochs) == bad_epoch - 1
        assert all(value.isfinite().all() for value in load_run(out).model.state_dict().values())


class TestRefused:
    @pytest.fixture
    def unfinished(self, tmp_path, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(training_run, "evaluate", interrupt)
            main(command(tmp_path / "run"))
        return tmp_path / "run"

    def refused(self, arguments, capsys, says):
        capsys.readouterr()
        assert main(arguments) == 2
        error = capsys.readouterr().err
        assert error.startswith("catdog: ") and error.count("\n") == 1 and says in error, error

    @pytest.mark.parametrize(
        ("option", "value", "says"),
        [
            ("model", "six_block", "model='five_conv', not 'six_block'"),
            ("width", 3, "width=2, not 3"),
            ("epochs", 3, "epochs=2, not 3"),
            ("lr", 0.5, "lr=0.001, not 0.5"),
            ("seed", 1, "seed=0, not 1"),
            ("max-train", 40, "max_train=48, not 40"),
        ],
    )
    def test_other_settings_name_the_first_difference(
        self, unfinished, capsys, option, value, says
    ):
        before = (unfinished / "checkpoint.pt").read_bytes()
        begun = f"{str(unfinished)!r} was begun with {says}"
        ending = f"{begun}; ask for that to continue, or use another --out"
        self.refused(command(unfinished, **{option: value}), capsys, ending)
        assert (unfinished / "checkpoint.pt").read_bytes() == before
        assert sorted(os.listdir(unfinished)) == ["checkpoint.pt", "run.json"]

    @pytest.mark.parametrize("name", ["run.json", "lock", "weights.pt", "history.json"])
    def test_a_folder_with_a_file_of_that_name_is_somebodys(self, tmp_path, capsys, name):
        (tmp_path / "mine").mkdir()
        (tmp_path / "mine" / name).write_text('{"my": "notes"}')
        self.refused(command(tmp_path / "mine"), capsys, "is not a run folder")
        assert (tmp_path / "mine" / name).read_text() == '{"my": "notes"}'
        assert os.listdir(tmp_path / "mine") == [name]

    def test_a_finished_run_is_never_overwritten(self, unfinished, capsys):
        assert main(command(unfinished)) == 0
        before = {name: (unfinished / name).read_bytes() for name in os.listdir(unfinished)}
        self.refused(
            command(unfinished),
            capsys,
            "already exists and holds a finished run; use another --out",
        )
        assert before == {name: (unfinished / name).read_bytes() for name in os.listdir(unfinished)}

    def test_a_damaged_checkpoint_is_named_and_left(self, unfinished, capsys):
        (unfinished / "checkpoint.pt").write_bytes(b"damaged")
        self.refused(command(unfinished), capsys, "checkpoint.pt' is damaged")
        assert (unfinished / "checkpoint.pt").read_bytes() == b"damaged"
        (unfinished / "checkpoint.pt").unlink()  # what the sentence advises
        assert main(command(unfinished)) == 0

    def test_anothers_folder_or_file_is_not_touched(self, tmp_path, capsys):
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "cat.jpg").write_bytes(b"")
        (tmp_path / "file").write_text("mine")
        for name in ("photos", "file"):
            self.refused(
                command(tmp_path / name), capsys, f"{name}' already exists and is not a run folder"
            )
        self.refused(command(tmp_path / "file" / "run"), capsys, "cannot be written to")
        assert os.listdir(tmp_path / "photos") == ["cat.jpg"]
        assert sorted(os.listdir(tmp_path)) == ["file", "photos"]

    def test_an_empty_folder_will_do(self, tmp_path):
        assert main(command(tmp_path)) == 0 and sorted(os.listdir(tmp_path)) == COMPLETE


def test_images_of_a_size_that_the_network_cannot_take_are_refused_before_they_are_decoded(
    tmp_path, capsys
):
    command = ["train", "--model", "five_conv", "--recipe", "sprint", "--data", str(tmp_path / "x")]
    assert main([*command, "--out", str(tmp_path / "run")]) == 2
    assert "With images of 40 pixels, a linear layer" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_killed_before_its_first_epoch_a_run_may_be_begun_with_other_settings(tmp_path):
    out, log = tmp_path / "run", tmp_path / "log"
    process = catdog_process.start(command(out), log, slow=0.3)
    wait_for((out / "checkpoint.pt.part").exists, process)
    kill(process)
    with pytest.raises(CatdogError, match="has not completed its first epoch"):
        load_run(out)
    assert main(command(out, epochs=1)) == 0 and sorted(os.listdir(out)) == COMPLETE


def test_the_lock_is_removed_while_it_is_held(tmp_path, monkeypatch):
    """Afterwards another process may hold it: its lock, or its folder, would be removed."""
    there, release = [], FileLock.release

    def noted(lock, *arguments, **keywords):
        there.append(Path(lock.lock_file).exists())
        return release(lock, *arguments, **keywords)

    monkeypatch.setattr(FileLock, "release", noted)
    with RunFolder(tmp_path / "run"):
        pass
    assert there and (not there[0] or sys.platform == "win32")
    assert not (tmp_path / "run").exists() or sys.platform == "win32"
