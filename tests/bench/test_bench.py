"""The bench: both loops do the same work on the same photos, and the figures follow."""

import json
import os
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.flop_counter import FlopCounterMode

from catdog_lib.bench import ROWS, Bench, Comparison, compare
from catdog_lib.bench.course_loop import CourseLoop
from catdog_lib.bench.machine import CONVOLUTIONS, Machine
from catdog_lib.bench.photos import gather
from catdog_lib.bench.plain_loop import SAME, PlainLoop
from catdog_lib.bench.rows import SMALL_ROWS, Row
from catdog_lib.bench.worker_process import WorkerProcess
from catdog_lib.cli import main
from catdog_lib.errors import CatdogError
from catdog_lib.sketches import draw_image
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer

SMALL = SMALL_ROWS["champion"]


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """A student's folder with a damaged photo and one that is not square."""
    folder = tmp_path_factory.mktemp("pets")
    for i in range(12):
        path = folder / ("cats", "dogs")[i % 2] / f"{i}.JPG"
        path.parent.mkdir(exist_ok=True)
        draw_image(i, i % 2, 96).resize((120, 80)).save(path, format="JPEG")
    (folder / "cats" / "4.JPG").write_bytes(b"\xff\xd8\xff not a photo")
    return folder


@pytest.fixture(scope="module")
def gathered(photos, tmp_path_factory):
    return gather(str(photos), 12, [32, 48, 32], tmp_path_factory.mktemp("work"))


def test_both_loops_get_the_same_photos_without_the_damaged_one(gathered):
    assert gathered.count == 11 and sorted(gathered.pixels) == [32, 48]
    paths = sorted(gathered.folder.glob("*/*"))
    assert [path.parent.name for path in paths] == ["cat"] * 5 + ["dog"] * 6
    assert all(Image.open(path).size == (120, 80) for path in paths)
    decoded = np.load(gathered.pixels[48])
    assert decoded.shape == (11, 3, 48, 48)
    for path, pixels in zip(paths, decoded, strict=True):
        with Image.open(path) as photo:
            theirs = np.asarray(photo.resize((48, 48), Image.Resampling.BICUBIC))
        assert abs(theirs.transpose(2, 0, 1).astype(int) - pixels).mean() < 2
    assert all(rate > 0 for rate in gathered.decoding.values())


def test_drawn_photos_are_files_too(tmp_path):
    drawn = gather("sketches", 4, [32], tmp_path)
    assert sorted(p.relative_to(drawn.folder).as_posix() for p in drawn.folder.glob("*/*")) == [
        "cat/0.jpg",
        "cat/2.jpg",
        "dog/1.jpg",
        "dog/3.jpg",
    ]
    assert all(Image.open(path).format == "JPEG" for path in drawn.folder.glob("*/*"))


def test_the_plain_loop_trains_on_every_photo_as_it_is(gathered, monkeypatch):
    seen = []
    train = PlainLoop._train
    monkeypatch.setattr(
        PlainLoop, "_train", lambda self, *some: seen.append(some) or train(self, *some)
    )
    loop = PlainLoop(SMALL, gathered.folder, "cpu", 0.0)
    before = [p.detach().clone() for p in loop.model.parameters()]
    assert loop.steps == 1 and loop.round() > 0
    assert any(not torch.equal(a, b) for a, b in zip(before, loop.model.parameters(), strict=True))
    for images, labels in seen:
        assert images.shape == (SMALL.batch_size, 3, 32, 32) and images.dtype == torch.float32
        assert images.is_contiguous() and 0.5 < images.max() <= 1 and len(labels) == len(images)


def test_our_loop_is_the_engine_and_takes_as_many_steps(gathered, monkeypatch):
    sizes = []
    step = Trainer.step
    monkeypatch.setattr(
        Trainer, "step", lambda self, *a, **k: sizes.append(len(a[0])) or step(self, *a, **k)
    )
    loop = CourseLoop(SMALL, gathered.pixels[32], "cpu", torch.float32, 0.0)
    loop.steps = 3
    sizes.clear()
    assert loop.round() > 0 and sizes == [SMALL.batch_size] * 3
    assert loop.trainer.precision.dtype == torch.float32


def test_features_are_extracted_and_nothing_is_learned(gathered, monkeypatch):
    row = Row("efficientnet_lite0", 32)
    plain = PlainLoop(row, gathered.folder, "cpu", 0.0)
    features = plain._extract(torch.rand(2, 3, 32, 32))
    assert features.shape == (2, 1280) and not features.requires_grad
    ours = CourseLoop(row, gathered.pixels[32], "cpu", torch.float32, 0.0)
    assert ours.round() > 0 and not hasattr(ours, "trainer") and not hasattr(plain, "optimizer")


