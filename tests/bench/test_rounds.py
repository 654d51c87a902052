"""Timing in turns: the order of the work, what is left out, and what counts as disturbed."""

import time

import pytest
import torch

from catdog_lib.bench import rounds

CPU = torch.device("cpu")


def test_the_ways_take_turns():
    done = []
    ways = {name: lambda name=name: done.append(name) for name in "ab"}
    taken = rounds.seconds_in_turns(ways, 3, CPU)
    assert done == list("ababab")
    assert [len(seconds) for seconds in taken.values()] == [3, 3]


def test_each_way_gets_its_own_time():
    ways = {"long": lambda: time.sleep(0.03), "short": lambda: None}
    taken = rounds.seconds_in_turns(ways, 2, CPU)
    assert min(taken["long"]) >= 0.03 > max(taken["short"])


def test_the_first_call_which_sets_things_up_does_not_count():
    waits = iter([0.0, 0.02, 0.02])
    assert rounds.shortest_seconds(lambda: time.sleep(next(waits)), 2, CPU) >= 0.02


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [([1.0, 1.1, 1.2], []), ([1.0, 1.2, 1.3], ["way"]), ([1.0, 1.0, 9.0], []), ([2.0], [])],
)
def test_only_a_typical_round_that_is_long_is_noise(seconds, expected):
    assert rounds.noisy({"way": seconds}) == expected
