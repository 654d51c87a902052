"""Checkers of lesson 07, Feature maps: Grad-CAM and where its heat lies (07.4 and 07.5)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import require_tensor, require_value, show
from catdog_lib.exercises.registry import exercise, require

TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}


@exercise("07.4", "cam")
def grad_cam(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Check a function of (maps, gradients), K×h×w of one image: the heat map of Grad-CAM, h×w."""
    generator = torch.Generator().manual_seed(3)
    maps, gradients = torch.randn(2, 5, 3, 4, generator=generator)
    maps = maps.abs()
    value = ask(answer, maps, gradients, keeps="the maps or the gradients that it was given")
    weights = gradients.mean((1, 2), keepdim=True)
    signed = (weights * maps).sum(0)
    require(
        not (isinstance(value, Tensor) and value.shape == maps.shape),
        "One weighted map for each channel is not yet the answer: add them up over the channels.",
    )
    require_tensor(value, (3, 4), "one heat map h×w")
    blind = "which knows nothing of the class: weight each map by its gradient."
    mistakes = {
        "Where it is negative, it speaks against the class: ReLU, please.": signed,
        "Channels that speak against the class count as well: ReLU comes last.": (
            (weights.relu() * maps).sum(0)
        ),
        "The absolute value turns what speaks against the class into what speaks for it: use "
        "ReLU.": signed.abs(),
        "You multiplied pixel by pixel; each map has one weight, the mean of its gradient.": (
            (gradients * maps).sum(0).relu()
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
    require_value(value, signed.relu(), mistakes, otherwise, **TOLERANCE)


@exercise("07.5", "share_on")
def share_on(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Check a function of (heat, mask), both N×H×W: the share of positive heat on the mask."""
    heat = torch.tensor([[[4.0, -2.0], [1.0, 3.0]], [[0.5, 0.25], [-1.0, 1.5]]])
    mask = torch.tensor([[[True, True], [False, False]], [[True, False], [True, True]]])
    value = ask(answer, heat, mask, keeps="the heat or the mask that it was given")
    require(
        not isinstance(value, float) and not (isinstance(value, Tensor) and value.ndim == 0),
        "One number for each image, please: sum over rows and columns only.",
    )
    require_tensor(value, (2,), "one share for each image")

    def total(values: Tensor) -> Tensor:
        return values.sum((1, 2))

    hot, on = heat.relu(), mask.float()
    hit = total(hot * on)
    right = hit / total(hot)
    mistakes = {
        "Negative heat speaks against the class: set it to 0 first.": (
            total(heat * on) / total(heat)
        ),
        "Negative heat speaks against the class: set it to 0, do not turn it round.": (
            total(heat.abs() * on) / total(heat.abs())
        ),
        "Divide by the positive heat, too, not by the sum of all heat.": hit / total(heat),
        "That is the heat on the mask; divide by all the heat of the image.": hit,
        "That is the share of the area.": on.mean((1, 2)),
        "That is the mean heat on the mask; divide by the heat, not by the area.": hit / total(on),
        "A sum divided by a sum: you took a mean in the numerator.": (
            (hot * on).mean((1, 2)) / total(hot)
        ),
        "That is the share beside the mask.": 1 - right,
        "Return a share between 0 and 1, not a percentage.": 100 * right,
        "Divide by the heat of the same image, not by that of all.": hit / hot.sum(),
        "You counted hot pixels; add up their heat.": total((hot > 0) & mask) / total(hot > 0),
    }
    otherwise = f"The shares should be {show(right)}; yours are {show(value)}."
    require_value(value, right, mistakes, otherwise, **TOLERANCE)
    cold = ask(answer, -heat.abs(), mask)
    require(
        isinstance(cold, Tensor) and not cold.isnan().any() and bool((cold == 0).all()),
        "A map without any positive heat should give 0: avoid dividing 0 by 0, with "
        ".clamp(min=1e-12), say.",
    )