def test_the_count_of_multiply_adds_is_that_of_the_networks():
    assert ROWS["six_block"].multiply_adds() == pytest.approx(3 * 13.62e9, rel=1e-3)  # DESIGN.md
    assert ROWS["features"].multiply_adds() == pytest.approx(0.385e9, rel=1e-2)
    assert (ROWS["five_conv"].size, ROWS["six_block"].size, ROWS["champion"].size) == (256, 224, 64)


def test_every_row_has_the_plain_loops_counterpart_of_its_augmentation():
    for row in [*ROWS.values(), *SMALL_ROWS.values()]:
        for name in row.recipe.augment if row.recipe else ():
            photo = Image.new("RGB", (row.size, row.size), "red")
            for change in SAME[name](row.size):
                photo = change(photo)
            assert photo.size == (row.size, row.size)
    assert ROWS.keys() == SMALL_ROWS.keys()


def test_the_machine_counts_what_its_convolutions_do(monkeypatch):
    machine = Machine("cpu", torch.float32, work=1e-3)
    monkeypatch.setattr(machine, "_seconds", lambda work: work() is not None and 0.5)
    counted = []
    flops = FlopCounterMode(display=False)
    for shape in CONVOLUTIONS:
        with flops:
            counted.append(machine._convolution(*shape) * 0.5)
        assert counted[-1] == pytest.approx(flops.get_total_flops() / 2)
    peak, bandwidth = machine.round()
    assert peak == pytest.approx(2 * max(counted)) and bandwidth == 2 * int(2**28 * 1e-3) / 0.5


class Broken:
    def __init__(self, how):
        self.how = how

    def round(self):
        if self.how == "ends":
            os._exit(3)
        raise ValueError("no luck\nat all")


def test_a_loop_that_fails_is_one_sentence():
    with WorkerProcess() as contestant:
        for how, says in (("raises", "ValueError: no luck"), ("ends", "its process ended")):
            contestant.make("plain loop", Broken, how)
            with pytest.raises(CatdogError, match="plain loop could not be measured") as told:
                contestant.round("plain loop")
            assert f"({says}" in str(told.value) and "\n" not in str(told.value)
    assert not contestant.process.is_alive()


def test_ratio_and_shares_follow_from_the_best_rounds():
    row = Comparison("five_conv", "five_conv", 256, 32, 2_000_000_000, (10.0, 20.0), (50.0, 80.0))
    bench = Bench("sketches", 16, "2 CPU cores", 2, "bfloat16", 4e11, 2e10, {64: 900.0}, (row,))
    assert row.ratio == 4 and row.multiply_adds_per_second == 1.6e11
    (facts,) = bench.facts()["rows"]
    assert facts["share_of_peak"] == 0.4 and facts["ratio"] == 4 and facts["plain"] == (10.0, 20.0)
    assert re.search(r"five_conv +256 px +20\.0 +80\.0 +4\.0× +160\.0 +40%", str(bench))
    assert "400.0 G multiply-adds" in str(bench) and "64 px 900" in str(bench)


@pytest.mark.slow
def test_the_command_measures_and_draws(photos, tmp_path, capsys):
    picture = tmp_path / "speed.png"
    arguments = ["bench", "--only", "champion", "--data", str(photos), "--precision", "float32"]
    assert main([*arguments, "--picture", str(picture), "--json"]) == 0
    *table, last = capsys.readouterr().out.splitlines()
    facts = json.loads(last)
    (row,) = facts["rows"]
    assert facts["photos"] == 11 and facts["dtype"] == "float32" and facts["source"] == str(photos)
    assert (
        facts["threads"] == torch.get_num_threads() and facts["peak"] > facts["bandwidth"] / 100 > 0
    )
    assert row["name"] == "champion" and row["ratio"] == row["ours_best"] / row["plain_best"] > 0
    assert 0 < row["share_of_peak"] < 1
    assert any(line.startswith("champion ") for line in table)
    assert Image.open(picture).width > 400


@pytest.mark.parametrize(
    "arguments, says",
    [
        (["--only", "vgg"], "no row 'vgg'"),
        (["--precision", "int8"], "precision is 'int8'"),
        (["--data", "gone"], "does not exist"),
        (["--picture", "gone/speed.png"], "gone/speed.png"),
    ],
)
def test_what_cannot_be_measured_is_said_at_once(arguments, says, capsys):
    assert main(["bench", *arguments]) == 2
    assert says in capsys.readouterr().err


