"""Augmentation: change the images of a whole batch at once, at random, each in its own way.

Lesson 00, section 5; Lesson 10, section 2.
"""

from catdog_lib.data.augment.transforms import (
    colour_jitter,
    flip_and_crop,
    random_erasing,
    random_flip,
    random_resized_crop,
    random_rotation,
    random_translation,
)
from catdog_lib.data.augment.trivial_augment import trivial_augment

__all__ = [
    "colour_jitter",
    "flip_and_crop",
    "random_erasing",
    "random_flip",
    "random_resized_crop",
    "random_rotation",
    "random_translation",
    "trivial_augment",
]
