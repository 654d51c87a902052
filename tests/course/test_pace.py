"""Promises are stated for a reference machine: how much longer a lesson may take on another one."""

from dataclasses import asdict, replace

import pytest

from catdog_lib.course import pace
from catdog_lib.course.pace import REFERENCE, Pace


def test_the_reference_machine_gets_what_is_promised():
    assert REFERENCE.factor == 1


@pytest.mark.parametrize("task", asdict(REFERENCE))
def test_a_machine_is_as_slow_as_at_its_slowest_task(task):
    seconds = 2.5 * getattr(REFERENCE, task)
    assert replace(REFERENCE, **{task: seconds}).factor == pytest.approx(2.5)


def test_a_faster_machine_is_held_to_no_more_than_the_promise():
    assert Pace(*(value / 3 for value in asdict(REFERENCE).values())).factor == 1


def test_each_task_is_timed_by_itself_and_its_median_counts(monkeypatch):
    clock = {"now": 0.0}
    monkeypatch.setattr(pace.time, "perf_counter", lambda: clock["now"])

    def takes(*seconds):
        tries = iter(seconds)
        return lambda: clock.update(now=clock["now"] + next(tries))

    monkeypatch.setattr(pace, "_import_torch", takes(4, 3, 5))
    monkeypatch.setattr(pace, "_decode", takes(9.0, *[0.25] * 8, 0.125))
    monkeypatch.setattr(pace, "_convolve", lambda: takes(*[0.125] * 7, *[2.0] * 3))
    monkeypatch.setattr(pace, "_python", takes(*[0.75] * 10))
    assert pace.measure() == Pace(imports=4, decoding=0.25, convolution=0.125, python=0.75)


def test_it_measures_this_machine():
    """The order of magnitude is right: a machine a hundred times slower runs no lesson."""
    here, there = asdict(pace.measure()), asdict(REFERENCE)
    assert all(0.01 < here[task] / there[task] < 100 for task in here), here
