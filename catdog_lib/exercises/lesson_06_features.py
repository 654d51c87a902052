"""Checkers of lesson 06, Transfer learning: training on features (06.5 and 06.6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import require_sequence, require_tensor, require_value
from catdog_lib.exercises.registry import exercise, require

EITHER_STD = {"rtol": 0.03, "atol": 1e-3}  # divided by n or by n − 1: either will do


@exercise("06.5", "standardise")
def standardise(answer: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> None:
    """Check a function of (train, other), N×D and M×D: both standardised by ``train`` alone."""
    g = torch.Generator().manual_seed(8)
    scale = torch.tensor([1.0, 10.0, 0.1, 3.0])
    train = torch.randn(20, 4, generator=g) * scale + 5 * scale
    train[:, 3] = 2.0  # a feature that is the same for every training image
    other = torch.randn(8, 4, generator=g) * 2 * scale + 3 * scale
    both = ask(answer, train, other, keeps="the features that it was given")
    one, two = require_sequence(both, 2, "two tensors: the training features and the others")
    constant = (
        "A feature that never changes in training has the standard deviation 0, and you divide by "
        "it. Put a small number in its place."
    )
    require_tensor(one, (20, 4), "the training features first", constant)
    require_tensor(two, (8, 4), "the other features second", constant)
    require(bool(one.isfinite().all() and two.isfinite().all()), constant)
    varied = slice(0, 3)  # what a constant feature becomes is free, as long as it is finite
    one, two, a, b = one[:, varied], two[:, varied], train[:, varied], other[:, varied]
    together = torch.cat([a, b])

    def by(source: Tensor, values: Tensor) -> Tensor:
        return (values - source.mean(0)) / source.std(0)

    rows = ((train - train.mean(1, keepdim=True)) / train.std(1, keepdim=True))[:, varied]
    overall = ((train - train.mean()) / train.std())[:, varied]
    mistakes = {
        "The others went into the mean. Then training knows something about the test set.": (
            by(together, a)
        ),
        "You took the mean of an image over its features; take that of a feature, mean(0).": rows,
        "Each feature has its own mean and standard deviation: mean(0), std(0).": overall,
        "The means are 0 now; divide by the standard deviation as well.": a - a.mean(0),
        "You divided by the variance; the standard deviation is its root.": (
            (a - a.mean(0)) / a.var(0)
        ),
        "Subtract the mean as well.": a / a.std(0),
    }
    otherwise = "The training features should have mean 0 and standard deviation 1."
    require_value(one, by(a, a), mistakes, otherwise, **EITHER_STD)
    mistakes = {
        "The others were standardised by themselves, so the same animal gets different numbers "
        "there.": by(b, b),
        "The others are unchanged: do the same to them.": b,
        "The others lack the division by the standard deviation of training.": b - a.mean(0),
    }
    otherwise = (
        "Do exactly the same to the others: subtract the training mean, divide by the training "
        "standard deviation."
    )
    require_value(two, by(a, b), mistakes, otherwise, **EITHER_STD)


@exercise("06.6", "choose_decay")
def choose_decay(answer: Callable[[Sequence, Sequence, Sequence], tuple[float, float]]) -> None:
    """Check a function of (decays, validation, test): the weight decay to take.

    It also returns the accuracy to report.
    """
    cases = (
        ([1e-3, 1e-2, 1e-1], [0.90, 0.95, 0.93], [0.91, 0.92, 0.96], (1e-2, 0.92)),
        ([1e-1, 1e-3, 1e-2], [0.95, 0.95, 0.90], [0.90, 0.94, 0.97], (1e-1, 0.90)),
        ([1e-4, 1e-3, 1e-2], [0.88, 0.97, 0.97], [0.89, 0.99, 0.96], (1e-2, 0.96)),
    )
    what = "two numbers: the weight decay, and the accuracy that you may report"
    for decays, validation, test, right in cases:
        value = ask(answer, decays, validation, test)
        decay, accuracy = map(float, require_sequence(value, 2, what))
        hint = f"{decay:g} is none of the weight decays {decays}. Return the value."
        require(decay in decays, hint)
        place = decays.index(decay)
        best = max(validation)
        require(
            validation[place] == best or test[place] != max(test),
            "You chose on the test set. What it says about the choice is then too good; choose on "
            "validation.",
        )
        require(validation[place] == best, f"On validation {decay:g} is not the best of {decays}.")
        require(
            decay == right[0],
            "Two are equally good on validation: take the larger weight decay, the simpler "
            "network. (The order of the list means nothing.)",
        )
        require(
            accuracy != best,
            "That is the accuracy on which you chose; the best of several is too good. Report the "
            "test accuracy.",
        )
        require(
            accuracy != max(test),
            "You report the best test accuracy of all. Report that of the weight decay that you "
            "chose.",
        )
        require(accuracy == right[1], f"Report the test accuracy of {decay:g}, {right[1]}.")
