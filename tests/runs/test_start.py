"""A run may start from the weights of another one."""

import json
from pathlib import Path

import pytest
import torch

from catdog_lib.cli import main
from catdog_lib.runs.run_folder import load_run
from catdog_lib.training.presets import RECIPES
from tests.runs.test_runs import cache, command

__all__ = ["cache"]


@pytest.fixture(scope="module")
def first(tmp_path_factory, cache) -> Path:
    out = tmp_path_factory.mktemp("runs") / "first"
    assert main(command(out, epochs=1)) == 0
    return out


def weights(folder) -> dict[str, torch.Tensor]:
    return load_run(folder).model.state_dict()


def test_the_network_begins_with_what_the_other_run_has_learned(first, tmp_path):
    """A rate at which nothing is learned leaves the weights that it started from."""
    out = tmp_path / "second"
    still = {"optimizer": "sgd", "lr": 1e-30}
    assert main([*command(out, epochs=1, start=first, **still), "--whiten"]) == 0
    learned = {name: value for name, value in weights(out).items() if name.endswith("weight")}
    assert learned
    for name, value in learned.items():
        assert torch.equal(value, weights(first)[name]), name
    config = json.loads((out / "run.json").read_text())
    assert config["start"] == str(first)
    assert config["recipe"]["whiten"] is False
    assert not load_run(first).recipe.whiten and "start" not in load_run(first).config


def test_it_learns_something_else_than_from_random_weights(first, tmp_path):
    out = tmp_path / "second"
    assert main(command(out, epochs=1, start=first)) == 0
    assert not torch.equal(weights(out)["features.0.weight"], weights(first)["features.0.weight"])


@pytest.mark.parametrize("options", [{"width": 4}, {"size": 96}, {"model": "residual"}])
def test_another_network_is_refused_and_nothing_written(first, tmp_path, capsys, options):
    out = tmp_path / "second"
    assert main(command(out, start=first, **options)) == 2
    error = capsys.readouterr().err
    assert f"The run {str(first)!r} cannot be the start of another network" in error
    assert "five_conv (size=64, width=2); use the same network, width and size." in error
    assert not out.exists()


def test_a_start_that_is_no_run_is_named(tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    assert main(command(tmp_path / "second", start=tmp_path / "empty")) == 2
    assert f"{str(tmp_path / 'empty')!r} is not a run folder" in capsys.readouterr().err
    assert not (tmp_path / "second").exists()


def test_a_recipe_that_goes_on_asks_for_the_run_to_start_from(tmp_path, capsys):
    options = ["--recipe=after_drawings", "--data=sketches", "--max-train=48", "--quiet"]
    small = ["--epochs=1", "--size=64", "--width=2", "--train-sizes=32", "--test-sizes=32"]
    out = tmp_path / "second"
    assert main(["train", *options, *small, f"--out={out}"]) == 2
    error = capsys.readouterr().err
    assert "after_drawings is for a network that has learned already; name its run with --" in error
    first = ["train", "--recipe=drawings", *options[1:], "--width=2", f"--out={tmp_path / 'first'}"]
    assert main(first) == 0
    assert main(["train", *options, *small, f"--start={tmp_path / 'first'}", f"--out={out}"]) == 0
    assert load_run(out).recipe.lr == RECIPES["after_drawings"].recipe.lr


@pytest.mark.slow
def test_a_sweep_starts_each_member_from_it(first, tmp_path):
    options = [
        word for word in command(tmp_path / "sweep", epochs=1, start=first) if word != "train"
    ]
    assert main(["sweep", *options, "--seeds=2", "--processes=1"]) == 0
    configs = [json.loads(file.read_text()) for file in (tmp_path / "sweep").glob("*/run.json")]
    assert [config["start"] for config in configs] == 2 * [str(first)]
