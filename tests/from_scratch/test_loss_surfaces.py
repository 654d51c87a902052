"""Loss surfaces: the gradients are autograd's, the minima are minima, and a path is the rule's."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from catdog_lib.from_scratch import optimizers as by_hand
from catdog_lib.from_scratch.loss_surfaces import FAR, SURFACES, descend

POINTS = torch.randn(200, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 2


@pytest.mark.parametrize("name", SURFACES)
def test_gradients_are_those_of_autograd(name):
    surface = SURFACES[name]
    points = POINTS.clone().requires_grad_()
    (truth,) = torch.autograd.grad(surface.value(*points.unbind(1)).sum(), points)
    found = torch.stack(surface.gradient(*POINTS.unbind(1)), 1)
    torch.testing.assert_close(found, truth, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", SURFACES)
def test_the_minima_are_minima_and_the_start_is_in_the_window(name):
    surface = SURFACES[name]
    left, right, low, high = surface.window
    assert (right - left) * 3 == (high - low) * 4
    assert left < surface.start[0] < right and low < surface.start[1] < high
    x, y = np.meshgrid(np.linspace(left, right, 401), np.linspace(low, high, 301))
    assert len(set(surface.minima)) == len(surface.minima)
    for point in surface.minima:
        assert surface.gradient(*point) == pytest.approx((0, 0), abs=1e-12)
        assert surface.value(*point) <= surface.value(x, y).min() + 1e-12
    heights = surface.heights()
    assert heights == sorted(heights) and len(set(heights)) == 13


@pytest.mark.parametrize("name", SURFACES)
def test_the_lowest_values_are_known(name):
    for point in SURFACES[name].minima:
        assert SURFACES[name].value(*point) == (-0.25 if name == "saddle" else 0)


def test_contour_lines_are_closer_together_near_the_bottom():
    """On a plane, x in [0, 1], a share q of the area lies below x = q."""
    plane = replace(SURFACES["bowl"], value=lambda x, y: x, window=(0, 1, 0, 0.75))
    shares = (torch.arange(1, 6) / 6) ** 1.6
    assert plane.heights(6) == pytest.approx(shares.tolist(), abs=1 / 80)


def test_a_path_is_the_rules_from_the_given_start():
    path = descend(SURFACES["ravine"], by_hand.SGD(0.01), 3, (2.0, -1.0))
    steps = torch.arange(4, dtype=torch.float64)  # each leaves 1 − η of x and 1 − 25η of y
    expected = torch.stack([2 * 0.99**steps, -(0.75**steps)], 1)
    torch.testing.assert_close(path, expected, rtol=1e-14, atol=0)


def test_a_path_ends_before_it_is_not_finite():
    steep = replace(SURFACES["bowl"], gradient=lambda x, y: (float("nan"), 0.0))
    assert descend(steep, by_hand.SGD(0.1), 5).tolist() == [list(steep.start)]


def test_a_path_may_reach_a_million_and_no_more():
    assert FAR == 1e6
    moves_on = replace(SURFACES["bowl"], gradient=lambda x, y: (-1.0, 0.0))
    path = descend(moves_on, by_hand.SGD(1.0), 5, (1e6 - 2, 1.0))
    assert path[:, 0].tolist() == [1e6 - 2, 1e6 - 1, 1e6]


def test_a_path_ends_where_it_diverges():
    path = descend(SURFACES["bowl"], by_hand.SGD(3.0), 100)
    assert torch.allclose(path[1], -2 * path[0])  # 1 − η
    assert len(path) < 30 and 2 * path[-1].abs().max() > FAR >= path[-1].abs().max()
