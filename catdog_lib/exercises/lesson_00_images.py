"""Checkers of lesson 00, Meet the data: images and batches of them (00.1, 00.2 and 00.4)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import require_sequence, require_value
from catdog_lib.exercises.registry import exercise, require


@exercise("00.1", "to_batch")
def to_batch(answer: Callable[[list[np.ndarray]], Tensor]) -> None:
    """Check a function of a list of images (H×W×3, uint8 arrays): the batch N×3×H×W, uint8."""
    random = np.random.default_rng(0)
    for count, height, width in ((4, 5, 7), (1, 6, 2)):
        images = list(random.integers(0, 256, (count, height, width, 3), dtype=np.uint8))
        value = ask(answer, images, keeps="the images that it was given")
        hint = "Return a PyTorch tensor: torch.from_numpy or torch.tensor."
        require(isinstance(value, Tensor), hint)
        stacked = torch.from_numpy(np.stack(images))
        right = stacked.permute(0, 3, 1, 2)
        shape, wanted = tuple(value.shape), tuple(right.shape)
        mistakes = {
            f"Still N×H×W×3: {shape}. PyTorch wants the channels before the rows; `permute` moves "
            "them.": (count, height, width, 3),
            f"Rows and columns are swapped: {shape} for images of {height} rows and {width} "
            "columns.": (count, 3, width, height),
        }
        setting = f"{count} images of {height} rows and {width} columns"
        otherwise = f"{setting} make a batch {wanted}, not {shape}."
        require_value(shape, wanted, mistakes, otherwise)
        require(
            value.dtype == torch.uint8,
            f"Keep the numbers as they are, uint8: a batch of {value.dtype} is larger, and the "
            "network converts it.",
        )
        mistakes = {
            "The shape is right but the pixels are mixed up: `reshape` only renames the places. "
            "Use `permute`.": stacked.reshape(wanted),
            "Red and blue are swapped: keep the channels in their order, red, green, blue.": (
                right.flip(1)
            ),
        }
        otherwise = "The shape is right, but some pixels are not where they belong."
        require_value(value, right, mistakes, otherwise)


@exercise("00.2", "crop_box")
def crop_box(answer: Callable[[int, int], tuple[int, int, int, int]]) -> None:
    """Check a function of (width, height): the box of the largest centred square.

    The box is left, top, right, bottom.
    """
    for width, height in ((500, 374), (300, 400), (640, 639), (64, 64), (101, 50)):
        value = ask(answer, width, height)
        value = require_sequence(value, 4, "four numbers: left, top, right, bottom")
        left, top, right, bottom = value
        setting = f"For an image {width} wide and {height} high"
        require(
            all(float(number).is_integer() for number in value),
            f"{setting} you cut at {value}: there is no half pixel, so divide with //.",
        )
        side, short = right - left, min(width, height)
        require(
            (right, bottom) != (short, short) or abs(width - height) <= 1,
            f"{setting} you return the size of the square where its right and lower edge should "
            "be, or you cut at the upper left corner and not in the middle.",
        )
        require(
            side == bottom - top,
            f"{setting} your box is {side} wide and {bottom - top} high, not a square.",
        )
        require(
            left >= 0 and top >= 0 and right <= width and bottom <= height,
            f"{setting} your box {value} sticks out of it: x runs along the width, y along the "
            "height.",
        )
        require(
            side == short,
            f"{setting} the largest square has a side of {short}, yours has {side}.",
        )
        require(
            abs((left + right) - width) <= 1 and abs((top + bottom) - height) <= 1,
            f"{setting} your box {value} is not in the middle: cut off as much on both sides.",
        )


@exercise("00.4", "mirror_some")
def mirror_some(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """Check a function of (images N×3×H×W, which: N booleans): the chosen ones mirrored."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (4, 3, 5, 6), dtype=torch.uint8, generator=generator)
    for chosen in ([True, False, False, True], [False] * 4):
        which = torch.tensor(chosen)
        value = ask(answer, images, which, keeps="the batch that it was given")
        require(isinstance(value, Tensor), "Return the batch, a tensor.")
        require(
            value.shape == images.shape,
            f"A batch {tuple(images.shape)} came back as {tuple(value.shape)}; the others stay "
            "in it, as they are.",
        )

        def flipped(*dims: int, which: Tensor = which) -> Tensor:
            return torch.where(which.view(-1, 1, 1, 1), images.flip(dims), images)

        mistakes = {
            "Upside down: a cat on its head. Rows are dimension 2, columns are dimension 3.": (
                flipped(2)
            ),
            "Rotated by 180°: flip the columns only, dimension 3.": flipped(2, 3),
            "You flipped the colours: channels are dimension 1, columns are dimension 3.": (
                flipped(1)
            ),
            "You changed the order of the images: columns are dimension 3.": flipped(0),
            "You mirrored all of them; some are to stay as they are.": images.flip(3),
            "You mirrored those that were to stay, and not the others.": flipped(3, which=~which),
        }
        otherwise = "Not the chosen images mirrored left to right, and only those."
        require_value(value, flipped(3), mistakes, otherwise)
