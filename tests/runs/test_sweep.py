"""A sweep: its training runs, what comes of them, and that nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import click
import pytest

from catdog_lib.cli import main
from catdog_lib.cli import train as cli_train
from catdog_lib.errors import CatdogError
from catdog_lib.runs import pool
from catdog_lib.runs import sweep as sweeps
from catdog_lib.runs.grid import grid
from catdog_lib.runs.results_table import table, table_text
from catdog_lib.runs.run_folder import load_run
from catdog_lib.training.distributed import DistributedContext

OPTIONS = {"model": "five_conv", "lr": None, "batch_size": None, "optimizer": None, "seed": None}


class TestGrid:
    def test_every_combination_with_every_seed(self):
        choices = {"lr": {"1e-1": 0.1, "0.2": 0.2}, "optimizer": {"Adam": "Adam", "SGD": "SGD"}}
        found = grid(OPTIONS, choices, seeds=3)
        assert len(found) == len({member.name for member in found}) == 12
        assert found[0].name == "lr=1e-1,optimizer=Adam,seed=0"
        assert found[-1].options == {**OPTIONS, "lr": 0.2, "optimizer": "SGD", "seed": 2}

    def test_seeds_count_up_from_the_one_that_is_given(self):
        assert [m.seed for m in grid({**OPTIONS, "seed": 5}, {}, 2)] == [5, 6]
        assert [m.name for m in grid(OPTIONS, {}, 2)] == ["seed=0", "seed=1"]

    def test_a_value_named_twice_is_trained_once(self):
        ctx = click.Context(cli_train.sweep)
        choices = cli_train._choices(ctx, ["lr=0.1,0.1,0.2", "batch-size=8"])
        assert choices == {"lr": {"0.1": 0.1, "0.2": 0.2}, "batch_size": {"8": 8}}
        assert len(grid(OPTIONS, choices, 1)) == 2

    def test_an_option_that_is_set_twice_takes_the_values_of_both(self):
        choices = cli_train._choices(click.Context(cli_train.sweep), ["lr=0.1", "lr=0.2,0.3"])
        assert choices == {"lr": {"0.1": 0.1, "0.2": 0.2, "0.3": 0.3}}

    def test_networks_of_different_sizes_need_different_images(self):
        first, second = grid(OPTIONS, {"model": {"five_conv": "five_conv", "vit": "vit"}}, 1)
        assert first.images != second.images
        assert len({member.images for member in grid(OPTIONS, {"lr": {"1": 1, "2": 2}}, 2)}) == 1

    def test_a_name_is_fit_for_a_folder(self):
        (member,) = grid({**OPTIONS, "data": None}, {"data": {"/my/pets: 2": "/my/pets: 2"}}, 1)
        assert member.name == "data=_my_pets__2,seed=0"

    def test_two_values_must_not_share_a_run_folder(self):
        with pytest.raises(CatdogError, match=r"in one run folder, 'data=photos_a,seed=0'"):
            grid({**OPTIONS, "data": None}, {"data": {"photos/a": "a", "photos_a": "b"}}, 1)

    @pytest.mark.parametrize(
        ("choices", "seeds", "says"),
        [
            ({"lrate": {"1": 1}}, 1, "'lrate'; use --seeds, or one of batch_size, lr"),
            ({"seed": {"1": 1}}, 1, "use --seeds"),
            ({"lr": {"": ""}}, 1, "lr lacks a value"),
            ({"lr": {"1": 1.0, "": ""}}, 1, "lr lacks a value"),
            ({"lr": {"0.001": 0.001, "1e-3": 0.001}}, 1, "lr has one value twice: 0.001 and 1e-3"),
            ({}, 0, "--seeds is 0"),
        ],
    )
    def test_what_makes_no_sense_is_one_sentence(self, choices, seeds, says):
        with pytest.raises(CatdogError, match=says):
            grid(OPTIONS, choices, seeds)


class TestTable:
    def result(self, lr, seed, accuracy):
        return {
            "settings": {"lr": lr},
            "seed": seed,
            "validation_accuracy": accuracy,
            "test_accuracy": accuracy - 0.1,
            "train_seconds": 2.0 + seed,
        }

    def test_mean_spread_and_median_over_the_seeds(self):
        results = [self.result("1", seed, a) for seed, a in enumerate((0.5, 0.9, 0.7, 0.7))]
        results += [{"settings": {"lr": "2"}, "seed": 0, "error": "no"}, self.result("2", 1, 0.6)]
        first, second = table(results)
        assert first["seeds"] == [0, 1, 2, 3] and first["failed"] == []
        found = first["validation_accuracy"]
        assert found["mean"] == pytest.approx(0.7) and found["median"] == pytest.approx(0.7)
        assert found["std"] == pytest.approx((0.08 / 3) ** 0.5)
        assert first["train_seconds"]["mean"] == 3.5
        assert second["seeds"] == [1] and second["failed"] == [0]
        assert second["test_accuracy"]["std"] is None
        text = table_text([first, second]).splitlines()
        assert " ".join(text[1].split()) == "lr=1 4 70.0 ± 16.3% 60.0 ± 16.3% 3.5 ± 1.3"
        assert " ".join(text[2].split()) == "lr=2 1 of 2 60.0% 50.0% 3.0"
        starts = [line.index(first) for line, first in zip(text, ("val", "70", "60"), strict=True)]
        assert len(set(starts)) == 1, "the columns stand under their heads"

    def test_a_row_in_which_all_failed(self):
        rows = table([{"settings": {}, "seed": 0, "error": "no"}])
        assert table_text(rows).splitlines()[1].split() == ["all", "0", "of", "1"]


def test_processes_share_cores_and_devices(monkeypatch):
    monkeypatch.setattr(pool.os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert pool.placements("cpu", None, 99) == [{"OMP_NUM_THREADS": "1"}] * 8
    assert pool.placements("cpu", None, 3) == [{"OMP_NUM_THREADS": "2"}] * 3
    assert pool.placements("cpu", 2, 99) == [{"OMP_NUM_THREADS": "4"}] * 2
    monkeypatch.setattr(pool, "choose_device", lambda _: pool.torch.device("cuda"))
    monkeypatch.setattr(pool.torch.cuda, "device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    places = pool.placements(None, None, 99)
    assert [place["CUDA_VISIBLE_DEVICES"] for place in places] == ["0", "1"]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    places = pool.placements(None, 3, 99)
    assert [place["CUDA_VISIBLE_DEVICES"] for place in places] == ["4", "6", "4"]
    assert places[0]["OMP_NUM_THREADS"] == "2"


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """One cache for all members of all tests: drawing animals takes longer than training here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CATDOG_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def command(out, *more) -> list[str]:
    options = "--model five_conv --data sketches --max-train 32 --width 2 --epochs 1 --device cpu"
    return ["sweep", *options.split(), "--out", str(out), *more]


