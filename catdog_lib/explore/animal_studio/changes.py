"""What single changes of an animal do to a network's prediction, from its recorded scores.

Lesson 07, section 5.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch

from catdog_lib.explore.animal_studio.record import number_of
from catdog_lib.sketches.variants import TRAITS


class Change(NamedTuple):
    """What one single change of the animal does to a network's prediction.

    Attributes:
        trait: what changes, such as "ears".
        choice: what it becomes, such as "hanging".
        probability: of a dog, after the change.
        change: of that probability, from −1 to 1.
    """

    trait: str
    choice: str
    probability: float
    change: float


def probability_of(score: float) -> float:
    """Return the probability of a dog, 1 / (1 + e^−score), from the difference of two logits."""
    return 1 / (1 + math.exp(-score)) if score >= 0 else 1 - 1 / (1 + math.exp(score))


def single_changes(scores: Sequence[float], chosen: Mapping[str, str]) -> list[Change]:
    """Return what each single change of an animal does, the largest change first.

    Args:
        scores: of all variants, in the order of their numbers.
        chosen: the traits of the animal.
    """
    here = probability_of(scores[number_of(chosen)])
    changes = []
    for trait, choices in TRAITS.items():
        for choice in choices:
            if choice != chosen[trait]:
                after = probability_of(scores[number_of({**chosen, trait: choice})])
                changes.append(Change(trait, choice, after, after - here))
    return sorted(changes, key=lambda one: -abs(one.change))


def mean_effects(scores: Sequence[float]) -> dict[str, float]:
    """Return for each trait the mean size of the change over all pairs that differ in it alone.

    Args:
        scores: of all variants, in the order of their numbers.
    """
    counts = [len(choices) for choices in TRAITS.values()]
    probabilities = torch.tensor(scores, dtype=torch.float64).sigmoid().view(counts)
    effects = {}
    for axis, trait in enumerate(TRAITS):
        rows = probabilities.movedim(axis, 0)
        pairs = torch.combinations(torch.arange(len(rows)))
        effects[trait] = (rows[pairs[:, 0]] - rows[pairs[:, 1]]).abs().mean().item()
    return effects
