"""Checkers of lesson 01, Convolution: the layer, its size and its equivariance (01.4 to 01.6)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import refuse, require_sequence, require_value, show
from catdog_lib.exercises.registry import exercise, require

TOLERANCE = {"atol": 1e-4}  # sums of many products in float32, in any order


@exercise("01.4", "my_conv2d")
def my_conv2d(answer: Callable[[Tensor, Tensor, Tensor], Tensor]) -> None:
    """Check a function of (x N×C_in×H×W, weight C_out×C_in×kh×kw, bias C_out): ``F.conv2d``."""
    for n, c_in, c_out, (height, width), (kh, kw) in (
        (2, 3, 4, (6, 8), (3, 3)),
        (1, 2, 5, (5, 4), (2, 3)),
        (3, 1, 1, (3, 6), (1, 2)),
    ):
        generator = torch.Generator().manual_seed(c_out)
        x = torch.randn(n, c_in, height, width, generator=generator)
        weight = torch.randn(c_out, c_in, kh, kw, generator=generator)
        bias = torch.randn(c_out, generator=generator)
        value = ask(answer, x, weight, bias, keeps="x, the weight or the bias")
        hint = "Return the maps as a tensor, such as torch.stack makes."
        require(isinstance(value, Tensor), hint)
        right = F.conv2d(x, weight, bias)
        shape, wanted = tuple(value.shape), tuple(right.shape)
        setting = f"for x {tuple(x.shape)} and weight {tuple(weight.shape)}"
        if shape != wanted:
            hint = f"Five dimensions, {shape}, are one too many: add up over the channels in."
            require(len(shape) != 5, hint)
        mistakes = {
            f"Height and width are swapped: {shape} in place of {wanted}.": (
                (n, c_out, wanted[3], wanted[2])
            ),
            f"Your maps are as large as x; without padding they are {wanted[2:]}.": (
                (n, c_out, height, width)
            ),
            f"You return a map for each of the {c_in} channels that come in; add these up, and "
            f"make one for each of the {c_out} kernels.": (n, c_in, *wanted[2:]),
            f"Keep the channels of the output, {c_out} of them: {wanted}, not {shape}.": (
                (n, *wanted[2:])
            ),
        }
        otherwise = f"The shape should be {wanted} {setting}; yours is {shape}."
        require_value(shape, wanted, mistakes, otherwise)
        plain, b = F.conv2d(x, weight), bias.view(-1, 1, 1)
        mistakes = {
            "The bias is missing: add bias[o] to every value of map o.": plain,
            "The bias is added, not subtracted.": plain - b,
            "You add the bias once for every input channel; it is added once.": plain + c_in * b,
            "You took the mean over the input channels; take the sum.": plain / c_in + b,
            "You flipped the kernel; Conv2d slides it as it is.": (
                F.conv2d(x, weight.flip(2, 3), bias)
            ),
            **{
                f"You use input channel {k} only: all {c_in} of them are added up.": (
                    F.conv2d(x[:, [k]], weight[:, [k]], bias)
                )
                for k in range(c_in)
            },
            "Rows and columns of the kernel are swapped: w[o, k, i, j] goes with x[n, k, r + i, "
            "c + j].": [F.conv2d(x, weight.mT, bias)] if kh == kw else [],
        }
        otherwise = f"The shape is right, but not the values, {setting}."
        require_value(value, right, mistakes, otherwise, **TOLERANCE)


@exercise("01.5", "count")
def count(answer: Callable[[int, int, int, int, int], tuple[int, int, int]]) -> None:
    """Check a function of (height, width, channels_in, channels_out, kernel): three sizes.

    These are the numbers of weights and biases of three kinds of layer.
    """
    kinds = ("Fully connected", "Locally connected", "Convolution")
    order = "fully connected, locally connected, convolution"
    for height, width, c_in, c_out, k in ((4, 6, 2, 5, 3), (64, 64, 3, 16, 5), (10, 7, 8, 4, 1)):
        value = ask(answer, height, width, c_in, c_out, k)
        value = require_sequence(value, 3, f"three numbers: {order}")
        pixels, window = height * width, c_in * k * k
        inputs, outputs = c_in * pixels, c_out * pixels
        right = (outputs * (inputs + 1), outputs * (window + 1), c_out * (window + 1))
        mistakes = {
            f"The order is reversed: {order}.": right[::-1],
            "You counted the weights; every output (in a convolution, every map) has a bias as "
            "well.": (outputs * inputs, outputs * window, c_out * window),
        }
        refuse(value, mistakes)
        apart = "nothing is shared, so every single output has a bias of its own."
        all_mistakes = (
            {
                "each map has one output for each pixel, not one in all.": c_out * (inputs + 1),
                "each output looks at all channels of all pixels.": outputs * (pixels + 1),
                "each output has a bias, not each input.": inputs * (outputs + 1),
                apart: outputs * inputs + c_out,
                "every output has a bias as well.": outputs * inputs,
            },
            {
                "the weights are not shared, so each place has its own.": right[2],
                apart: outputs * window + c_out,
                "every output has a bias as well.": outputs * window,
                "a window goes through all input channels.": outputs * (k * k + 1),
                "a window is a square: k rows of k pixels.": outputs * (c_in * k + 1),
            },
            {
                "the weights are the same at all places, so they count once.": right[1],
                "all outputs of one map share the bias, too.": c_out * window + outputs,
                "every map has a bias of its own.": c_out * window + 1,
                "every map has a bias as well.": c_out * window,
                "a kernel has a slice for every input channel.": c_out * (k * k + 1),
                "a kernel is a square: k rows of k numbers.": c_out * (c_in * k + 1),
            },
        )
        setting = f"for {c_in} maps of {height}×{width}, {c_out} out and a {k}×{k} kernel"
        for kind, yours, mine, mistakes in zip(kinds, value, right, all_mistakes, strict=True):
            named = {f"{kind}: {hint}": wrong for hint, wrong in mistakes.items()}
            otherwise = f"{kind}: {setting} I count {mine:,}, you {show(yours)}."
            require_value(yours, mine, named, otherwise)


@exercise("01.6", "equivariance_error")
def equivariance_error(answer: Callable[[Callable, Tensor, int, int], float]) -> None:
    """Check a function of (layer, x N×C×H×W, down, right): max |layer(move(x)) − move(layer(x))|.

    To move is to ``roll``.
    """
    generator = torch.Generator().manual_seed(16)
    x = torch.randn(2, 3, 6, 8, generator=generator)
    weight = torch.randn(4, 3, 3, 3, generator=generator)
    weight[3] *= 3  # the largest difference lies in the last map
    ramp = torch.arange(48.0).view(6, 8)

    def move(maps: Tensor, down: int, right: int) -> Tensor:
        return maps.roll((down, right), (2, 3))

    layers = {
        "a layer that scales each place by itself": lambda maps: maps * ramp,
        "a convolution with zeros around the image": lambda maps: F.conv2d(maps, weight, padding=1),
    }
    for name, layer in layers.items():
        for down, right in ((2, 0), (0, 3), (1, -2), (0, 0)):
            value = ask(answer, layer, x, down, right, keeps="the batch that it was given")
            require(
                isinstance(value, (int, float)) and not isinstance(value, bool),
                "Return a plain number, the largest difference; `.item()` makes one of a tensor.",
            )
            still, first = layer(x), layer(move(x, down, right))
            difference = first - move(still, down, right)
            across = layer(move(x, right, down)) - move(still, right, down)
            back = layer(move(x, -down, -right)) - move(still, -down, -right)
            mistakes = {
                "You compare the maps of the moved batch with those of the unmoved one. That asks "
                "whether they stay the same (invariance); ask whether they move along.": (
                    (first - still).abs().max()
                ),
                "The layer never sees the moved batch: compute layer(move(x)) as well.": (
                    (still - move(still, down, right)).abs().max()
                ),
                "You moved the maps back instead of along.": (
                    (first - move(still, -down, -right)).abs().max()
                ),
                "Rows and columns are swapped: `down` moves dimension 2, `right` dimension 3.": (
                    across.abs().max()
                ),
                "You move up and to the left: roll by `down` and `right`, with a plus.": (
                    back.abs().max()
                ),
                "A difference can be negative: take its absolute value, then the largest.": (
                    difference.max()
                ),
                "Return the largest difference, not the sum of all.": difference.abs().sum(),
                "Return the largest difference, not the mean.": difference.abs().mean(),
                "Return the largest absolute difference, not the root of the squares.": (
                    difference.norm()
                ),
            }
            largest = difference.abs().max().item()
            otherwise = (
                f"For {name}, moved by {down} down and {right} to the right, the largest "
                f"difference is {largest:.4f}; you have {value:.4f}."
            )
            require_value(value, largest, mistakes, otherwise, **TOLERANCE)
