"""Smooth outlines through a few points, and how to change them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from catdog_lib.sketches.sampling import Rng

Points = Sequence | np.ndarray  # K by 2


@lru_cache(maxsize=64)
def spline(count: int, samples: int, closed: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return matrices from control points to points on their Catmull-Rom spline, and its slopes."""
    pieces = count if closed else count - 1
    place = np.zeros((pieces * samples + (not closed), count))
    slope = np.zeros_like(place)
    for row in range(len(place)):
        piece, t = divmod(row, samples)
        t /= samples
        weights = (
            -t + 2 * t**2 - t**3,
            2 - 5 * t**2 + 3 * t**3,
            t + 4 * t**2 - 3 * t**3,
            t**3 - t**2,
        )
        slopes = (-1 + 4 * t - 3 * t**2, -10 * t + 9 * t**2, 1 + 8 * t - 9 * t**2, 3 * t**2 - 2 * t)
        for offset in range(4):
            point = piece + offset - 1
            column = point % count if closed else min(max(point, 0), count - 1)
            place[row, column] += weights[offset] / 2
            slope[row, column] += slopes[offset] / 2
    return place, slope


def outline(points: Points, samples: int = 5) -> np.ndarray:
    """Return a smooth closed curve through `points` (K by 2), as K·samples points."""
    return spline(len(points), samples, True)[0] @ np.asarray(points, float)


def curve(points: Points, samples: int = 5) -> np.ndarray:
    """Return a smooth open curve through `points` (K by 2), as (K - 1)·samples + 1 points."""
    return spline(len(points), samples, False)[0] @ np.asarray(points, float)


def mirrored(half: Sequence) -> list:
    """Complete a symmetric outline from its right half.

    The half runs from top to bottom, with both ends on the axis x = 0.
    """
    return [*half, *[(-x, y) for x, y in half[-2:0:-1]]]


def _middle(contour: np.ndarray) -> np.ndarray:
    return np.add.reduce(contour) / len(contour)  # contour.mean(axis=0) is slower


def scaled(contour: np.ndarray, factor: float, down: float = 0.0) -> np.ndarray:
    """Scale `contour` by `factor` about the mean of its points, and move it `down`."""
    middle = _middle(contour)
    return middle + (contour - middle) * factor + (0.0, down)


def fluffy(contour: np.ndarray, amount: float, rng: Rng) -> np.ndarray:
    """Pull every second point of `contour` outwards by about `amount` of its distance: tufts."""
    middle, pull = _middle(contour), np.ones((len(contour), 1))
    pull[::2] += amount * rng.uniform(0.3, 1.7, pull[::2].shape)
    return middle + (contour - middle) * pull
