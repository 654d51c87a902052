"""Checker of lesson 09, Your own pet: the nearest training images (09.1)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import FLOAT32, as_float64, refuse, same, show
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import WrongAnswer, exercise, require


@exercise("09.1", "nearest")
def nearest(answer: Callable[[Tensor, Tensor, int], Tensor]) -> None:
    """Check a function of (photo, train, count): positions by cosine, the most similar first."""
    g = generator(901)
    for count in (3, 5):
        photo = torch.randn(6, generator=g) + 0.5
        # Of very different lengths: a plain product prefers the long ones.
        lengths = torch.logspace(-1, 1, 12)[torch.randperm(12, generator=g)]
        train = torch.randn(12, 6, generator=g) * lengths[:, None] * torch.logspace(-0.5, 0.5, 6)
        value = ask(answer, photo, train, count, keeps="the features")
        found = as_float64(value)
        require(
            found.ndim == 1,
            f"Return a list of positions; yours has the shape {tuple(found.shape)}.",
        )
        product, lengths = train.double() @ photo.double(), train.double().norm(dim=1)
        cosine = product / lengths / photo.double().norm()
        distance = (train.double() - photo.double()).norm(dim=1)
        order = cosine.argsort(descending=True)
        if same(found, order[:count]):
            continue
        setting = f"count = {count}"
        require(
            len(found) == count,
            f"Return {count} positions; you return {len(found)}. ({setting})",
        )
        mistakes = {
            "That is the code as it was: both bugs are still there.": product.argsort()[:count],
            "The largest similarity comes first; argsort sorts upwards.": [
                cosine.argsort()[:count],
                order[:count].flip(0),
            ],
            "Long features still win: divide each row of train by its length, "
            "train.norm(dim=1).": product.argsort(descending=True)[:count],
            "You divided each feature by its own length over all images (dim=0). An image is a "
            "row: its length is train.norm(dim=1).": (
                (train.double() / train.double().norm(dim=0)) @ photo.double()
            ).argsort(descending=True)[:count],
            "Those are the smallest distances. The cosine compares directions alone.": (
                distance.argsort()[:count]
            ),
            "A cosine of −1 means the opposite direction: do not take its absolute value.": (
                cosine.abs().argsort(descending=True)[:count]
            ),
            "Dividing by the squared length makes long features lose: the length is its root.": (
                (product / lengths**2).argsort(descending=True)[:count]
            ),
            "Those are similarities; return the positions of the largest.": cosine[order][:count],
        }
        refuse(found, mistakes, setting, **FLOAT32)
        raise WrongAnswer(
            f"The positions should be {show(order[:count].tolist())}; yours are "
            f"{show(value)}. ({setting})"
        )
