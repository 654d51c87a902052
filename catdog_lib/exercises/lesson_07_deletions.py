"""Checkers of lesson 07, Feature maps: the score as the hottest pixels are taken away (07.6)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import (
    FLOAT32,
    Mistakes,
    as_float64,
    require_tensor,
    require_value,
    same,
    show,
)
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import exercise, require


def _scorer(height: int, width: int) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """Return an image 3×height×width, and a score to which every pixel counts differently."""
    image, weights = torch.rand(2, 3, height, width, generator=generator(4))
    weights -= 0.5  # some places speak against it

    def score(images: Tensor) -> Tensor:
        require(
            images.ndim == 4 and images.shape[1:] == image.shape,
            f"score takes a batch, N×3×H×W; you gave it {tuple(images.shape)}: use image[None] "
            "or torch.stack.",
        )
        return (images * weights).sum((1, 2, 3))

    return image, score


def _deletions(
    score: Callable, image: Tensor, heat: Tensor, steps: int, fill: float
) -> tuple[Tensor, Mistakes]:
    """Return the scores as the hottest pixels are taken away, and what known mistakes give."""
    size = heat.numel() // steps
    empty = torch.full_like(image, fill)

    def curve(
        order: Tensor,
        taken: Callable[[int], slice] = lambda step: slice(0, step * size),
        start: Tensor = image,
        end: Tensor = empty,
    ) -> Tensor:
        scores = []
        for step in range(steps + 1):
            copy, places = start.clone().flatten(1), order[taken(step)]
            copy[:, places] = end.flatten(1)[:, places]
            scores.append(score(copy.view_as(image)[None])[0])
        return torch.stack(scores)

    def curve_of_thresholds(strict: bool) -> Tensor:
        limits = torch.linspace(heat.max().item(), heat.min().item(), steps + 1)
        scores = []
        for limit in limits:
            gone = heat > limit if strict else heat >= limit
            scores.append(score(torch.where(gone, empty, image)[None])[0])
        return torch.stack(scores)

    hottest = heat.flatten().argsort(descending=True)
    right = curve(hottest)
    return right, {
        "You took the coldest pixels first; sort in descending order.": curve(hottest.flip(0)),
        "That is insertion: it begins with nothing and brings pixels back.": (
            curve(hottest, start=empty, end=image)
        ),
        "What was taken away stays away: each step adds to the ones before.": (
            curve(hottest, lambda step: slice(max(step - 1, 0) * size, step * size))
        ),
        "Replace a pixel by `fill`, not by 0.": curve(hottest, end=torch.zeros_like(image)),
        "Negative heat is cold, not hot: sort the heat itself, not its size.": (
            curve(heat.abs().flatten().argsort(descending=True))
        ),
        "You used ranks as positions: argsort gives the positions, hottest first; no second "
        "argsort.": curve(hottest.argsort()),
        "You took the pixels in their order in the image; the heat says which goes first.": (
            curve(torch.arange(heat.numel()))
        ),
        f"Each step takes 1/{steps} of all pixels, not one.": (
            curve(hottest, lambda step: slice(0, step))
        ),
        "Take equally many pixels in each step; you took equal steps of heat.": (
            [curve_of_thresholds(strict) for strict in (False, True)]
        ),
        "Replace a pixel by `fill`, not by 0.5.": curve(hottest, end=torch.full_like(image, 0.5)),
        "Return the scores themselves, not their shares of the first.": right / right[0],
        "Return the scores that are left, not how far they fell.": right[0] - right,
    }


@exercise("07.6", "deletion")
def deletion(answer: Callable[[Callable, Tensor, Tensor, int, float], Tensor]) -> None:
    """Check a function of (score, image, heat, steps, fill): the scores without the hottest pixels.

    The hottest pixels are taken away first.
    """
    for high, wide, steps, fill in ((4, 5, 4, 0.3), (6, 4, 6, 0.8)):
        image, score = _scorer(high, wide)
        # Squared, so that equal steps of heat are not equal steps of pixels.
        heat = torch.randperm(high * wide, generator=generator(6)).view(high, wide) - 6.0
        heat = heat * heat.abs()
        value = ask(answer, score, image, heat, steps, fill, keeps="the image or the heat")
        right, mistakes = _deletions(score, image, heat, steps, fill)
        value = as_float64(value)
        if value.shape == (steps,):
            hint = "The curve begins with the whole image: steps + 1 values."
            require(not same(value, right[1:], **FLOAT32), hint)
            hint = "The curve ends with nothing left: steps + 1 values."
            require(not same(value, right[:-1], **FLOAT32), hint)
        require_tensor(value, (steps + 1,), "one score for the whole image and one after each step")
        otherwise = f"The curve should be {show(right)}; yours is {show(value)}."
        require_value(value, right, mistakes, otherwise, **FLOAT32)
