"""Drawn cats and dogs: the course's built-in data set, seeded, the same on every machine.

A person tells them apart at once, by the ears, eyes, muzzle, nose and whiskers. A model of single pixels cannot:
coat, pose, scene, light and noise come from random streams that do not know the class.

Measured at 64 px with 2,000 training and 1,000 test pictures, three seeds (training 10, 12, 14, test 11, 13, 15):

- logistic regression on pixels, the best of five L2 strengths on the test set: 58.9, 58.3, 59.3 %;
- a perceptron on pixels, 512-128-2 units, 15 epochs: 59.3, 60.5, 60.1 %;
- five convolutions, 16-32-64-64-64 channels with BatchNorm, 10 epochs of batches of 64, AdamW with a one-cycle
  learning rate up to 3e-3, mirrored at random: 97.7, 97.9, 98.8 %; after 3 of these epochs
  89.5, 79.8, 92.9 %. The ten took 30 seconds on 2 CPU cores, and up to 136 when others used them too;
- drawing: 260 pictures a second at 64 px, 160 at 128 px, 100 at 224 px, on one core.
"""

from __future__ import annotations

from numbers import Integral

import numpy as np
from PIL import Image

from catdog_lib.data.animals import cat_body, cat_head, dog_body, dog_head
from catdog_lib.data.body import Coat, Pose, neckwear, paw
from catdog_lib.data.classes import CLASSES
from catdog_lib.data.drawing import DARK, Pen, Rng, mix, photograph
from catdog_lib.data.scenes import ledge, scene, tall_grass
from catdog_lib.errors import CatdogError

SMALLEST, LARGEST = 16, 1024  # pixels


def draw(seed: int, label: int, size: int) -> Image.Image:
    """One picture: RGB, `size` by `size` pixels, the same for the same seed and label on every machine.

    ``draw(7, 0, 64)`` and ``draw(7, 1, 64)`` are a cat and a dog in the same scene, with the same coat, pose,
    light and noise: only the animal differs. One of them is the first picture of ``sketches(…, 64, seed=7)``.

    Raises:
        CatdogError: for a negative seed, a label that is not 0 (cat) or 1 (dog), or a size out of range.
    """
    _check(seed=seed, size=size)
    if label not in range(len(CLASSES)):
        raise CatdogError(f"label is {label!r}, but must be 0 (cat) or 1 (dog).")
    return _picture(np.random.default_rng([seed, 0]), int(label), int(size))


def sketches(count: int, size: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """`count` pictures, half of them cats, in a random order.

    Picture i depends on `seed` and i alone: ``sketches(10, …)`` is the beginning of ``sketches(20, …)``. Take
    another seed for the test set than for the training set.

    Returns:
        pictures, uint8, count×3×size×size, and labels, int64, count: 0 cat, 1 dog.

    Raises:
        CatdogError: for a count that is not a positive whole number, a negative seed, or a size out of range.
    """
    _check(seed=seed, size=size)
    if not _whole(count, 1):
        raise CatdogError(f"count is {count!r}, but must be a whole number of pictures, 1 or more.")
    pictures = np.empty((count, 3, size, size), np.uint8)
    labels = np.array([_label(seed, i) for i in range(count)], np.int64)
    for i, label in enumerate(labels):
        pictures[i] = np.asarray(_picture(np.random.default_rng([seed, i]), label, size)).transpose(
            2, 0, 1
        )
    return pictures, labels


def _whole(value: object, least: int, most: float = float("inf")) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and least <= value <= most


def _check(seed: int, size: int) -> None:
    if not _whole(seed, 0):
        raise CatdogError(f"seed is {seed!r}, but must be a whole number, 0 or more.")
    if not _whole(size, SMALLEST, LARGEST):
        raise CatdogError(
            f"size is {size!r}, but must be a whole number, {SMALLEST} to {LARGEST} pixels."
        )


def _label(seed: int, i: int) -> int:
    # Pictures 0 and 1, 2 and 3, … are a cat and a dog in random order: every beginning of a set is balanced.
    first = np.random.default_rng([seed, i // 2, 1]).integers(2)
    return int(first ^ (i % 2))


def _picture(rng: Rng, label: int, size: int) -> Image.Image:
    # One stream for each part: what makes a cat or a dog cannot change coat, pose, scene or light.
    for_coat, for_pose, for_scene, for_body, for_head, for_things, for_camera = rng.spawn(7)
    coat, pose = Coat.sample(for_coat), Pose.sample(for_pose)
    big = size * (3 if size <= 128 else 2)
    image = scene(big, for_scene)
    page = Pen(image)
    body = page.at(pose.x, pose.y, pose.unit, pose.tilt * 0.25, pose.flip)
    head = page.at(pose.x, pose.y, pose.unit, pose.tilt, pose.flip)
    body.oval(0, 2.8, 1.35, 0.22, mix(image.getpixel((big // 2, big - 1)), DARK, 0.4))  # its shadow
    (cat_body, dog_body)[label](body, coat, pose, for_body)
    neckwear(body, for_things)
    (cat_head, dog_head)[label](head, coat, pose, for_head)
    in_front = for_things.random()
    if in_front < 0.14:  # the animal looks over the edge of a table
        y = pose.y + for_things.uniform(1.15, 1.6) * pose.unit
        ledge(page, y, for_things)
        for s in (-1, 1):
            paw(page.at(pose.x, y, pose.unit), s * 0.62, 0.05, coat)
    elif in_front < 0.28:
        tall_grass(page, for_things)
    return photograph(image, size, for_camera)
