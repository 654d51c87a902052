"""What a model card says beyond the run folder: measured on the run's images when it is written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.errors import CatdogError
from catdog_lib.runs.answers import answers
from catdog_lib.runs.run_folder import Run
from catdog_lib.training.metrics import confusion_matrix
from catdog_lib.trust import (
    DAMAGES,
    damage,
    expected_calibration_error,
    fit_temperature,
    reliability_bins,
    simulated_errors,
    stranger_sets,
)

SURE = 0.9  # a probability that many a reader takes for certainty
_DAMAGED, _STRANGERS = 200, 100
_PIECE = 32  # images damaged at once, to need less memory


@dataclass(frozen=True)
class Calibration:
    """How far the probabilities of the answers are from the share that is right.

    Attributes:
        confidence: mean probability of the answers on the test images.
        error: expected calibration error (ECE) there, in ten bins.
        temperature: fitted on the validation images; None if none fits, since the answers there
            are no better than chance.
        tempered_error: the ECE with that temperature; None without one.
        error_by_chance: the ECE that a perfectly calibrated network with these confidences stays
            below in 95 of 100 draws.
    """

    confidence: float
    error: float
    temperature: float | None
    tempered_error: float | None
    error_by_chance: float


@dataclass(frozen=True)
class Damaged:
    """Right answers on ``count`` damaged images; how strong, in the unit that the text names."""

    strength: float
    unit: str
    right: int
    right_before: int
    count: int


@dataclass(frozen=True)
class Measurements:
    """What was measured on the images of a run.

    Attributes:
        source: where they came from, as the person who asked for the card named it.
        images: split → class → how many.
        confusion: test images by what they show (row) and what the network says (column).
        calibration: of the probabilities.
        damaged: kind of damage → what is left of the answers.
        strangers: kind of image that shows neither → the share of them to whose answer the network
            gives a probability of :data:`SURE` or more.
    """

    source: str
    images: dict[str, dict[str, int]]
    confusion: tuple[tuple[int, ...], ...]
    calibration: Calibration
    damaged: dict[str, Damaged]
    strangers: dict[str, float]

    @property
    def count(self) -> int:
        """How many test images there were."""
        return sum(map(sum, self.confusion))

    @property
    def right(self) -> int:
        """How many of them were classified correctly."""
        return sum(row[i] for i, row in enumerate(self.confusion))


def measure(run: Run, splits: Splits, *, progress: bool = True) -> Measurements:
    """Measure what a card says about a network, on the images that its run was made with.

    Nothing is chosen by it: the network has been chosen, and tested, before.
    """

    def logits(images: ImageSet) -> Tensor:
        """Return the answers to images that are made for the card."""
        return answers(run, images, cache=False)

    labels = splits.test.labels
    test = answers(run, splits.test, progress=progress)
    try:
        held_out = answers(run, splits.validation, progress=progress)
        temperature = fit_temperature(held_out, splits.validation.labels)
    except CatdogError:
        temperature = None
    some = splits.test.sample(_DAMAGED)
    before = int((logits(some).argmax(1) == some.labels).sum())
    strangers = stranger_sets(some[:][0], _STRANGERS)
    return Measurements(
        splits.source,
        {name: getattr(splits, name).counts() for name in ("train", "validation", "test")},
        tuple(map(tuple, confusion_matrix(labels, test.argmax(1)).tolist())),
        _calibration(test, labels, temperature),
        {kind: _damaged(kind, some, before, logits) for kind in DAMAGES},
        {
            kind: float((logits(images).softmax(1).amax(1) >= SURE).float().mean())
            for kind, images in strangers.items()
        },
    )


def _calibration(logits: Tensor, labels: Tensor, temperature: float | None) -> Calibration:
    right = logits.argmax(1) == labels

    def confidence_and_error(values: Tensor) -> tuple[Tensor, float]:
        confidence = values.softmax(1).amax(1)
        return confidence, expected_calibration_error(reliability_bins(confidence, right))

    confidence, error = confidence_and_error(logits)
    tempered = None if temperature is None else confidence_and_error(logits / temperature)[1]
    by_chance = float(simulated_errors(confidence).quantile(0.95))
    return Calibration(float(confidence.mean()), error, temperature, tempered, by_chance)


def _damaged(
    kind: str, some: ImageSet, before: int, logits: Callable[[ImageSet], Tensor]
) -> Damaged:
    """Return what is left at the middle one of the strengths that this kind of damage has."""
    images, labels = some[:]
    harm = DAMAGES[kind]
    strength = harm.strengths[len(harm.strengths) // 2]
    pieces = [damage(piece, kind, strength) for piece in images.split(_PIECE)]
    spoilt = some.with_images(torch.cat(pieces))
    right = int((logits(spoilt).argmax(1) == labels).sum())
    return Damaged(strength, harm.unit, right, before, len(labels))
