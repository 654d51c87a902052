"""Penalties on a quadratic loss: the minimizers are minimizers, exact zeros among them."""

import random

import numpy as np
import pytest
import torch

from catdog_lib.errors import CatdogError
from catdog_lib.sparsity.quadratic import (
    CURVATURE,
    SHRINKAGE_PENALTIES,
    STEPS,
    loss,
    minimisers,
    shrink,
)

A = torch.tensor(CURVATURE, dtype=torch.float64)


def test_shrinking_is_the_minimum_over_a_fine_grid():
    grid = torch.linspace(-1.5, 1.5, 3001, dtype=torch.float64)
    weights = torch.linspace(-1, 1, 21, dtype=torch.float64)
    costs = {"L1": lambda lam: lam * grid.abs(), "L2": lambda lam: lam * grid**2 / 2}
    for name, cost in costs.items():
        for lam in (0, 0.13, 0.5, 2):
            best = grid[((grid - weights[:, None]) ** 2 / 2 + cost(lam)).argmin(1)]
            np.testing.assert_allclose(shrink(weights, lam, name), best, atol=1e-3)


def test_the_minimiser_of_l1_meets_the_conditions_of_a_minimum():
    """Check that 0 is a subgradient of loss + penalty.

    The slope of the loss is −λ·sign(w) where w is not 0, and at most λ in size where it is.
    """
    on_an_axis = 0
    draw = random.Random(0)
    for _ in range(60):
        center, lam = (draw.uniform(-1, 1), draw.uniform(-1, 1)), 2 * draw.random()
        path = minimisers(center, lam, "L1")
        lams = lam * torch.linspace(0, 1, 101, dtype=torch.float64)[:, None].expand(-1, 2)
        slope = (path - torch.tensor(center, dtype=torch.float64)) @ A
        free = path != 0
        np.testing.assert_allclose(slope[free], (-lams * path.sign())[free], atol=1e-12)
        assert (slope.abs() <= lams + 1e-12)[~free].all()
        on_an_axis += ((path == 0).sum(1) == 1).sum()
    assert on_an_axis > 1000, "exact zeros are there"


def test_with_l1_the_path_runs_onto_an_axis_and_stays_and_with_l2_it_never_does():
    path = minimisers((0.8, 0.6), 0.95, "L1")
    first = int((path[:, 1] == 0).nonzero()[0])
    assert first * 0.0095 == pytest.approx(0.6 / A.inverse().sum(1)[1].item(), abs=0.0095)
    assert (path[first:, 1] == 0).all() and (path[:first, 1] > 0).all() and (path[:, 0] > 0).all()
    ridge = minimisers((0.8, 0.6), 10, "L2")
    assert (ridge > 0).all() and (ridge.diff(dim=0) < 0).all()
    slope = (ridge - torch.tensor([0.8, 0.6]).double()) @ A
    np.testing.assert_allclose(slope, -torch.linspace(0, 10, 101)[:, None] * ridge, atol=1e-6)


def test_gradient_steps_come_as_near_as_their_length_and_leave_no_zero():
    weights = torch.randn(108, generator=torch.Generator().manual_seed(0)).double()
    weights /= weights.abs().max()
    steps, soft = (shrink(weights, 0.4, name) for name in ("L1 subgradient", "L1"))
    assert (soft == 0).double().mean() > 0.6 and (steps == 0).sum() == 0
    assert (steps - soft).abs().max() < 2 * 0.1 * 0.4
    away = weights.abs() > 0.5  # they never cross 0
    np.testing.assert_allclose(steps[away], soft[away], atol=1e-8)
    path = minimisers((0.8, 0.6), 0.5, "L1 subgradient")
    assert path.shape == (STEPS + 1, 2) and (path[:, 1] != 0).all()
    assert (path[-1] - minimisers((0.8, 0.6), 0.5, "L1")[-1]).abs().max() < 0.1 * 0.5


@pytest.mark.parametrize("penalty", SHRINKAGE_PENALTIES)
def test_the_path_begins_where_the_loss_alone_is_lowest(penalty):
    assert minimisers((0.8, -0.6), 0.5, penalty)[0].tolist() == pytest.approx([0.8, -0.6])


@pytest.mark.parametrize("penalty", SHRINKAGE_PENALTIES)
def test_a_weight_of_zero_stays_zero(penalty):
    assert shrink(torch.zeros(3), 0.5, penalty).tolist() == [0, 0, 0]
    assert not minimisers((0.0, 0.0), 0.5, penalty).any()


def test_the_loss_is_its_formula():
    points = torch.randn(20, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    for w, c in points:
        assert loss(tuple(w.tolist()), tuple(c.tolist())) == pytest.approx(
            ((w - c) @ A @ (w - c) / 2).item()
        )


def test_an_unknown_penalty_is_one_sentence():
    for refused in (lambda: shrink(torch.ones(2), 1, "l2"), lambda: minimisers((0, 0), 1, "l2")):
        with pytest.raises(CatdogError, match=r"^penalty is 'l2'; use one of L1, L2, L1 subgrad"):
            refused()
