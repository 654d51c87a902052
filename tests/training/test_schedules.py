"""Learning-rate schedules: plain functions of the progress."""

from itertools import pairwise

import pytest

from catdog_lib.training.schedules import SCHEDULES, constant, cosine, one_cycle

PROGRESS = [step / 1000 for step in range(1001)]


def test_a_recipe_knows_them_by_their_names():
    assert {"constant": constant, "cosine": cosine, "one_cycle": one_cycle} == SCHEDULES


def test_constant_is_constant():
    assert {constant(progress) for progress in PROGRESS} == {1.0}


def test_cosine_falls_along_half_a_wave():
    rates = [cosine(progress) for progress in PROGRESS]
    assert all(a > b for a, b in pairwise(rates))
    known = {0: 1.0, 1 / 4: 0.5 + 0.5**1.5, 1 / 3: 0.75, 1 / 2: 0.5, 2 / 3: 0.25, 1: 0.0}
    for progress, rate in known.items():
        assert cosine(progress) == pytest.approx(rate, abs=1e-12)


def test_one_cycle_rises_in_a_fifth_and_falls_to_nothing():
    known = {0: 0.05, 0.01: 0.05, 0.05: 0.25, 0.1: 0.5, 0.2: 1.0, 0.4: 0.75, 0.6: 0.5, 1: 0.0}
    for progress, rate in known.items():
        assert one_cycle(progress) == pytest.approx(rate, abs=1e-12)
    rates = [one_cycle(progress) for progress in PROGRESS]
    assert all(a <= b for a, b in pairwise(rates[:201]))
    assert all(a > b for a, b in pairwise(rates[200:]))
    assert max(abs(a - b) for a, b in pairwise(rates)) < 0.0051, "it never jumps"


@pytest.mark.parametrize("name", SCHEDULES)
def test_no_rate_is_above_the_highest_or_nothing_before_the_end(name):
    assert all(0 < SCHEDULES[name](progress) <= 1 for progress in PROGRESS[:-1])
