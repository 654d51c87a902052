"""What exercises 07.3 and 07.6 need: a score to be explained, the right answers, and the mistakes
by name.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.registry import require

Answers = tuple[Tensor, list[tuple[Tensor, str]]]  # the right one; wrong ones with their hints


def scorer(height: int, width: int) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
    """A picture, 3×height×width, and a score to which every pixel counts differently."""
    generator = torch.Generator().manual_seed(4)
    picture, weights = torch.rand(2, 3, height, width, generator=generator)
    weights -= 0.5  # some places speak against it

    def score(pictures: Tensor) -> Tensor:
        require(
            pictures.ndim == 4 and pictures.shape[1:] == picture.shape,
            f"score takes a batch, N×3×H×W; you gave it {tuple(pictures.shape)}: use picture[None] "
            "or torch.stack.",
        )
        return (pictures * weights).sum((1, 2, 3))

    return picture, score


def occlusion_answers(score: Callable, picture: Tensor, side: int, fill: float) -> Answers:
    """How far the score falls when each square is covered, and what known mistakes give."""
    rows, columns = picture.shape[1] // side, picture.shape[2] // side
    squares = [(i, j) for i in range(rows) for j in range(columns)]

    def each(
        first: int = 0,
        jump: int = side,
        extent: int = side,
        value: float = fill,
        fresh: bool = True,
    ) -> Tensor:
        """The scores that are left when the colours from ``first`` on of each square are
        covered.
        """
        scores, copy = [], picture.clone()
        for i, j in squares:
            copy = picture.clone() if fresh else copy
            copy[first:, i * jump : i * jump + extent, j * jump : j * jump + extent] = value
            scores.append(score(copy[None])[0])
        return torch.stack(scores).view(rows, columns)

    whole, scores = score(picture[None])[0], each()
    return whole - scores, [
        (scores, "That is the score that is left; asked is how far it falls from that of the whole picture."),
        (scores - whole, "The sign: a square is important if the score falls without it."),
        ((whole - scores).abs(), "Keep the sign: where the score rises, the square spoke against the class."),
        ((whole - scores).relu(), "Keep the negative values: there the square spoke against the class."),
        ((whole - scores) / whole, "Return the fall itself, not its share of the score."),
        (whole - each(fresh=False), "You covered one more square each time; begin with a fresh copy of the picture."),
        (whole - each(value=0.0), "Cover with `fill`, not with 0."),
        (whole - each(first=2), "You covered one colour only; take all three channels."),
        (whole - each(extent=1), "You covered one pixel of each square."),
        (whole - each(jump=1), "Your squares overlap: they begin at multiples of `side`."),
    ]  # fmt: skip


def deletion_answers(
    score: Callable, picture: Tensor, heat: Tensor, steps: int, fill: float
) -> Answers:
    """The scores as the hottest pixels are taken away first, and what known mistakes give."""
    size = heat.numel() // steps

    def curve(
        order: Tensor,
        taken: Callable[[int], slice] = lambda step: slice(0, step * size),
        start: Tensor = picture,
        end: Tensor = torch.full_like(picture, fill),  # noqa: B008 (made anew in each call)
    ) -> Tensor:
        scores = []
        for step in range(steps + 1):
            copy, places = start.clone().flatten(1), order[taken(step)]
            copy[:, places] = end.flatten(1)[:, places]
            scores.append(score(copy.view_as(picture)[None])[0])
        return torch.stack(scores)

    hottest, empty = heat.flatten().argsort(descending=True), torch.full_like(picture, fill)
    right = curve(hottest)
    return right, [
        (curve(hottest.flip(0)), "You took the coldest pixels first; sort in descending order."),
        (curve(hottest, start=empty, end=picture), "That is insertion: it begins with nothing and brings pixels back."),
        (curve(hottest, lambda step: slice(max(step - 1, 0) * size, step * size)),
         "What was taken away stays away: each step adds to the ones before."),
        (curve(hottest, end=torch.zeros_like(picture)), "Put `fill` in the place of a pixel, not 0."),
        (curve(heat.abs().flatten().argsort(descending=True)),
         "Negative heat is cold, not hot: sort the heat itself, not its size."),
        (curve(hottest.argsort()),
         "You have taken ranks for places: argsort gives the places, hottest first; no second "
         "argsort."),
        (curve(torch.arange(heat.numel())),
         "You took the pixels in their order in the picture; the heat is to say which goes first."),
        (curve(hottest, lambda step: slice(0, step)), f"Each step takes 1/{steps} of all pixels, not one."),
        (right / right[0], "Return the scores themselves, not their shares of the first."),
        (right[0] - right, "Return the scores that are left, not how far they fell."),
    ]  # fmt: skip
