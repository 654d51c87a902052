"""Checkers of lesson 01, Convolution: a broken layer, and what moves along (01.5, 01.6)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import SUMS, require_value, show
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import exercise, require, require_form


@exercise("01.5", "conv2d_by_patches")
def conv2d_by_patches(answer: Callable[[Tensor, Tensor, Tensor, int], Tensor]) -> None:
    """Check a mended function of (x N×C_in×H×W, weight C_out×C_in×kh×kw, bias, padding): conv2d."""
    for n, c_in, c_out, (height, width), (kh, kw), padding in (
        (2, 3, 5, (6, 8), (3, 3), 0),
        (1, 2, 7, (5, 4), (2, 3), 0),
        (2, 3, 5, (6, 9), (3, 3), 2),
    ):
        rng = generator(c_out)
        x = torch.randn(n, c_in, height, width, generator=rng)
        weight = torch.randn(c_out, c_in, kh, kw, generator=rng)
        bias = torch.randn(c_out, generator=rng)
        value = ask(answer, x, weight, bias, padding, keeps="x, the weight or the bias")
        hint = "Return the maps as a tensor, such as torch.stack makes."
        require(isinstance(value, Tensor), hint)
        right = F.conv2d(x, weight, bias, padding=padding)
        shape, wanted = tuple(value.shape), tuple(right.shape)
        setting = f"for x {tuple(x.shape)}, weight {tuple(weight.shape)} and padding {padding}"
        if shape != wanted:
            hint = f"Your result has five dimensions, {shape}: add up over the input channels."
            require(len(shape) != 5, hint)
        rows, columns = F.pad(x, (0, 0, padding, padding)), F.pad(x, (padding, padding))
        around = F.pad(x, [padding] * 4)
        mistakes = {
            f"Height and width are swapped: your shape is {shape}, not {wanted}.": (
                (n, c_out, wanted[3], wanted[2])
            ),
            "The padding is added to the columns only; F.pad takes left, right, top, bottom.": (
                F.conv2d(columns, weight).shape
            ),
            "The padding is added to the rows only.": F.conv2d(rows, weight).shape,
            "The padding is not added at all.": F.conv2d(x, weight).shape,
            f"Make one map for each of the {c_out} kernels, not for each input channel.": (
                (n, c_in, *wanted[2:])
            ),
        }
        otherwise = f"The shape should be {wanted} {setting}; yours is {shape}."
        require_value(shape, wanted, mistakes, otherwise)
        plain, b = F.conv2d(around, weight), bias.view(-1, 1, 1)
        mixed = weight.reshape(-1, c_out).T.reshape(weight.shape)
        mistakes = {
            "The bias is missing: add bias[o] to every value of map o.": plain,
            "You subtract the bias; add it.": plain - b,
            "The rows of your matrix are not the kernels: each row must hold all the numbers of "
            "one kernel, in their order. Try a weight of 0, 1, 2, …, and print the first row.": (
                F.conv2d(around, mixed, bias)
            ),
            "Your padding repeats pixels of the border; it must be zeros.": (
                F.conv2d(F.pad(x, [padding] * 4, mode="replicate"), weight, bias) if padding else []
            ),
            "You flipped the kernel; Conv2d slides it as it is.": (
                F.conv2d(around, weight.flip(2, 3), bias)
            ),
            "Rows and columns of the kernel are swapped.": (
                [F.conv2d(around, weight.mT, bias)] if kh == kw else []
            ),
        }
        otherwise = f"The shape is right, but not the values, {setting}."
        require_value(value, right, mistakes, otherwise, **SUMS)


def _moves_along(name: str) -> bool:
    """Return whether the output moves by a column when the image moves, exactly and everywhere."""
    layer, _ = LAYERS[name]
    x = torch.randn(1, 2, 8, 8, dtype=torch.float64, generator=generator(16))
    moved = x.roll(2 if name == "pool, moved by 2" else 1, 3)
    return torch.allclose(layer(moved), layer(x).roll(1, 3))


def _kernel(side: int) -> Tensor:
    return torch.randn(2, 2, side, side, dtype=torch.float64, generator=generator(1))


# name → layer, why its output moves with the image or not
LAYERS = {
    "relu": (torch.relu, "It does the same at every place."),
    "1×1 convolution": (
        lambda x: F.conv2d(x, _kernel(1)),
        "It mixes the channels of one pixel, with the same weights at every pixel.",
    ),
    "zero padding": (
        lambda x: F.conv2d(x, _kernel(3), padding="same"),
        "The zeros at the border do not move with it: look at the first and the last column.",
    ),
    "column number": (
        lambda x: x * torch.arange(8.0),
        "The factor depends on the place, and it does not move.",
    ),
    "subtract the mean": (
        lambda x: x - x.mean((2, 3), keepdim=True),
        "A move does not change the mean, so the same number is subtracted everywhere.",
    ),
    "pool, moved by 2": (
        lambda x: F.max_pool2d(x, 2),
        "Two columns are exactly one step of the window, so the same pixels share a window.",
    ),
}


@exercise("01.6", is_prediction=True)
def moves_along(answer: Mapping[str, bool]) -> str:
    """Check a dict of six layers: True where the output moves with the image, else False."""
    require_form(isinstance(answer, Mapping), "Give a dict: each layer with True or False.")
    answer = {str(name).replace("1x1", "1×1"): moves for name, moves in answer.items()}
    for name in LAYERS:
        require_form(name in answer, f"{name!r} is missing, or is spelled differently.")
        hint = f"{name!r}: give True or False; you gave {show(answer[name])}."
        require_form(isinstance(answer[name], bool | int | np.bool_ | Tensor), hint)
        require_form(answer[name] in (True, False), hint)  # 0 and 1, too
    for name, (_, why) in LAYERS.items():
        measured = _moves_along(name)
        said = "moves with it" if measured else "does not move with it"
        require(bool(answer[name]) == measured, f"{name!r}: measured, the output {said}. {why}")
    return f"{sum(map(_moves_along, LAYERS))} of {len(LAYERS)} move with it."
