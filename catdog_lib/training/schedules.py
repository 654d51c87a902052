"""Learning-rate schedules: the fraction of the highest rate to use at each moment of training.

Each is a plain function of progress, from 0 (the first step) to 1 (the end), so it has no state
that could be lost.

Lesson 04, section 6.
"""

from __future__ import annotations

import math
from collections.abc import Callable

RISE = 0.2  # fraction of training during which one_cycle rises


def constant(progress: float) -> float:
    """Return the same rate throughout: 1."""
    return 1.0


def cosine(progress: float) -> float:
    """Return half a wave, from 1 down to 0: (1 + cos π·progress) / 2.

    Source: I. Loshchilov and F. Hutter 2016, arXiv 1608.03983.
    """
    return (1 + math.cos(math.pi * progress)) / 2


def one_cycle(progress: float) -> float:
    """Rise in a straight line in the first fifth, then fall in a straight line to 0.

    The rise lets BatchNorm's statistics and the optimizer's averages settle before the large steps
    come. It starts at a twentieth of the highest rate.

    Source: after L. N. Smith 2018, arXiv 1803.09820.
    """
    if progress < RISE:
        return max(0.05, progress / RISE)
    return (1 - progress) / (1 - RISE)


SCHEDULES: dict[str, Callable[[float], float]] = {
    "constant": constant,
    "cosine": cosine,
    "one_cycle": one_cycle,
}