def test_a_recipe_of_the_rows_is_trained_as_it_says(gathered):
    row = Row("residual", 32, Recipe(batch_size=4, optimizer="muon", ema_decay=0.9), {"width": 4})
    loop = CourseLoop(row, gathered.pixels[32], "cpu", torch.float32, 0.0)
    assert loop.trainer.ema.count == 2 and type(loop.trainer.optimizer).__name__ == "Muon"


def test_compare_refuses_before_it_starts_anything(monkeypatch):
    monkeypatch.setattr(
        WorkerProcess, "__init__", lambda self: pytest.fail("a process was started")
    )
    with pytest.raises(CatdogError, match="no row"):
        compare("sketches", ["five_conv", "nothing"])


MEASURED = Bench("photos", 4, "2 CPU cores", 2, "float32", 4e11, 2e10, {64: 900.0}, ())


class TestJson:
    """``catdog bench --json FILE``: what it shows, as data."""

    @pytest.fixture(autouse=True)
    def measured(self, monkeypatch):
        row = Comparison("champion", "residual", 64, 128, 10**9, (10.0,), (50.0,))
        found = replace(MEASURED, rows=(row,))
        monkeypatch.setattr("catdog_lib.bench.compare", lambda *a, **k: found)
        return found

    def test_a_file_gets_all_that_the_table_shows(self, measured, tmp_path, capsys):
        path = tmp_path / "bench.json"
        assert main(["bench", "--json", str(path), "--only", "champion"]) == 0
        printed = capsys.readouterr().out
        assert str(measured) in printed and "{" not in printed
        facts = json.loads(path.read_text(encoding="utf-8"))
        assert facts == json.loads(json.dumps(measured.facts()))
        shown = re.sub(r"[,×%]", "", str(measured))
        (row,) = facts["rows"]
        for value in (
            *(facts["photos"], facts["device"], facts["threads"], facts["dtype"]),
            *(f"{facts['peak'] / 1e9:.1f} G", f"{facts['bandwidth'] / 1e9:.1f} GB"),
            *(row["name"], row["size"], row["plain_best"], row["ours_best"], row["ratio"]),
            *(f"{row['multiply_adds_per_second'] / 1e9:.1f}", f"{100 * row['share_of_peak']:.0f}"),
            f"64 px {facts['decoding']['64']:.0f}",
        ):
            assert str(value) in shown, value

    @pytest.mark.parametrize("words", [["--json"], ["--json", "-"], ["--json", "--quietly"]])
    def test_without_a_file_it_is_the_last_line(self, words, measured, capsys):
        status = main(["bench", *words])
        printed = capsys.readouterr()
        if "--quietly" in words:  # the next option is no file's name
            assert status == 2 and "--quietly" in printed.err
        else:
            assert json.loads(printed.out.splitlines()[-1])["photos"] == measured.photos

    def test_a_folder_that_does_not_exist_is_said_before_measuring(self, monkeypatch, capsys):
        monkeypatch.setattr("catdog_lib.bench.compare", lambda *a, **k: pytest.fail("measured"))
        assert main(["bench", "--json", "gone/bench.json"]) == 2
        assert "--json 'gone/bench.json' lies in a folder" in capsys.readouterr().err

    @pytest.mark.parametrize("name", ["run.json", "lesson.ipynb"])
    def test_other_files_of_the_course_are_not_overwritten(
        self, name, monkeypatch, tmp_path, capsys
    ):
        monkeypatch.setattr("catdog_lib.bench.compare", lambda *a, **k: pytest.fail("measured"))
        (tmp_path / name).write_text(json.dumps({"format": 3, "cells": []}, indent=1))
        assert main(["bench", "--json", str(tmp_path / name)]) == 2
        assert "is not a JSON file of this command" in capsys.readouterr().err


def test_a_gpu_gets_maps_for_which_it_has_room_and_32_bits(monkeypatch):
    machine = Machine("cpu", torch.float32, 1.0)
    machine.macs, sizes = 2e12, []  # what a GPU is given
    monkeypatch.setattr(torch, "rand", lambda *shape, **_: sizes.append(shape) or torch.zeros(1))
    monkeypatch.setattr(torch.Tensor, "to", lambda self, *a, **k: self)
    monkeypatch.setattr(machine, "_seconds", lambda work: 1.0)
    rates = [machine._convolution(*shape) for shape in CONVOLUTIONS]
    values = [np.prod(shape) for shape in sizes]
    assert max(values) == 2**29 and min(rates) > 2e11
