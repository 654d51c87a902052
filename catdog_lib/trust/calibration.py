"""Calibration: of the answers given with a confidence of 80%, are 80% right?

Lesson 09, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.errors import CatdogError


@dataclass(frozen=True)
class ReliabilityBins:
    """Answers sorted into B bins by their confidence: the numbers of a reliability diagram.

    Attributes:
        edges: B + 1 confidences, ascending; a bin holds its lower edge, the last one both.
        counts: how many answers are in each bin, B.
        confidence: their mean confidence, B; NaN in an empty bin.
        accuracy: the share of them that is right, B; NaN in an empty bin.
    """

    edges: Tensor
    counts: Tensor
    confidence: Tensor
    accuracy: Tensor


def reliability_bins(
    confidence: Tensor, right: Tensor, bins: int = 10, *, equal_mass: bool = False
) -> ReliabilityBins:
    """Sort answers into bins by their confidence, and compare that with their accuracy.

    With two classes the larger probability is at least a half, so bins of equal width run from 0.5
    to 1. Where most answers are very confident, these leave many bins nearly empty; bins of equal
    mass hold as many answers each (up to one).

    Args:
        confidence: of N answers, the probability that the network gives to its own answer.
        right: N: whether each answer is right.
        bins: how many.
        equal_mass: as many answers in each bin, in place of bins of equal width.

    Raises:
        CatdogError: N is 0, the numbers differ, a confidence is outside [0.5, 1], or there are
            fewer answers than bins of equal mass.

    Source: A. Niculescu-Mizil and R. Caruana 2005, "Predicting good probabilities with supervised
    learning", ICML.
    """
    confidence, right = _checked(confidence, right)
    if bins < 1 or (equal_mass and bins > len(confidence)):
        raise CatdogError(
            f"{len(confidence)} answers cannot fill {bins} bins; use 1 to {len(confidence)}."
        )
    if equal_mass:
        ordered = confidence.sort().values
        first = torch.arange(bins + 1) * len(ordered) // bins  # of each bin, in this order
        edges = torch.cat([ordered[first[:-1]], ordered[-1:]])
        which = torch.empty(len(ordered), dtype=torch.int64)
        which[confidence.argsort()] = torch.repeat_interleave(torch.arange(bins), first.diff())
    else:
        edges = torch.linspace(1 / len(CLASSES), 1, bins + 1, dtype=torch.float64)
        which = torch.bucketize(confidence, edges[1:-1], right=True)
    counts = torch.bincount(which, minlength=bins)
    mean_confidence, accuracy = (
        torch.bincount(which, values, minlength=bins) / counts for values in (confidence, right)
    )
    return ReliabilityBins(edges, counts, mean_confidence, accuracy)


def expected_calibration_error(bins: ReliabilityBins) -> float:
    """Return the mean distance of accuracy from confidence, each bin weighed by its answers.

    ``ECE = Σ_b n_b / n · |accuracy_b − confidence_b|``: n_b answers of n are in bin b. It depends
    on the bins, and it is above 0 even for a perfect network: see :func:`simulated_errors`.

    Source: C. Guo et al. 2017, "On calibration of modern neural networks", arXiv 1706.04599.
    """
    gaps = (bins.accuracy - bins.confidence).abs().nan_to_num()
    return ((bins.counts * gaps).sum() / bins.counts.sum()).item()


def simulated_errors(
    confidence: Tensor,
    bins: int = 10,
    *,
    equal_mass: bool = False,
    draws: int = 200,
    seed: int = 0,
) -> Tensor:
    """Simulate the calibration error of a perfectly calibrated network with these confidences.

    In each draw every answer is right with exactly the probability that its confidence says. What
    is left of the error is chance: a network is shown to be badly calibrated only if its error is
    larger than nearly all of these.

    Args:
        confidence: of the N answers.
        bins, equal_mass: as in :func:`reliability_bins`.
        draws: how many times to simulate all N answers.
        seed: of the draws.

    Returns:
        One error for each draw, float64.

    Raises:
        CatdogError: as :func:`reliability_bins`.

    Source: J. Bröcker and L. Smith 2007, "Increasing the reliability of reliability diagrams",
    Weather and Forecasting 22.
    """
    generator = torch.Generator().manual_seed(seed)
    confidence = confidence.cpu().double()
    errors = []
    for _ in range(draws):
        right = torch.rand(len(confidence), generator=generator, dtype=torch.float64) < confidence
        found = reliability_bins(confidence, right, bins, equal_mass=equal_mass)
        errors.append(expected_calibration_error(found))
    return torch.tensor(errors, dtype=torch.float64)


def _checked(confidence: Tensor, right: Tensor) -> tuple[Tensor, Tensor]:
    """Return both as N float64 numbers, or raise an error for what is none of these."""
    if confidence.ndim != 1 or confidence.shape != right.shape or not len(confidence):
        raise CatdogError(
            f"confidence has the shape {tuple(confidence.shape)} and right {tuple(right.shape)}; "
            "give one number of each for every answer."
        )
    lowest = 1 / len(CLASSES)
    inside = (confidence >= lowest - 1e-6) & (confidence <= 1 + 1e-6)
    if not inside.all():
        raise CatdogError(
            f"A confidence is {confidence[~inside][0]:g}; the larger of two probabilities lies "
            "between 0.5 and 1."
        )
    return confidence.cpu().double(), right.cpu().double()
