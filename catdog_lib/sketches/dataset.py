"""Sketches of cats and dogs: the built-in data set, seeded, the same on every machine.

A person tells them apart at sight, by ears, eyes, muzzle and whiskers, except for the few that are
ambiguous on purpose and marked. A model of single pixels cannot: coat, pose, scene, things, light
and noise come from random streams that do not depend on the class. And a sketch knows the truth
that a photo hides: :func:`draw_sketches` returns what is in each, and which pixels are ears, eyes,
muzzle or body.

Measured at 64 px and difficulty 0.5 with 2,000 training and 1,000 test images, three seeds
(training 10, 12, 14, test 11, 13, 15):

- logistic regression on pixels, the best of eight L2 strengths on the test set: 58.7, 58.5, 62.8%;
- a perceptron on pixels, 512-128-2 units, 15 epochs: 61.0, 57.1, 60.6%;
- five convolutions (`FiveConvCNN`), 10 epochs of batches of 64, AdamW with a one-cycle learning
  rate up to 3e-3, mirrored at random: 94.6, 96.1, 94.6%, in 92, 57 and 45 seconds of training on 2
  CPU cores that other jobs used too;
- the same networks on 500 images of difficulty 0, 0.25, 0.5, 0.75, 1, mean of the three: 99.5,
  97.8, 94.5, 81.1, 65.3%. At 0.5, by what the description says: 97.2% where nothing is hidden,
  89.5% where one feature is, and 61% of the 67 ambiguous images;
- drawing: 250 images a second at 64 px, 146 at 128 px, 94 at 224 px, on one core; with maps and
  descriptions 224, 123 and 82.

Lesson 07, section 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
from PIL import Image

from catdog_lib.classes import CLASSES
from catdog_lib.errors import CatdogError
from catdog_lib.sketches.camera import near_duplicate
from catdog_lib.sketches.composition import Composition, Description, Sketch
from catdog_lib.sketches.faults import COPY_STREAM, Faults

MIN_SIZE, MAX_SIZE = 16, 1024  # pixels
NO_FAULTS = Faults()


@dataclass(frozen=True)
class SketchBatch:
    """N images and the truth about them."""

    images: np.ndarray  # uint8, N×3×size×size
    labels: np.ndarray  # int64, N, as a student gets them
    true_labels: np.ndarray  # int64, N
    body_parts: np.ndarray  # uint8, N×size×size, indices into BODY_PARTS
    descriptions: tuple[Description, ...]
    duplicate_of: np.ndarray  # int64, N: the first image that this one repeats, −1 if none
    exact: np.ndarray  # bool, N: a duplicate is the same in every pixel


def draw_image(seed: int, label: int, size: int, difficulty: float = 0.5) -> Image.Image:
    """Return the image of one sketch: RGB, `size` by `size` pixels, the same on every machine.

    ``draw_image(7, 0, 64)`` and ``draw_image(7, 1, 64)`` are a cat and a dog in the same scene,
    with the same coat, pose, things, light and noise: only the animal differs. One of them is the
    first image of ``draw_images(…, 64, seed=7)``.

    Raises:
        CatdogError: for a negative seed, a label that is not 0 (cat) or 1 (dog), a size or
            difficulty out of range.
    """
    _check(seed, size, difficulty, label)
    return Composition([seed, 0], int(label), difficulty).draw_image(size)


def draw_sketch(seed: int, label: int, size: int, difficulty: float = 0.5) -> Sketch:
    """Return the image that :func:`draw_image` gives, with its body parts and description.

    Raises:
        CatdogError: as :func:`draw_image`.
    """
    _check(seed, size, difficulty, label)
    return Composition([seed, 0], int(label), difficulty).draw_sketch(size)


def draw_images(
    count: int, size: int, seed: int = 0, difficulty: float = 0.5, faults: Faults = NO_FAULTS
) -> tuple[np.ndarray, np.ndarray]:
    """Return `count` images and their labels, half of them cats, in a random order.

    With `faults`, the set has these faults, such as more dogs than cats.

    Image i depends on `seed`, i, `difficulty` and `faults` alone: ``draw_images(10, …)`` is the
    beginning of ``draw_images(20, …)``. Give the test set another seed than the training set.

    Returns:
        images, uint8, count×3×size×size, and labels, int64, count: 0 cat, 1 dog.

    Raises:
        CatdogError: for a count that is not a positive integer, a negative seed, a size or
            difficulty out of range.
    """
    check_arguments(count, size, seed, difficulty)
    plans = [_Plan(i, seed, difficulty, faults) for i in range(count)]
    images = np.stack([plan.pixels(plan.composition.draw_image(size)) for plan in plans])
    return images, np.array([plan.label for plan in plans], np.int64)


def draw_sketches(
    count: int,
    size: int,
    seed: int = 0,
    difficulty: float = 0.5,
    faults: Faults = NO_FAULTS,
    first: int = 0,
) -> SketchBatch:
    """Return the images and labels of :func:`draw_images` with the truth about them.

    ``first`` images are skipped, so that a set can be drawn piece by piece.

    Raises:
        CatdogError: as :func:`draw_images`, or for a ``first`` that is no integer or negative.
    """
    check_arguments(count, size, seed, difficulty)
    if not _is_integer(first, 0):
        raise CatdogError(f"first is {first!r}, but must be an integer, 0 or more.")
    plans = [_Plan(i, seed, difficulty, faults) for i in range(first, first + count)]
    sketches = [plan.composition.draw_sketch(size) for plan in plans]
    return SketchBatch(
        images=np.stack([p.pixels(s.image) for p, s in zip(plans, sketches, strict=True)]),
        labels=np.array([plan.label for plan in plans], np.int64),
        true_labels=np.array([plan.true_label for plan in plans], np.int64),
        body_parts=np.stack([sketch.body_parts for sketch in sketches]),
        descriptions=tuple(sketch.description for sketch in sketches),
        duplicate_of=np.array([plan.original if plan.repeats else -1 for plan in plans], np.int64),
        exact=np.array([plan.repeats and plan.exact for plan in plans]),
    )


class _Plan:
    """What image i of a set is to be, known before it is drawn."""

    def __init__(self, i: int, seed: int, difficulty: float, faults: Faults):
        self.original, self.exact = faults.original(seed, i)
        self.repeats = self.original != i
        self.true_label = faults.true_label(seed, self.original)
        self.label = self.true_label ^ faults.flipped(seed, i)
        by_class = faults.scene_by_class(seed, self.original)
        self.composition = Composition([seed, self.original], self.true_label, difficulty, by_class)
        self._copy_seeds = [seed, i, COPY_STREAM, 1]

    def pixels(self, image: Image.Image) -> np.ndarray:
        """Return the image as 3×size×size, changed a little if it nearly repeats another."""
        pixels = np.asarray(image).transpose(2, 0, 1)
        if self.repeats and not self.exact:
            return near_duplicate(pixels, np.random.default_rng(self._copy_seeds))
        return pixels


def _is_integer(value: object, low: int, high: float = float("inf")) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and low <= value <= high


def check_arguments(count: int, size: int, seed: int, difficulty: float) -> None:
    """Raise an error for a set that cannot be drawn.

    Raises:
        CatdogError: an argument is of the wrong kind or out of range.
    """
    _check(seed, size, difficulty)
    if not _is_integer(count, 1):
        raise CatdogError(f"count is {count!r}, but must be an integer, 1 or more.")


def _check(seed: int, size: int, difficulty: float, label: int = 0) -> None:
    if not _is_integer(seed, 0):
        raise CatdogError(f"seed is {seed!r}, but must be an integer, 0 or more.")
    if label not in range(len(CLASSES)):
        raise CatdogError(f"label is {label!r}, but must be 0 (cat) or 1 (dog).")
    if not _is_integer(size, MIN_SIZE, MAX_SIZE):
        raise CatdogError(
            f"size is {size!r}, but must be an integer, {MIN_SIZE} to {MAX_SIZE} pixels."
        )
    if not isinstance(difficulty, Real) or isinstance(difficulty, bool) or not 0 <= difficulty <= 1:
        raise CatdogError(f"difficulty is {difficulty!r}, but must be a number from 0 to 1.")
