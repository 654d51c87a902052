"""Random choices, and how difficulty changes what is sampled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

Rng = np.random.Generator


def pick(rng: Rng, options: Sequence):
    """Return one of `options`, all with the same probability."""
    return options[int(rng.integers(len(options)))]


def pick_weighted(rng: Rng, weights: Mapping[str, float]) -> str:
    """Return one of the names in `weights`: {"a": 3, "b": 1} gives "a" three times in four."""
    at = rng.random() * sum(weights.values())
    for name, weight in weights.items():
        at -= weight
        if at < 0:
            return name
    return name


def ramp(difficulty: float, easy: float, default: float, hard: float) -> float:
    """Interpolate from `easy` at difficulty 0 to `default` at 0.5, and on to `hard` at 1."""
    if difficulty < 0.5:
        return easy + (default - easy) * 2 * difficulty
    return default + (hard - default) * (2 * difficulty - 1)
