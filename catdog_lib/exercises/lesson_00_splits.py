"""Checkers of lesson 00, Meet the data: a leak predicted, and images held out (00.2 and 00.3)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import as_float64, refuse
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import exercise, require, require_form

LABELS = torch.tensor([0] * 60 + [1] * 40)  # in order, as files in folders are


@exercise("00.2", is_prediction=True)
def leak(answer: float) -> str:
    """Check the predicted accuracy of a nearest neighbour on noise of which 40% leaks."""
    value = as_float64(answer)
    require_form(value.numel() == 1, "Predict one number, the accuracy as a share between 0 and 1.")
    value = value.item()
    found = _accuracy_on_noise(known=400)
    measured = f"Measured on noise: {found:.1%}."
    require_form(not 1 < value <= 100, f"{value:g}? A share is at most 1: 60% is 0.6.")
    mistakes = {
        "You gave the accuracy without a leak; all 400 known images are classified correctly.": 0.5,
        "You counted only the 400 known images; some of the other 600 are right by chance.": 0.4,
        "You gave the share of the unknown images, or counted all of them as right.": [0.6, 1.0],
        "You counted only the half of the 600 unknown images that is right; add the 400.": 0.3,
    }
    refuse(value, {f"{hint} {measured}": wrong for hint, wrong in mistakes.items()})
    hint = f"{measured} Count the known images and the others separately, then add."
    require(abs(value - 0.7) <= 0.03, hint)
    return f"{measured} 400 known and half of 600 make 700 of 1,000."


def _accuracy_on_noise(known: int) -> float:
    """Return the accuracy of the nearest neighbour for 1,000 images of noise, so many known."""
    rng = generator(1)
    new, train = torch.rand(2, 1000, 48, generator=rng)
    labels, train_labels = torch.randint(0, 2, (2, 1000), generator=rng)
    train = torch.cat([train, new[:known]])
    train_labels = torch.cat([train_labels, labels[:known]])
    answers = train_labels[torch.cdist(new, train).argmin(1)]
    return (answers == labels).double().mean().item()


@exercise("00.3", "hold_out")
def hold_out(answer: Callable[[Tensor, float, torch.Generator], Tensor]) -> None:
    """Check a function of (labels, share, generator): positions of a random share of each class."""
    first = _drawn(answer, 1)
    require(len(first) > 0, "You hold out nothing.")
    hint = (
        "A position appears twice: draw without replacement, and return positions in the whole "
        "set, not within a class."
    )
    require(len(set(first)) == len(first), hint)
    require(
        all(0 <= position < 100 for position in first),
        "A position lies outside the set: find the positions of each class by its labels first, "
        "then draw among these.",
    )
    hint = "You return the images that stay; return the quarter that is held out."
    require(len(first) != 75, hint)
    hint = f"A share of 0.25 of 100 images is 25; you hold out {len(first)}."
    require(len(first) == 25, hint)
    seeds = [_drawn(answer, seed) for seed in range(2, 22)]
    _require_both_classes([first, *seeds])
    require(
        _drawn(answer, 1) == first,
        "The same seed gave two different splits: draw all random numbers from the generator that "
        "you are given.",
    )
    _require_random([first, *seeds])
    require(
        len(_drawn(answer, 1, 0.5)) == 50,
        "With a share of 0.5 you should hold out 30 of 60 cats: use the share that you are given.",
    )
    _require_any_order(answer)


def _drawn(answer: Callable, seed: int, share: float = 0.25, labels: Tensor = LABELS) -> list[int]:
    """Return the positions that the student's function draws."""
    rng = generator(seed)
    positions = torch.as_tensor(ask(answer, labels, share, rng, keeps="the labels"))
    hint = "Return one row of positions: a list or a tensor of N numbers."
    require(positions.ndim == 1, hint)
    require(
        positions.dtype != torch.bool and not positions.is_floating_point(),
        "Return positions, integers such as 3 or 41; `nonzero` makes them from a mask.",
    )
    return positions.tolist()


def _require_both_classes(splits: list[list[int]]) -> None:
    """Require 15 of the 60 cats and 10 of the 40 dogs in every split."""
    cats = [sum(position < 60 for position in split) for split in splits]
    require(
        set(cats) != {25} and set(cats) != {0},
        "All the images that you hold out are of one class. In this test all cats come before all "
        "dogs: draw the share from each class separately.",
    )
    other = next((count for count in cats if count != 15), 15)
    require(
        other == 15,
        f"With one of the seeds you hold out {other} of 60 cats and {25 - other} of 40 dogs; a "
        "quarter of each class is 15 and 10, with every seed.",
    )


def _require_random(splits: list[list[int]]) -> None:
    """Require other images for other seeds, of both classes, and no runs of neighbours."""
    require(
        len({tuple(sorted(split)) for split in splits}) > 1,
        "Every seed gives the same split: draw at random, from the generator.",
    )
    for name, begin, end in (("cats", 0, 60), ("dogs", 60, 100)):
        members = [sorted(p for p in split if begin <= p < end) for split in splits]
        require(
            len(set(map(tuple, members))) > 1,
            f"Every seed holds out the same {name}: draw both classes at random.",
        )
        require(
            len(set(map(tuple, members))) > len(splits) // 2,
            f"With {len(splits)} seeds you hold out only {len(set(map(tuple, members)))} different "
            f"sets of {name}: draw each of them at random, not only the first.",
        )
        gaps = [
            after - p for m in members for p, after in pairwise(m)
        ]  # a quarter are 1, by chance
        in_a_row = gaps.count(1) > len(gaps) / 2
        hint = (
            f"Your {name} are always neighbours: draw each of them at random, not only the first."
        )
        require(not in_a_row, hint)


def _require_any_order(answer: Callable) -> None:
    """Require a share of each class where cats and dogs alternate, and where they are few."""
    for labels in (
        LABELS.flip(0),
        torch.arange(30) % 3 // 2,
        (torch.arange(16) * 5 % 16 > 6).int(),
    ):
        drawn = _drawn(answer, 1, 0.25, labels)
        for label in (0, 1):
            members = int((labels == label).sum())
            taken, wanted = int((labels[drawn] == label).sum()), round(0.25 * members)
            require(
                taken == wanted,
                f"With the labels {labels[:6].tolist()} … you hold out {taken} of class {label}, "
                f"not {wanted} of {members}: decide by the labels, not by the "
                "positions.",
            )
