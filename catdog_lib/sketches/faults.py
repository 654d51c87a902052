"""Faults planted in a set of sketches on request, each with its truth kept.

Lesson 07, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from numbers import Real

import numpy as np

from catdog_lib.errors import CatdogError

# Streams of an image's own random numbers.
LABEL_STREAM, NOISE_STREAM, COPY_STREAM, SCENE_STREAM = 1, 2, 3, 4


@dataclass(frozen=True)
class Faults:
    """What is wrong with a set, on purpose.

    Each share holds on average: every image tosses its own coin.

    Args:
        shortcut: with this probability, the scene is chosen by the class: a cat is indoors, a dog
            outdoors. Otherwise it is sampled as usual, half indoors, half outdoors. A model that
            sees only the scene is right in (1 + shortcut) / 2 of the images.
        label_noise: this share of the images is labelled as the other class. The animal, and a
            scene chosen by the shortcut, are those of the true class.
        dogs: share of dogs. At 0.5 every two images are a cat and a dog, so the first N images of a
            set are balanced, whatever N is.
        duplicates: this share of the images repeats an earlier one: a coin says whether exactly
            or nearly (lighter or darker by 4 to 12 of 255, and saved as JPEG once more). What
            repeats a near copy is one, too. Each has label noise of its own.

    Raises:
        CatdogError: a share is not a number from 0 to 1.
    """

    shortcut: float = 0.0
    label_noise: float = 0.0
    dogs: float = 0.5
    duplicates: float = 0.0

    def __post_init__(self):
        for field in fields(self):
            share = getattr(self, field.name)
            if not isinstance(share, Real) or isinstance(share, bool) or not 0 <= share <= 1:
                raise CatdogError(f"{field.name} is {share!r}, but must be a number from 0 to 1.")

    def true_label(self, seed: int, i: int) -> int:
        """Return the true label of image i, if it is no duplicate: 0 cat, 1 dog."""
        if self.dogs == 0.5:
            # Images 0 and 1, 2 and 3, … are a cat and a dog in random order.
            return int(np.random.default_rng([seed, i // 2, LABEL_STREAM]).integers(2)) ^ (i % 2)
        return int(np.random.default_rng([seed, i, LABEL_STREAM]).random() < self.dogs)

    def flipped(self, seed: int, i: int) -> bool:
        """Return whether image i gets the wrong label."""
        return _coin(self.label_noise, [seed, i, NOISE_STREAM])

    def original(self, seed: int, i: int) -> tuple[int, bool]:
        """Return the first image that image i repeats, i itself if none, and whether exactly."""
        exact = True
        while self.duplicates > 0 and i > 0:
            rng = np.random.default_rng([seed, i, COPY_STREAM])
            if rng.random() >= self.duplicates:
                break
            i, again = int(rng.integers(i)), rng.random() < 0.5
            exact = exact and again
        return i, exact

    def scene_by_class(self, seed: int, i: int) -> bool:
        """Return whether the scene of image i is chosen by its class."""
        return _coin(self.shortcut, [seed, i, SCENE_STREAM])


def _coin(share: float, seeds: list[int]) -> bool:
    return share > 0 and bool(np.random.default_rng(seeds).random() < share)
