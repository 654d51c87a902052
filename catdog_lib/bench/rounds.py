"""Measure the time of work fairly: several ways alternately, and how far the rounds spread.

Lesson 10, section 2; Lesson 10, section 4.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping

import torch

from catdog_lib.device import synchronize

NOISY = 0.15  # of the shortest time: a typical round that is longer by more was disturbed


def seconds_in_turns(
    ways: Mapping[str, Callable[[], object]], rounds: int, device: torch.device
) -> dict[str, list[float]]:
    """Return the seconds of each way in each round; what disturbs a round disturbs all ways.

    Args:
        ways: name → the work to time.
        rounds: how many times each is timed.
        device: where it computes; a GPU is synchronized before the clock is read.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, work in ways.items():
            synchronize(device)  # what came before is not this work's time
            start = time.perf_counter()
            work()
            synchronize(device)  # a GPU has only been told what to do
            taken[name].append(time.perf_counter() - start)
    return taken


def shortest_seconds(work: Callable[[], object], rounds: int, device: torch.device) -> float:
    """Return the shortest time of the work, after one call that sets things up."""
    return min(seconds_in_turns({"work": work}, rounds + 1, device)["work"][1:])


def noisy(taken: Mapping[str, list[float]]) -> list[str]:
    """Return the names whose middle round took more than 15% longer than their shortest."""
    return [
        name
        for name, seconds in taken.items()
        if statistics.median(seconds) > (1 + NOISY) * min(seconds)
    ]
