"""Rejection: scores that should be high for cats and dogs, and low for everything else.

A network with two classes has no answer "neither". A score and a threshold give it one.

Lesson 09, section 4.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.models import IMAGENET_CATS, IMAGENET_DOGS
from catdog_lib.trust.neighbours import nearest


def max_probability(logits: Tensor) -> Tensor:
    """Return the probability that each image's most likely class gets: N×K  →  N.

    Source: D. Hendrycks and K. Gimpel 2016, "A baseline for detecting misclassified and
    out-of-distribution examples in neural networks", arXiv 1610.02136.
    """
    return logits.softmax(1).amax(1)


def negative_energy(logits: Tensor) -> Tensor:
    """Return minus the energy, ``ln Σ_k exp(z_k)`` with the logits z, for each image: N×K  →  N.

    It is large if any logit is; unlike a probability, it changes when the same number is added to
    all. With two logits z and −z it is ``ln(2 cosh z)``, so it orders images exactly as
    :func:`max_probability` does.

    Source: W. Liu et al. 2020, "Energy-based out-of-distribution detection", arXiv 2010.03759.
    """
    return logits.logsumexp(1)


def pet_share(imagenet_logits: Tensor) -> Tensor:
    """Return the probability that ImageNet's 1,000 classes give to cats and dogs: N×1000  →  N.

    A network that knows other things can say that it sees one of them.
    """
    probabilities = imagenet_logits.softmax(1)
    pets = [*IMAGENET_CATS, *IMAGENET_DOGS]
    return probabilities[:, pets].sum(1)


def neighbour_similarity(features: Tensor, train: Tensor, rank: int = 5) -> Tensor:
    """Return how similar the ``rank``-th nearest training image is to each image.

    Args:
        features: N×D.
        train: M×D, with M at least ``rank``.
        rank: 1 takes the nearest one; more is steadier, since a single training image may be odd.

    Returns:
        Cosines, N.

    Raises:
        CatdogError: as :func:`catdog_lib.trust.neighbours.nearest`.

    Source: Y. Sun et al. 2022, arXiv 2204.06507.
    """
    return nearest(features, train, rank).similarity[:, -1]


def threshold_for(pets: Tensor, accepted: float = 0.95) -> float:
    """Return the highest threshold that still accepts this share of the pets.

    An image is accepted if its score is the threshold or more.

    Args:
        pets: scores of N images of cats and dogs, from the validation set. The test images must
            not choose it.
        accepted: the share to be accepted, above 0, at most 1.

    Raises:
        CatdogError: there are no scores, or the share is out of range.
    """
    if not len(pets) or not 0 < accepted <= 1:
        raise CatdogError(
            f"{len(pets)} scores and a share of {accepted:g}: give at least one score, and a share "
            "above 0 and at most 1."
        )
    ordered = pets.cpu().double().sort(descending=True).values
    needed = math.ceil(accepted * len(ordered) - 1e-9)  # 0.55 × 100 is a little above 55
    return ordered[needed - 1].item()


def roc_curve(pets: Tensor, strangers: Tensor) -> tuple[Tensor, Tensor]:
    """Return what each threshold does: which share of strangers and of pets it accepts.

    Args:
        pets: scores, N.
        strangers: scores, M.

    Returns:
        The shares of accepted strangers and of accepted pets, each from 0 to 1 as the threshold
        falls. Equal scores are accepted together.

    Raises:
        CatdogError: one of them is empty.
    """
    pets, strangers = _scores(pets, strangers)
    thresholds = torch.cat([pets, strangers]).unique().flip(0)  # falling
    accepted = []
    for scores in (strangers, pets):
        below = torch.searchsorted(scores.sort().values, thresholds)
        accepted.append(F.pad((len(scores) - below).double() / len(scores), (1, 0)))
    return accepted[0], accepted[1]


def auroc(pets: Tensor, strangers: Tensor) -> float:
    """Return the probability that a random pet scores higher than a random stranger.

    Equal scores count one half. It is the area under :func:`roc_curve`: 1 if a threshold separates
    them, 0.5 if the score says nothing.

    Raises:
        CatdogError: one of them is empty.

    Source: H. Mann and D. Whitney 1947, Annals of Mathematical Statistics 18.
    """
    pets, strangers = _scores(pets, strangers)
    ordered = strangers.sort().values
    below = torch.searchsorted(ordered, pets)
    not_above = torch.searchsorted(ordered, pets, right=True)
    return ((below + not_above).double().mean() / 2 / len(ordered)).item()


def pets_rejected(pets: Tensor, strangers: Tensor, rejected: float = 0.95) -> float:
    """Return the share of pets that a threshold rejects which rejects this share of the strangers.

    Args:
        pets: scores, N.
        strangers: scores, M.
        rejected: the share of the strangers that have to be rejected, from 0 to 1.

    Raises:
        CatdogError: one of them is empty, or the share is no share.
    """
    if not 0 <= rejected <= 1:
        raise CatdogError(f"rejected is {rejected}; it is a share, from 0 to 1.")
    of_strangers, of_pets = roc_curve(pets, strangers)
    allowed = of_strangers <= 1 - rejected + 1e-12
    return 1 - of_pets[allowed].max().item()


def _scores(pets: Tensor, strangers: Tensor) -> tuple[Tensor, Tensor]:
    """Return both in float64, on the CPU; raise an error if one is empty."""
    if not len(pets) or not len(strangers):
        raise CatdogError(
            f"There are scores of {len(pets)} pets and {len(strangers)} strangers; give at least "
            "one of each."
        )
    return pets.cpu().double(), strangers.cpu().double()
