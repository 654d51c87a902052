"""A run may start from the weights of another one."""

import json
import shutil
from pathlib import Path

import pytest
import torch

from catdog_lib.cli import main
from catdog_lib.data.loading import load
from catdog_lib.data.new_photos import photos_seen
from catdog_lib.models import TransferClassifier
from catdog_lib.runs.run_folder import load_run
from catdog_lib.training.presets import RECIPES
from tests.data.photo_folders import fill
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


@pytest.fixture(scope="module")
def runs(cache, tmp_path_factory) -> Path:
    """A folder with photos, a run that learned from them, and one that went on with drawings."""
    folder = tmp_path_factory.mktemp("chain")
    fill(folder / "photos", "{word}s/{i}.jpg", 20)
    assert main(command(folder / "one", epochs=1, data=folder / "photos")) == 0
    assert main(command(folder / "two", epochs=1, start=folder / "one")) == 0
    return folder


class TestPhotosThatAnEarlierRunKnows:
    def evaluated(self, run: Path, capsys, *options: str) -> str:
        assert main(["evaluate", str(run), "--quiet", *options]) == 0
        return capsys.readouterr().out

    def test_they_are_left_out(self, runs, capsys):
        seen = photos_seen(load_run(runs / "one").config["data"], False)
        said = self.evaluated(runs / "two", capsys, "--data", str(runs / "photos"))
        assert f"without {len(seen)} that the network learned from" in said
        assert f", {40 - len(seen)} images" in said

    def test_it_is_said_if_that_run_is_gone(self, runs, capsys):
        kept = (runs / "one").rename(runs / "elsewhere")
        try:
            said = self.evaluated(runs / "two", capsys, "--data", str(runs / "photos"))
        finally:
            kept.rename(runs / "one")
        assert "perhaps trained on some: a run that it started from is no longer there" in said

    def test_of_its_own_test_photos_too(self, runs, tmp_path, capsys):
        """All of its photos are copies of those of the first run, under other names."""
        for number, path in enumerate(sorted((runs / "photos").rglob("*.jpg"))):
            copy = tmp_path / "copies" / path.parent.name / f"copy{number}.jpg"
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, copy)
        out = tmp_path / "three"
        options = {"data": tmp_path / "copies", "start": runs / "one"}
        assert main(command(out, epochs=1, **options)) == 0
        seen = photos_seen(load_run(runs / "one").config["data"], False)
        contents = {path.read_bytes() for path in seen}
        tests = load(**load_run(out).config["data"], progress=False).test.names
        known = [name for name in tests if (tmp_path / "copies" / name).read_bytes() in contents]
        said = self.evaluated(out, capsys)
        assert known and f"without {len(known)} that the run it started from has learned" in said
        assert f"{len(tests) - len(known)} images" in said

    def test_a_folder_that_has_grown_is_named(self, runs, tmp_path, capsys):
        shutil.copytree(runs / "photos", tmp_path / "photos")
        out = tmp_path / "run"
        assert main(command(out, epochs=1, data=tmp_path / "photos")) == 0
        assert "has changed" not in self.evaluated(out, capsys)
        fill(tmp_path / "photos", "{word}s/n{i}.jpg", 30)
        assert "it has changed since the training, on" in self.evaluated(out, capsys)

    def test_a_folder_with_another_photo_in_the_place_of_one_is_named(self, runs, tmp_path, capsys):
        """As many photos, but another split: some that it learned from are test photos now."""
        shutil.copytree(runs / "photos", tmp_path / "photos")
        out = tmp_path / "run"
        assert main(command(out, epochs=1, data=tmp_path / "photos")) == 0
        first = min((tmp_path / "photos").rglob("*.jpg"))
        first.rename(first.with_name("z.jpg"))
        assert "it has changed since the training, on" in self.evaluated(out, capsys)
        assert main(["card", str(out), "--out", str(tmp_path / "card.md"), "--quiet"]) == 0
        assert "without its images" in capsys.readouterr().out

    def test_the_card_names_it(self, runs, capsys):
        assert main(["card", str(runs / "two"), "--out", str(runs / "card.md"), "--quiet"]) == 0
        card = (runs / "card.md").read_text(encoding="utf-8")
        assert "those of an earlier run, “one”" in card and "random at first" not in card
        assert str(runs) not in card


@pytest.mark.slow
def test_a_sweep_starts_each_member_from_it(first, tmp_path):
    options = [
        word for word in command(tmp_path / "sweep", epochs=1, start=first) if word != "train"
    ]
    assert main(["sweep", *options, "--seeds=2", "--processes=1"]) == 0
    configs = [json.loads(file.read_text()) for file in (tmp_path / "sweep").glob("*/run.json")]
    assert [config["start"] for config in configs] == 2 * [str(first)]


def test_a_pretrained_network_keeps_its_filters_and_its_features(tmp_path):
    out = tmp_path / "run"
    asked = ["--model=transfer", "--data=sketches", "--size=32", "--max-train=48", "--epochs=1"]
    assert main(["train", *asked, "--quiet", f"--out={out}", "--whiten"]) == 0
    run = load_run(out)
    assert not run.recipe.whiten
    before = TransferClassifier(size=32).backbone.state_dict()
    for name, value in run.model.backbone.state_dict().items():
        assert torch.equal(value, before[name]), name
