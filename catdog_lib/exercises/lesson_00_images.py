"""Checkers of lesson 00, Meet the data: images and batches of them (00.1 and 00.5)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import (
    FLOAT32,
    as_float64,
    require_sequence,
    require_value,
    same,
    show,
)
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import exercise, require


@exercise("00.1", "to_batch")
def to_batch(answer: Callable[[list[np.ndarray]], Tensor]) -> None:
    """Check a function of a list of images (H×W×3, uint8 arrays): the batch N×3×H×W, uint8."""
    random = np.random.default_rng(generator(0).initial_seed())
    for count, height, width in ((4, 5, 7), (1, 6, 2), (9, 4, 4)):
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
            f"Keep the numbers as they are, uint8: a batch of {value.dtype} would be larger, and "
            "the network converts the bytes itself.",
        )
        mistakes = {
            "The shape is right but the pixels are mixed up: `reshape` only regroups the numbers. "
            "Use `permute`.": stacked.reshape(wanted),
            "Red and blue are swapped: keep the channels in their order, red, green, blue.": (
                right.flip(1)
            ),
        }
        otherwise = "The shape is right, but some pixels are not where they belong."
        require_value(value, right, mistakes, otherwise)


@exercise("00.5", "channel_statistics")
def channel_statistics(answer: Callable[[Tensor], tuple[Tensor, Tensor]]) -> None:
    """Check a function of images N×3×H×W, uint8: mean and deviation of each channel, in [0, 1]."""
    rng = generator(0)
    for count, height, width in ((4, 5, 7), (3, 6, 6)):
        # each channel has its own range, or a mean of all of them would nearly do
        limits = torch.tensor([240, 128, 40]).view(3, 1, 1)
        random = torch.rand(count, 3, height, width, generator=rng)
        images = (random * limits).to(torch.uint8)
        values, dims = images.double() / 255, (0, 2, 3)
        means = values.mean(dims)
        right = values.std(dims, correction=0)
        found = require_sequence(ask(answer, images, keeps="the images"), 2, "two tensors")
        mean, deviation = (as_float64(part) for part in found)
        for name, part in (("means", mean), ("deviations", deviation)):
            require(
                part.shape == (3,),
                f"You return {name} of shape {tuple(part.shape)}: dimension 1 counts the channels "
                "and is the only one that stays: average over the dimensions 0, 2 and 3.",
            )
        mistakes = {
            "Your means are those of the bytes: bring them to [0, 1] first.": 255 * means,
            "You return the deviations first; the means come first.": [
                right,
                values.std(dims),
            ],
            "Your three means are the same, that of all channels together.": [
                values.mean().expand(3)
            ],
        }
        require_value(mean, means, mistakes, f"The means should be {show(means)}.", **FLOAT32)
        off = images.double()
        mistakes = {
            "You subtract means in [0, 1] from bytes: both have to be on the same scale.": [
                ((off - middle) ** 2).mean(dims).sqrt()
                for middle in (means.mean(), means.view(3, 1, 1))
            ],
            "You subtract the mean of all channels; each channel has its own.": [
                ((values - values.mean()) ** 2).mean(dims).sqrt()
            ],
            "That is the variance; the deviation is its square root.": [
                right**2,
                values.var(dims),
            ],
            "Your deviations are those of the bytes: bring them to [0, 1] first.": 255 * right,
        }
        if not same(deviation, values.std(dims), **FLOAT32):  # divided by n − 1: as good
            otherwise = f"The deviations should be {show(right)}; yours are {show(deviation)}."
            require_value(deviation, right, mistakes, otherwise, **FLOAT32)
