"""Named recipes, as ``catdog train --recipe`` uses them."""

import json
from dataclasses import replace

import pytest

from catdog_lib import cli, models
from catdog_lib.runs import train_run as training_run
from catdog_lib.runs.run_folder import load_run
from catdog_lib.training import presets as recipes
from catdog_lib.training.history import Epoch, History
from catdog_lib.training.recipe import Recipe


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setenv("CATDOG_BUDGET", "quick")


def train(capsys, *arguments):
    status = cli.main(
        ["train", "--data", "sketches", "--max-train", "100", "--quiet", "--json", *arguments]
    )
    out = capsys.readouterr()
    return status, json.loads(out.out.splitlines()[-1]) if status == 0 else out.err


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_each_names_a_network_that_takes_its_images(name):
    chosen = recipes.named(name)
    network = models.build(chosen.model, size=chosen.size)
    assert network.settings["size"] == chosen.size
    assert all(size <= chosen.size for size in chosen.recipe.train_sizes)


def test_the_help_names_all_of_them(capsys):
    assert cli.main(["train", "--help"]) == 0
    assert f"--recipe [{'|'.join(recipes.RECIPES)}]" in capsys.readouterr().out


def test_train_follows_the_recipe_but_for_what_is_asked_for(tmp_path, capsys):
    out = tmp_path / "run"
    status, facts = train(
        capsys,
        "--recipe",
        "champion",
        "--out",
        str(out),
        "--epochs",
        "1",
        "--width",
        "4",
        "--lr",
        "0.05",
    )
    assert status == 0 and facts["model"] == "residual"
    config = load_run(out).config
    chosen = recipes.named("champion")
    asked = replace(chosen.recipe, epochs=1, lr=0.05)
    assert Recipe(**config["recipe"]) == asked
    assert config["settings"] == {"size": chosen.size, "width": 4}
    assert (config["data"]["size"], config["data"]["validation"]) == (chosen.size, 0.02)

    losses = [facts["test_loss"]]
    for views in ({}, {"test_flip": False}, {"test_sizes": []}):
        config["recipe"] |= views
        (out / "run.json").write_text(json.dumps(config))
        assert cli.main(["evaluate", str(out), "--quiet", "--json"]) == 0
        losses.append(json.loads(capsys.readouterr().out.splitlines()[-1])["test_loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
    assert len(set(losses[1:])) == 3, "each way of looking counts"


@pytest.mark.slow
def test_seeds_train_one_after_the_other_and_are_compared(tmp_path, capsys):
    status, facts = train(
        capsys,
        "--recipe",
        "sprint",
        "--out",
        str(tmp_path / "runs"),
        "--epochs",
        "1",
        "--width",
        "2",
        "--seeds",
        "2",
        "--max-train",
        "200",
    )
    assert status == 0
    assert [member["seed"] for member in facts["members"]] == [0, 1]
    values = [member["test_accuracy"] for member in facts["members"]]
    (row,) = facts["table"]
    assert row["test_accuracy"]["values"] == values
    assert row["test_accuracy"]["median"] == pytest.approx(sum(values) / 2)


@pytest.mark.parametrize(("keep", "number"), [("best", 1), ("last", 2)])
def test_the_result_is_that_of_the_weights_that_are_kept(keep, number, monkeypatch):
    records = [Epoch(1, 0.5, 0.8, 0.5, 0.9, 0.1, 1.0), Epoch(2, 0.4, 0.9, 0.6, 0.7, 0.1, 1.0)]
    monkeypatch.setattr(
        training_run, "fit", lambda *_, **__: History(records, 10, "cpu", "float32")
    )
    run = training_run.train_run(
        "five_conv",
        "sketches",
        max_train=40,
        settings={"width": 2},
        recipe=Recipe(keep=keep),
        progress=False,
        log=str,
    )
    kept = records[number - 1]
    assert run.config["result"]["kept_epoch"] == kept.epoch
    assert run.config["result"]["validation_accuracy"] == kept.validation_accuracy


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--recipe", "sprout"], "no recipe 'sprout'; use one of sprint, minutes, champion"),
        ([], "--model, or a recipe with --recipe: sprint"),
        (["--recipe", "sprint", "--validation", "1.5"], "validation is 1.5"),
        (["--recipe", "sprint", "--precision", "int8"], "precision is 'int8'"),
    ],
)
def test_what_cannot_be_is_one_sentence(arguments, says, tmp_path, capsys):
    status, error = train(capsys, "--out", str(tmp_path / "run"), *arguments)
    assert status == 2 and says in error and error.count("\n") == 1
    assert not (tmp_path / "run").exists()
