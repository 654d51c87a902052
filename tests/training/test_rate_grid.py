"""A grid of learning rates grows until its best one has neighbours on both sides."""

import math

import pytest

from catdog_lib.errors import CatdogError
from catdog_lib.training.rate_grid import FACTOR, tune


def bowl(best):
    return lambda rate: math.log10(rate / best) ** 2


@pytest.mark.parametrize(("best", "added"), [(0.1, 0), (0.01, 1), (1.0, 1), (3.2, 2)])
def test_the_best_rate_ends_up_inside(best, added):
    found = tune(bowl(best), (0.01, 0.1, 1.0))
    assert len(found.losses) == 3 + added and list(found.losses) == sorted(found.losses)
    assert found.is_inside and "END" not in str(found)
    assert found.best == pytest.approx(best, rel=0.02)


def test_a_search_that_never_turns_says_so():
    found = tune(lambda rate: -rate, (0.1, 1.0), most=2)
    assert not found.is_inside and found.best == pytest.approx(FACTOR**2)
    assert "at an END" in str(found)


def test_a_run_that_diverged_counts_as_the_worst():
    def loss_at(rate):
        if rate > 1:
            raise CatdogError("The loss is no longer finite.")
        return math.nan if rate == 1 else -rate

    found = tune(loss_at, (0.01, 0.1, 1, 10))
    assert found.best == 0.1 and found.losses[1] == found.losses[10] == math.inf


@pytest.mark.parametrize("rates", [(), (0.1,), (0.0, 0.1)])
def test_a_grid_needs_rates(rates):
    with pytest.raises(CatdogError, match="two or more learning rates above 0"):
        tune(bowl(1), rates)
