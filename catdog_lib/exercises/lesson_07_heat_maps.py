"""Checkers of lesson 07, Feature maps: Grad-CAM (07.3) and a map without any heat (07.4)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import (
    FLOAT32,
    as_float64,
    require_choice,
    require_tensor,
    require_value,
)
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import exercise, require


@exercise("07.3", "cam")
def grad_cam(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Check a function of (maps, gradients), K×h×w of one image: the heat map of Grad-CAM, h×w."""
    rng = generator(3)
    maps, gradients = torch.randn(2, 5, 3, 4, generator=rng)
    value = ask(answer, maps, gradients, keeps="the maps or the gradients that it was given")
    value = as_float64(value)
    weights = gradients.mean((1, 2), keepdim=True)
    signed = (weights * maps).sum(0)
    require(
        value.shape != maps.shape,
        "One weighted map for each channel is not yet the answer: add them up over the channels.",
    )
    require_tensor(value, (3, 4), "one heat map h×w")
    blind = "which knows nothing of the class: weight each map by the mean of its gradient."
    mistakes = {
        "Where your map is negative, it speaks against the class: apply ReLU.": signed,
        "Channels that speak against the class count as well: ReLU comes last.": [
            (weights.relu() * maps).sum(0),
            (weights.relu() * maps).sum(0).relu(),
            (weights * maps).relu().sum(0),
        ],
        "The absolute value turns what speaks against the class into what speaks for it: use "
        "ReLU.": signed.abs(),
        "You multiplied pixel by pixel; each map has one weight, the mean of its gradient.": (
            (gradients * maps).sum(0).relu()
        ),
        "The maps may be negative themselves, as after BatchNorm: ReLU comes after the sum.": (
            [(weights * maps.relu()).sum(0).relu(), (weights * maps.abs()).sum(0).relu()]
        ),
        f"That is the mean map, {blind}": maps.mean(0),
        f"That is the sum of the maps, {blind}": maps.sum(0),
        "The sign of a weight matters: it says whether the map speaks for the class.": (
            (weights.abs() * maps).sum(0)
        ),
        "That is the gradient alone; it only weights the maps.": gradients.mean(0).relu(),
        "You have it the wrong way round: the gradient's means weight the maps.": (
            (maps.mean((1, 2), keepdim=True) * gradients).sum(0).relu()
        ),
        "The weight is the mean over the places, not the sum.": (
            (gradients.sum((1, 2), keepdim=True) * maps).sum(0).relu()
        ),
        "Add the weighted maps up over the channels; you took their mean.": (
            (weights * maps).mean(0).relu()
        ),
        "The mean is over the places (1, 2): one weight for each channel.": (
            (gradients.mean(0) * maps).sum(0).relu()
        ),
    }
    otherwise = (
        "Your heat map differs from ReLU(Σ weight · map), where the weight is the mean of the "
        "channel's gradient."
    )
    require_value(value, signed.relu(), mistakes, otherwise, **FLOAT32)


@exercise("07.4")
def black_map(answer: str) -> None:
    """Check why the heat map of the predicted class is 0 everywhere."""
    choices = {
        "a": "Nothing need be broken, and no place has to be hot: in the lesson, the shift changed "
        "the maps of one logit, but none of the probabilities.",
        "b": "With two classes, a network that has found nothing and is guessing gives about 50%, "
        "not 98%.",
        "c": "",
        "d": "The logits are taken before the softmax, so it cannot flatten their gradients.",
    }
    require_choice(answer, "c", choices)