@pytest.mark.slow
def test_a_sweep_from_the_command_line(tmp_path, capsys, cache):
    """A member that fails is named, the rest go on; the next command does what is missing."""
    out = tmp_path / "sweep"
    wide = command(out, "--set", "lr=0.001,0", "--processes", "2", "--json")
    assert main(wide) == 2
    printed = capsys.readouterr().out.splitlines()
    facts = json.loads(printed[-1])
    good, bad = facts["members"]
    assert bad["name"] == "lr=0,seed=0" and bad["error"].startswith("lr is 0.0; it must be above 0")
    assert [line for line in printed if line.startswith("lr=0,seed=0 ") and "failed: lr is" in line]
    assert {path.name for path in out.iterdir()} == {
        "sweep.json",
        "lr=0.001,seed=0",
        "lr=0,seed=0.log",
    }
    run = load_run(good["run"])
    assert run.config["result"]["test_accuracy"] == good["test_accuracy"]
    assert run.config["recipe"]["lr"] == 0.001 and run.config["recipe"]["seed"] == 0
    assert [row["seeds"] for row in facts["table"]] == [[0], []]

    before = (out / good["name"] / "run.json").stat().st_mtime_ns
    assert main(command(out, "--set", "lr=0.001", "--seeds", "2", "--json")) == 0
    printed = capsys.readouterr().out.splitlines()
    facts = json.loads(printed[-1])
    assert "1 of 2 are finished already" in printed
    assert (out / good["name"] / "run.json").stat().st_mtime_ns == before
    (row,) = facts["table"]
    assert row["seeds"] == [0, 1] and row["test_accuracy"]["values"][0] == good["test_accuracy"]
    assert load_run(facts["members"][1]["run"]).config["recipe"]["seed"] == 1

    assert main(command(out, "--set", "lr=0.001", "--batch-size", "8")) == 2
    assert "batch_size" in capsys.readouterr().err, "other settings would not compare"


def test_a_folder_of_other_things_is_left_alone(tmp_path, capsys):
    (tmp_path / "letter.txt").write_text("dear")
    assert main(command(tmp_path)) == 2
    assert "is not a sweep" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


def test_torchrun_cannot_start_one(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(sweeps, "dist_context", lambda: DistributedContext(0, 2))
    assert main(command(tmp_path / "s")) == 2
    assert "without torchrun" in capsys.readouterr().err and not (tmp_path / "s").exists()


def test_an_unknown_setting_starts_nothing(tmp_path, capsys):
    assert main(command(tmp_path / "s", "--set", "lrate=1")) == 2
    assert "'lrate'" in capsys.readouterr().err and not (tmp_path / "s").exists()


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C cannot be sent to one process there")
@pytest.mark.slow
def test_ctrl_c_interrupts_the_members_and_the_same_command_goes_on(tmp_path, cache):
    out = tmp_path / "sweep"
    arguments = command(out)
    arguments[arguments.index("--epochs") + 1] = "100"
    process = subprocess.Popen(
        [sys.executable, "-m", "catdog_lib", *arguments],
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    try:
        deadline = time.monotonic() + 250
        while not epochs(out / "seed=0") and time.monotonic() < deadline:
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=300)
    finally:
        process.kill()
    assert process.returncode == 130
    assert errors.strip() == "catdog: interrupted; the same command goes on from there"
    done = epochs(out / "seed=0")
    assert 1 <= done < 100 and not load_run(out / "seed=0").finished
    assert main(arguments) == 0
    assert load_run(out / "seed=0").finished and epochs(out / "seed=0") == 100


def epochs(folder) -> int:
    """How many a run has completed."""
    try:
        return len(load_run(folder).history.epochs)
    except CatdogError:  # none yet
        return 0
