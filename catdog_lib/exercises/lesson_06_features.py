"""Checker of lesson 06, Transfer learning: features on one scale (06.4)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import FLOAT32, as_float64, refuse, require_sequence, same
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import WrongAnswer, exercise, require


@exercise("06.4", "standardize")
def standardize(answer: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> None:
    """Check a function of (train, other), N×D and M×D: both standardized by ``train`` alone."""
    g = generator(8)
    scale = torch.tensor([1.0, 10.0, 1e-4, 3.0])  # one feature varies little, but it varies
    train = torch.randn(20, 4, generator=g) * scale + 5 * scale
    train[:, 3] = 2.0  # a feature that is the same for every training image
    other = torch.randn(8, 4, generator=g) * 2 * scale + 3 * scale
    both = ask(answer, train, other, keeps="the features that it was given")
    pair = require_sequence(both, 2, "two tensors: the training features and the others")
    one, two = map(as_float64, pair)
    for value, shape, which in ((one, (20, 4), "training"), (two, (8, 4), "other")):
        right_shape = tuple(value.shape) == shape
        require(
            right_shape,
            f"The {which} features have the shape {shape}; yours have {tuple(value.shape)}.",
        )
    a, b = train.double(), other.double()
    require(
        bool(one.isfinite().all() and two.isfinite().all()),
        "A feature that never changes in training has the standard deviation 0, and you divide by "
        "it. Divide that feature by 1.",
    )
    require(
        two[:, 3].abs().max().item() < 1000,
        f"The feature that never changes in training becomes {two[0, 3].item():.3g} for one of the "
        "others: you divide by a tiny number. Divide that feature by 1.",
    )
    varied = slice(0, 3)
    row = (a - a.mean(1, keepdim=True)) / a.std(1, keepdim=True)
    _refuse_mistakes(*(each[:, varied] for each in (one, two, a, b, row)))
    constant = a[:, 3] - 2.0, b[:, 3] - 2.0
    require(
        same(one[:, 3], constant[0], **FLOAT32) and same(two[:, 3], constant[1], **FLOAT32),
        "A feature with the standard deviation 0 is divided by 1: only its mean is subtracted.",
    )


def _refuse_mistakes(one: Tensor, two: Tensor, a: Tensor, b: Tensor, row: Tensor) -> None:
    """Require both to be right where features vary; a variance may be divided by n or n − 1.

    Args:
        one, two: the student's.
        a, b: the training features and the others, as they were.
        row: what comes of the mean and deviation of each image.
    """
    close = {"rtol": 1e-3, "atol": 1e-4}
    together = torch.cat([a, b])

    def by(source: Tensor, values: Tensor, correction: int = 1) -> Tensor:
        return (values - source.mean(0)) / source.std(0, correction=correction)

    def either(source: Tensor, values: Tensor) -> list[Tensor]:
        return [by(source, values, correction) for correction in (0, 1)]

    if not any(same(one, right, **close) for right in either(a, a)):
        mistakes = {
            "The others went into the mean: then training knows something about them.": (
                either(together, a)
            ),
            "You took the mean of an image over its features; use that of a feature, mean(0).": row,
            "The means are 0 now; divide by the standard deviation as well.": a - a.mean(0),
            "You divided by the variance; the standard deviation is its root.": [
                (a - a.mean(0)) / a.var(0, correction=n) for n in (0, 1)
            ],
            "Subtract the mean as well.": [a / a.std(0, correction=n) for n in (0, 1)],
        }
        refuse(one, mistakes, **close)
        raise WrongAnswer(
            "Each training feature should have mean 0 and standard deviation 1, by its own mean(0) "
            "and std(0)."
        )
    if not any(same(two, right, **close) for right in either(a, b)):
        mistakes = {
            "The others were standardized by themselves, so the same animal gets different numbers "
            "there.": either(b, b),
            "The others are unchanged: do the same to them.": b,
            "The others lack the division by the standard deviation of training.": b - a.mean(0),
        }
        refuse(two, mistakes, **close)
        raise WrongAnswer(
            "Do exactly the same to the others: subtract the training mean, divide by the training "
            "standard deviation."
        )
