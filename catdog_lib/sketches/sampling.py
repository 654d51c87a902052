"""Random choices, and how difficulty changes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Rng = np.random.Generator


def pick(rng: Rng, options: Sequence):
    """One of `options`, each as likely."""
    return options[int(rng.integers(len(options)))]


def pick_weighted(rng: Rng, weights: Mapping[str, float]) -> str:
    """One of the names in `odds`, with its odds: {"a": 3, "b": 1} gives "a" three times in four."""
    at = rng.random() * sum(weights.values())
    for name, weight in weights.items():
        at -= weight
        if at < 0:
            return name
    return name


def ramp(difficulty: float, easy: float, default: float, hard: float) -> float:
    """A value that goes evenly from `easy` at difficulty 0 to `default` at 0.5 and on to `hard` at
    1.
    """
    if difficulty < 0.5:
        return easy + (default - easy) * 2 * difficulty
    return default + (hard - default) * (2 * difficulty - 1)
