"""The λ slider: its JavaScript counts as Python does, and its page says what it shows."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from catdog_lib import plots
from catdog_lib.errors import CatdogError
from catdog_lib.explore import LambdaSlider
from catdog_lib.sparsity.quadratic import (
    CURVATURE,
    SHRINKAGE_PENALTIES,
    loss,
    minimisers,
    shrink,
)
from tests.explore.javascript import in_javascript, run_javascript

WEIGHTS = torch.randn(4, 3, 3, 3, generator=torch.Generator().manual_seed(0)) * 0.1


def cases(count: int = 60) -> list[tuple[list[float], float, str]]:
    """Return minima of the loss, λ (0 among them, and above all weights), penalties."""
    rng = random.Random(0)
    return [
        (
            [rng.uniform(-1, 1), rng.uniform(-1, 1)],
            rng.choice((0, rng.random(), 3 * rng.random())),
            name,
        )
        for _ in range(count)
        for name in SHRINKAGE_PENALTIES
    ]


def test_the_same_numbers_in_javascript_and_in_python(tmp_path):
    every = cases()
    weights = torch.linspace(-1.2, 1.2, 41, dtype=torch.float64)
    code = (
        "([c, lam, name]) => [js.minimisers(c, lam, name), "
        f"{weights.tolist()}.map(w => js.shrink(w, lam, name))]"
    )
    found = in_javascript("lambda_slider/math.js", code, every, tmp_path)
    for (center, lam, name), (path, shrunk) in zip(every, found, strict=True):
        expected = minimisers(tuple(center), lam, name)
        np.testing.assert_allclose(path, expected, rtol=0, atol=1e-9)
        np.testing.assert_allclose(shrunk, shrink(weights, lam, name), rtol=0, atol=1e-9)
        assert (np.array(path) == 0).tolist() == (expected == 0).tolist(), "the same exact zeros"
    assert run_javascript(
        "lambda_slider/math.js", "[js.SHRINKAGE_PENALTIES, js.CURVATURE]", tmp_path
    ) == [
        list(SHRINKAGE_PENALTIES),
        [list(row) for row in CURVATURE],
    ]


def test_contour_lines_lie_on_their_height(tmp_path):
    lines = [(0.3, [0.8, -0.6]), (0.02, [0, 0])]
    found = in_javascript("lambda_slider/math.js", "c => js.contourPoints(...c)", lines, tmp_path)
    for (height, center), points in zip(lines, found, strict=True):
        assert [loss(point, center) for point in points] == pytest.approx([height] * 73)
        ends = in_javascript(
            "lambda_slider/math.js", f"p => js.loss(p, {center})", points, tmp_path
        )
        assert ends == pytest.approx([height] * 73)
        assert np.allclose(points[0], points[-1]) and np.ptp(np.array(points), 0).min() > 0.3


def test_every_kernel_stands_in_its_place(tmp_path):
    shapes = [
        [4, 3, 3, 3],
        [64, 3, 3, 3],
        [2, 20, 1, 2],
        [5, 1, 7, 7],
        [2, 9],
        [100, 200],
        [2, 600],
    ]
    found = in_javascript("lambda_slider/index.js", "c => js.weightLayout(c)", shapes, tmp_path)
    words = [
        "12 kernels 3×3 of 4 filters",
        "first 96 of 192 kernels 3×3 of 64 filters",
        "40 kernels 1×2 of 2 filters",
        "5 kernels 7×7 of 5 filters",
        "first 2×9 of 2×9 weights",
        "first 48×96 of 100×200 weights",
        "first 2×24 of 2×600 weights",
    ]
    sizes = [(3, 47), (31, 47), (7, 35), (7, 39), (2, 9), (48, 96), (2, 24)]
    for one, what, size in zip(found, words, sizes, strict=True):
        assert (one["what"], (one["rows"], one["columns"])) == (what, size)
        places = [(r, c) for r, c, _ in one["pixels"]]
        assert len(set(places)) == len(places)
        assert max(r for r, _ in places) == size[0] - 1 and max(c for _, c in places) == size[1] - 1
    for r, c, i in found[1]["pixels"]:  # the plain kernel by kernel order of the tensor
        kernel, inside = (r // 4) * 12 + c // 4, (r % 4) * 3 + c % 4
        assert i == 9 * kernel + inside
    assert found[5]["pixels"][97] == [1, 1, 201]


def test_histograms_count_as_numpy_does_and_leave_zeros_out(tmp_path):
    weights = shrink(WEIGHTS.double() / WEIGHTS.abs().max(), 0.1, "L1").flatten()
    (found,) = in_javascript(
        "lambda_slider/math.js", "w => js.histogram(w, 41)", [weights.tolist()], tmp_path
    )
    counts, _ = np.histogram(weights[weights != 0], np.linspace(-1, 1, 42))
    assert found == counts.tolist() and sum(found) < len(weights)


def test_words_on_the_page(tmp_path):
    given = [
        (0.2, "L1", [0, 0.5, -0.8, 0], [0.7, 0]),
        (1.25, "L2", [0.123456], [-0.00012345, 3e-9]),
        (0, "L1 subgradient", [0, 1, 1], [0.8, 0.6]),
    ]
    assert in_javascript("lambda_slider/index.js", "c => js.summary(...c)", given, tmp_path) == [
        "L1, λ = 0.2: 2 of 4 weights (50.0%) are exactly 0, the largest is 0.8. The two weights: "
        "(0.7, 0).",
        "L2, λ = 1.25: 0 of 1 weights (0.0%) are exactly 0, the largest is 0.123. "
        "The two weights: (−0.000123, 3e−9).",
        "L1 subgradient, λ = 0: 1 of 3 weights (33.3%) are exactly 0, the largest is 1. "
        "The two weights: (0.8, 0.6).",
    ]


def test_the_explorable_says_what_it_shows():
    shown = LambdaSlider(WEIGHTS.clone().requires_grad_(), lam=0.3)
    threshold = 0.3 * WEIGHTS.abs().max()
    expected = WEIGHTS.sign() * (WEIGHTS.abs() - threshold).clamp(min=0)
    np.testing.assert_allclose(shown.shrunk(), expected, atol=1e-6)
    zeros = int((expected == 0).sum())
    assert shown.share_of_zeros() == pytest.approx(zeros / 108)
    assert shown.minimiser() == tuple(minimisers((0.8, 0.6), 0.3, "L1")[-1].tolist())
    twin = plots.lambda_slider(**shown.settings())
    assert f"Of the layer's 108 weights {zeros} ({zeros / 108:.1%}) are exactly 0" in twin.alt_text
    shown.penalty, shown.x, shown.y = "L2", -0.5, 0
    assert shown.minimiser() == tuple(minimisers((-0.5, 0), 0.3, "L2")[-1].tolist())
    np.testing.assert_allclose(shown.shrunk(), WEIGHTS / 1.3, atol=1e-6)
    twin = plots.lambda_slider(**shown.settings())
    assert "Of the layer's 108 weights 0 (0.0%) are exactly 0" in twin.alt_text
    path = twin.axes[0].lines[0].get_xydata()
    np.testing.assert_array_equal(path, minimisers((-0.5, 0), 0.3, "L2"))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: LambdaSlider(torch.ones(5)),
            r"^weights has the shape 5; pass those of a convolution",
        ),
        (
            lambda: LambdaSlider(torch.ones(200, 100)),
            r"^weights has the shape 200×100; .*at most 10,000",
        ),
        (lambda: LambdaSlider(torch.zeros(2, 2)), r"^weights are all 0"),
        (
            lambda: LambdaSlider(torch.full((2, 2), torch.inf)),
            r"^weights holds no numbers, or infinite",
        ),
        (
            lambda: LambdaSlider(WEIGHTS, "L3"),
            r"^penalty is 'L3'; use one of L1, L2, L1 subgradient",
        ),
        (lambda: LambdaSlider(WEIGHTS, lam=-1), r"^lam is -1; it has to be a number from 0 to 10"),
        (
            lambda: LambdaSlider(WEIGHTS, minimum=(0, 2)),
            r"^y is 2; it has to be a number from -1 to 1",
        ),
        (lambda: setattr(LambdaSlider(WEIGHTS), "penalty", "l1"), r"^penalty is 'l1'; use one of"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_sentence(make, words):
    with pytest.raises(CatdogError, match=words):
        make()
