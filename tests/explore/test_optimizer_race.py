"""The optimizer race: JavaScript's paths are Python's, and its page says what it shows."""

from __future__ import annotations

import math
import random
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from catdog_lib import plots
from catdog_lib.errors import CatdogError
from catdog_lib.explore import OptimizerRace
from catdog_lib.from_scratch import optimizers as by_hand
from catdog_lib.from_scratch.loss_surfaces import SURFACES, descend
from catdog_lib.from_scratch.optimizer_race import RACERS, race
from tests.explore.javascript import in_javascript, run_javascript

POINTS = torch.randn(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 2


def settings(rng: random.Random) -> dict:
    """Return values from the whole ranges of the sliders, rates that diverge among them."""
    return {
        "lr": 10 ** rng.uniform(-5, 1),
        "adaptive_lr": 10 ** rng.uniform(-5, 1),
        "momentum": rng.choice((0.0, 0.5, 0.9, 0.99, rng.random())),
        "beta1": rng.choice((0.0, 0.9, 0.999, rng.random())),
        "beta2": rng.choice((0.0, 0.9, 0.999, rng.random())),
        "weight_decay": rng.choice((0.0, 0.01, rng.random())),
    }


def test_the_same_paths_in_javascript_and_in_python(tmp_path):
    """Compare 180 paths of up to 200 steps: 5 random settings, every optimizer, every surface.

    JavaScript and PyTorch round sums, products and quotients alike, but not roots and powers. Where
    a large rate makes the path of RMSprop or Adam chaotic, the last digit of a root grows into
    another path; so theirs are compared for as long as errors of 10⁻¹³ in every gradient make no
    difference either.
    """
    rng = random.Random(0)
    cases = [
        (surface, name, [rng.uniform(-3, 3), rng.uniform(-2, 2)], 200, settings(rng))
        for surface in SURFACES
        for name in RACERS
        for _ in range(5)
    ]
    found = in_javascript("optimizer_race/math.js", "c => js.descend(...c)", cases, tmp_path)
    diverged, chaotic = 0, 0
    for (surface, name, start, length, numbers), path in zip(cases, found, strict=True):
        expected = race(surface, [name], start=start, steps=length, **numbers)[name]
        end = len(expected)
        if name in ("RMSprop", "Adam", "AdamW") and not same(path, expected):
            end = steady(surface, name, start, length, numbers, expected)
            assert end < len(expected), (surface, name, numbers)
            chaotic += 1
        assert same(path[:end], expected[:end]), (surface, name, numbers)
        diverged += len(path) <= length
    assert 10 < diverged < 80 and chaotic < 20, (diverged, chaotic)


def same(path: list, expected: torch.Tensor) -> bool:
    return len(path) == len(expected) and np.allclose(path, expected, rtol=1e-9, atol=1e-9)


def steady(surface, name, start, length, numbers, expected) -> int:
    """Return for how many points small errors make no difference to a path."""
    rng = random.Random(1)
    ground = SURFACES[surface]

    def inexact(x, y):
        return [one * (1 + rng.uniform(-1e-13, 1e-13)) for one in ground.gradient(x, y)]

    rule = RACERS[name](**numbers, decay=numbers["weight_decay"])
    other = descend(replace(ground, gradient=inexact), rule, length, start)
    end = min(len(other), len(expected))
    apart = ((other[:end] - expected[:end]).abs() > 1e-10).any(1).nonzero()
    return int(apart[0]) if len(apart) else end


def test_the_page_has_the_surfaces_of_python(tmp_path):
    cases = [(name, *point) for name in SURFACES for point in POINTS[:40].tolist()]
    code = """([name, x, y]) => {
        const surface = js.SURFACES[name];
        return [surface.value(x, y), ...surface.gradient(x, y)];
    }"""
    for (name, x, y), found in zip(
        cases, in_javascript("optimizer_race/math.js", code, cases, tmp_path), strict=True
    ):
        surface = SURFACES[name]
        assert found == pytest.approx([surface.value(x, y), *surface.gradient(x, y)], rel=1e-12)
    names = "[Object.keys(js.RULES), Object.keys(js.SURFACES)]"
    assert run_javascript("optimizer_race/math.js", names, tmp_path) == [
        list(RACERS),
        list(SURFACES),
    ]


def test_contour_lines_lie_on_their_height(tmp_path):
    """Check x² + y² on a grid: all ends of the lines lie on the circle, and they go around it."""
    rows = [[(c - 10) ** 2 + (r - 8) ** 2 for c in range(21)] for r in range(17)]
    (path,) = in_javascript(
        "optimizer_race/contours.js", "c => js.contour(...c)", [(rows, 30)], tmp_path
    )
    ends = re.findall(r"([\d.]+),([\d.]+)", path)
    places = np.array(ends, dtype=float) - (10, 8)
    assert np.abs((places**2).sum(1) - 30).max() < 1  # straight within a cell
    segments = places.reshape(-1, 2, 2)
    length = np.linalg.norm(segments[:, 0] - segments[:, 1], axis=1).sum()
    assert length == pytest.approx(2 * np.pi * 30**0.5, rel=0.02)


def test_words_and_losses_on_the_page(tmp_path):
    values = [0, 0.25, -0.25, 12.3456, 0.00456, 4.1e-4, -6.61e-13, 123456, 9999.4]
    words = ["0", "0.25", "−0.25", "12.3", "0.00456", "4.1·10⁻⁴", "−6.6·10⁻¹³", "1.2·10⁵", "10000"]
    assert in_javascript("format.js", "v => js.formatLoss(v)", values, tmp_path) == words
    cases = [
        ("bowl", 0, {"SGD": [[2, 0]], "Adam": [[2, 0]]}),
        ("bowl", 1, {"SGD": [[2, 0], [1, 0]], "Adam": [[2, 0], [0.5, 0]]}),
        ("bowl", 1, {"SGD": [[2, 0]], "Adam": [[2, 0], [0.5, 0]]}),
        ("bowl", 1, {}),
    ]
    assert in_javascript("optimizer_race/index.js", "c => js.summary(...c)", cases, tmp_path) == [
        "Step 0 of 300 on the surface bowl. All start at 2.",
        "Step 1 of 300 on the surface bowl. Lowest: Adam, 0.125.",
        "Step 1 of 300 on the surface bowl. Lowest: Adam, 0.125. Diverged: SGD at step 1.",
        "Step 1 of 300 on the surface bowl. No optimizer is chosen.",
    ]


def test_the_explorable_says_what_it_shows():
    shown = OptimizerRace("Beale", ["Adam", "SGD"], lr=0.3, step=40)
    assert shown.optimizers == ["SGD", "Adam"]  # in one order everywhere
    losses = shown.losses()
    path = descend(SURFACES["Beale"], by_hand.Adam(0.05, (0.9, 0.99)), 40)
    assert losses["Adam"] == SURFACES["Beale"].value(*path[-1].tolist())
    assert losses["SGD"] == math.inf
    twin = plots.optimizer_race(**shown.settings())
    end = len(shown.paths()["SGD"])
    assert (
        f"After 40 steps: SGD diverged at step {end}, Adam {losses['Adam']:.3g}." in twin.alt_text
    )
    drawn = next(line for line in twin.axes[0].lines if len(line.get_xdata()) == 41)
    np.testing.assert_array_equal(np.transpose(drawn.get_data()), path)
    shown.x, shown.y, shown.beta2 = -1, 2, 0.5
    assert shown.paths()["Adam"][0].tolist() == [-1, 2]
    moved = descend(SURFACES["Beale"], by_hand.Adam(0.05, (0.9, 0.5)), 40, (-1, 2))
    assert torch.equal(shown.paths()["Adam"], moved)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: OptimizerRace("hill"), r"^surface is 'hill'; use one of bowl, ravine"),
        (lambda: OptimizerRace(optimizers=["adam"]), r"^optimizers names 'adam'; use some of SGD"),
        (lambda: OptimizerRace(lr=0), r"^lr is 0; it has to be a number from 1e-05 to 10"),
        (lambda: OptimizerRace(beta1=1), r"^beta1 is 1; it has to be a number from 0 to 0.999"),
        (lambda: OptimizerRace(step=301), r"^step is 301; it has to be an integer from 0 to 3"),
        (lambda: OptimizerRace(start=(float("nan"), 0)), r"^x is nan; it has to be a number"),
        (lambda: setattr(OptimizerRace(), "surface", "x"), r"^surface is 'x'; use one of"),
    ],
)
def test_what_cannot_race_is_refused_in_a_sentence(make, words):
    with pytest.raises(CatdogError, match=words):
        make()
