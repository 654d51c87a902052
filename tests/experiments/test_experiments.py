"""The experiment with L1: what it trains, what it reports, and that nothing is trained twice."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from PIL import Image

from catdog_lib import experiments
from catdog_lib.cli import main
from catdog_lib.data.image_set import Splits
from catdog_lib.errors import CatdogError
from catdog_lib.experiments import l1, l1_results, transfer, transfer_ways
from catdog_lib.runs.run_folder import load_run
from catdog_lib.sketches import draw_image
from catdog_lib.sparsity import share_of_zeros


class TestPlan:
    def test_the_named_runs_and_two_ways_along_the_path(self):
        kinds = l1.Plan(lambdas=(0.5, 0.25, 0.5)).kinds()
        found = [tuple(kind.values()) for kind in kinds]
        assert found[:5] == [
            ("RMSprop", 1e-3, 1.0, "gradient_all"),
            ("Adam", 1e-4, 0.0, "gradient"),
            ("Adam", 1e-4, 1.0, "gradient_all"),
            ("Adam", 2e-3, 0.0, "gradient"),
            ("Adam", 2e-3, 1.0, "gradient_all"),
        ]
        ways = ("gradient", "proximal")
        assert found[5:] == [("Adam", 2e-3, lam, way) for way in ways for lam in (0.25, 0.5)]

    @pytest.mark.parametrize("budget", ["quick", "standard", "full"])
    def test_each_budget_makes_a_plan(self, budget, monkeypatch):
        monkeypatch.setattr("catdog_lib.budget.current", lambda: budget)
        plan = l1.Plan()
        assert plan.lambdas and plan.size >= 64
        assert (plan.max_train is None) == (budget == "full")

    @pytest.mark.parametrize(
        ("change", "says"),
        [({"seeds": 0}, "--seeds is 0"), ({"lambdas": (1e-3, 0.0)}, "--lambdas must be above 0")],
    )
    def test_what_makes_no_sense_is_one_sentence(self, change, says):
        with pytest.raises(CatdogError, match=says):
            l1.Plan(**change)


@pytest.mark.slow
def test_the_experiment_from_its_command_to_its_figure(tmp_path, capsys, monkeypatch):
    out = tmp_path / "l1"
    size = ["--data", "sketches", "--max-train", "64"]
    command = ["experiment", "l1", *size, "--out", str(out), "--quiet", "--json"]
    assert main(command) == 0
    printed = capsys.readouterr().out.splitlines()
    results = json.loads(printed[-1])
    assert results == json.loads((out / "results.json").read_text())
    assert [row["name"] for row in results["table"]] == list(l1.NAMED)
    assert [(row["l1"], row["penalty"]) for row in results["path"]] == [
        (0.0, "gradient"),
        (0.1, "gradient"),
        (0.1, "proximal"),
    ]
    for row in results["path"]:
        (folder,) = out.glob(
            f"optimizer=Adam,lr=0.002,l1={row['l1']:g},penalty={row['penalty']},seed=0"
        )
        run = load_run(folder)
        assert run.config["recipe"]["optimizer"] == "Adam" and run.config["recipe"]["lr"] == 2e-3
        assert run.config["recipe"]["l1"] == row["l1"] and run.config["recipe"]["keep"] == "last"
        assert run.config["recipe"]["augment"] == []
        assert run.config["recipe"]["schedule"] == "constant"
        share = share_of_zeros(run.model)
        assert row["zeros"] == {"mean": share, "std": None, "values": [share]}
        assert row["test_accuracy"]["values"] == [run.config["result"]["test_accuracy"]]
        assert row["losses"]["validation"] == [[e.validation_loss for e in run.history.epochs]]
        assert row["losses"]["training"] == [[e.train_loss for e in run.history.epochs]]
    gradient, proximal = results["path"][1:]
    assert gradient["zeros"]["mean"] == 0 < proximal["zeros"]["mean"]
    assert Image.open(out / "figure.png").width > 800
    heads = ["λ", "zeros", "test", "validation", "paid", "by"]
    table = printed[printed.index(next(line for line in printed if line.split() == heads)) :]
    assert re.fullmatch(r"Adam 1e-4, no penalty +0 +0\.0% +\d\d?\.\d% .* –", table[2])
    assert str(tmp_path) not in results["command"] and results["command"].startswith(
        "CATDOG_BUDGET=quick catdog experiment l1 --data sketches --size 64 --width 2 --max-train "
        "64"
    )

    before = {file: file.stat().st_mtime_ns for file in out.glob("*/weights.pt")}
    monkeypatch.setattr("catdog_lib.runs.pool.RunningMember", None)  # nothing is started any more
    assert main(command[:-1]) == 0
    assert {file: file.stat().st_mtime_ns for file in out.glob("*/weights.pt")} == before
    (out / "results.json").unlink()
    assert main([*command[:5], "32", *command[6:]]) == 2
    assert "was begun with max_train=64, not 32" in capsys.readouterr().err


def test_rows_over_seeds_have_mean_and_spread():
    numbers = l1_results.statistics([0.5, 0.9, 0.7])
    assert numbers["mean"] == pytest.approx(0.7) and numbers["std"] == pytest.approx(0.2)
    assert l1_results.plus_minus(numbers, 100, "%") == "70.0 ± 20.0%"


def test_where_the_photos_lie_is_not_told():
    command = l1._command(l1.Plan(lambdas=(1e-5,)), "/somewhere/photos")
    assert "somewhere" not in command and "--data PHOTOS" in command


class TestMeasured:
    def test_the_shipped_results_are_complete_and_tell_nothing_about_the_machine(self):
        results = experiments.measured("l1")
        assert [row["name"] for row in results["table"]] == list(l1.NAMED)
        assert {"command", "date", "hardware", "data", "settings", "path", "failed"} < set(results)
        assert not re.search(r"/(home|work|root|tmp|Users)/", json.dumps(results))
        assert len(l1_results.table_text(results).splitlines()) > 4

    def test_one_of_the_charts_without_names_overfits_and_one_stays_where_it_began(self):
        """Exercise 05.4 rests on it."""
        ends = {
            letter: {
                kind: sum(seed[-1] for seed in seeds) / len(seeds) for kind, seeds in run.items()
            }
            for letter, run in l1_results.unnamed_losses(experiments.measured("l1")).items()
        }
        assert list(ends) == ["A", "B", "C", "D"]
        gaps = {letter: end["validation"] - end["training"] for letter, end in ends.items()}
        assert gaps["B"] > 0.1 + max(gap for letter, gap in gaps.items() if letter != "B")
        assert ends["D"]["training"] == pytest.approx(0.693, abs=0.01)
        assert all(ends[letter]["training"] < 0.67 for letter in "ABC")

    def test_what_was_not_measured_is_one_sentence(self):
        with pytest.raises(CatdogError, match="No experiment 'l2' has been measured; there is l1"):
            experiments.measured("l2")


class TestTransfer:
    @pytest.fixture
    def photos(self, tmp_path):
        for label, word in enumerate(("cats", "dogs")):
            (tmp_path / word).mkdir()
            for i in range(20):
                draw_image(i, label, 64).save(tmp_path / word / f"{i}.jpg")
        return str(tmp_path)

    @pytest.mark.slow
    def test_from_its_command_to_its_table(self, photos, tmp_path, capsys, monkeypatch):
        for limits in ("EPOCHS", "TUNED_EPOCHS"):
            monkeypatch.setattr(transfer_ways, limits, (1, 1))
        for name, value in {"LARGE_SIZE": 64, "DRAWN_SIZE": 32}.items():
            monkeypatch.setattr(transfer_ways, name, value)
        monkeypatch.setitem(transfer_ways.DRAWINGS, "quick", 40)
        trained = {"fit": [], "fine_tune": []}

        def noting(name, function):
            def noted(*arguments, **options):
                (data,) = (each for each in arguments if isinstance(each, Splits))
                trained[name].append(data.train)
                return function(*arguments, **options)

            return noted

        for name in trained:
            function = getattr(transfer_ways, name)
            monkeypatch.setattr(transfer_ways, name, noting(name, function))
        out = tmp_path / "out"
        size = ["--counts", "8", "1000", "--draws", "2"]
        command = ["experiment", "transfer", "--data", photos, *size, "--out", str(out)]
        command += ["--quiet", "--json"]
        assert main(command) == 0
        printed = capsys.readouterr().out.splitlines()
        results = json.loads(printed[-1])
        assert results == json.loads((out / "results.json").read_text())
        counts = {"train_images": 32, "test_images": 8}
        pixels = results["data"].pop("pixels")
        assert pixels and results["data"] == {"source": "photos", "size": 96} | counts
        results["data"]["pixels"] = pixels
        assert set(results["levels"]) == {"no training", "no training, 256 px"}
        probes = ("linear probe", "linear probe, 256 px")
        drawn = "drawings first"
        for name in (*probes, "fine-tuning", "from scratch", drawn):
            curve = results["curves"][name]
            counts = ["0", "8", "32"] if name == drawn else ["8", "32"]
            assert list(curve) == counts
            draws = [1 if name in probes and count == "32" else 2 for count in counts]
            assert [len(row["values"]) for row in curve.values()] == draws
            for row in curve.values():
                values = row["values"]
                assert row["mean"] == sum(values) / len(values)
                assert (row["std"] is None) == (len(values) == 1)
                assert all(8 * value == int(8 * value) for value in values)
        # Every way gets the same draws, each with as many cats as dogs.
        drawings = [len(one) for one in trained["fit"] if "sketch" in one.names[0]]
        assert drawings == [40, 40]
        on_photos = [one for one in trained["fit"] if "sketch" not in one.names[0]]
        half = len(on_photos) // 2
        same = [[one.names for one in sets] for sets in (on_photos[:half], on_photos[half:])]
        assert same == [[one.names for one in trained["fine_tune"]]] * 2
        assert same[0][0] != same[0][1]
        assert [one.counts() for one in on_photos[:half]] == [{"cat": 4, "dog": 4}] * 2 + [
            {"cat": 16, "dog": 16}
        ] * 2
        assert photos not in results["command"]
        assert any(line.startswith("no training: ") for line in printed)

        assert main(command) == 0  # nothing is done again
        assert len(trained["fit"]) == 10
        assert json.loads(capsys.readouterr().out.splitlines()[-1]) == results
        with pytest.raises(CatdogError, match="results of another command"):
            transfer.run(transfer.Plan((8,), 2), photos, out, log=lambda line: None)
        Image.new("RGB", (64, 64)).save(Path(photos, "cats", "0.jpg"))  # another photo
        with pytest.raises(CatdogError, match="or of other images"):
            transfer.run(transfer.Plan((8, 1000), 2), photos, out, log=lambda line: None)

    def test_the_shipped_results_compare_few_and_many_alike_and_unlike(self):
        kinds = {k: experiments.measured(k) for k in ("transfer", "transfer_sketches")}
        said = transfer.situations_text(kinds, (10, 100))
        assert said.count("fine-tuning − linear probe") == 4
        assert said.count("3 pairs") == said.count(" − linear probe: ")

    def test_a_difference_within_the_draws_is_seen(self):
        values = {"linear probe": [0.7, 0.8, 0.9], "fine-tuning": [0.72, 0.82, 0.921]}
        values["from scratch"] = [0.5, 0.6, 0.66]
        curves = {name: {"10": {"values": each}} for name, each in values.items()}
        said = transfer.situations_text({"drawn": {"curves": curves}}, (10,))
        assert "fine-tuning − linear probe: +2.03 points (95% interval" in said
        assert "larger" in said and "smaller" in said

    def test_all_images_are_drawn_once_for_the_probe_and_compared_with_each_draw(self):
        values = {"linear probe": [0.8], "fine-tuning": [0.82, 0.83, 0.84], "from scratch": [0.6]}
        curves = {name: {"32": {"values": each}} for name, each in values.items()}
        said = transfer.situations_text({"drawn": {"curves": curves}}, (32,))
        assert "fine-tuning − linear probe: +3.0 points" in said and "3 pairs" in said
        assert "from scratch − linear probe: −20 points" in said

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"draws": 0}, "--draws is 0"),
            ({"counts": (2, 8)}, "4 or more"),
            ({"counts": ()}, "one or more numbers"),
        ],
    )
    def test_what_makes_no_sense_is_one_sentence(self, change, says):
        with pytest.raises(CatdogError, match=says):
            transfer.Plan(**change)
