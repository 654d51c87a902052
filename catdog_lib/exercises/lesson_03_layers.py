"""Checkers of lesson 03, Your own CNN: layers and the first loss (03.1 to 03.3)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask, call
from catdog_lib.exercises.checking import require_value, show
from catdog_lib.exercises.registry import exercise, require

LOSS = {"rtol": 1e-4, "atol": 1e-6}  # the tolerance for a loss or a rate
MAPS = {"atol": 1e-5}


@exercise("03.1", "conv_parameters")
def parameters_of_convolution(answer: Callable[[int, int, int], int]) -> None:
    """Check a function of (channels_in, channels_out, kernel): a convolution's parameters."""
    for c_in, c_out, k in ((2, 7, 5), (3, 64, 3), (64, 512, 3), (16, 4, 1)):
        value, weights = ask(answer, c_in, c_out, k), c_in * c_out * k * k
        setting = f"for {c_in} channels in, {c_out} out and a {k}×{k} kernel"
        mistakes = {
            f"You counted the weights; {setting} something is still added to every output "
            "channel.": weights,
            "There is one bias for each channel that comes out, not for each that goes in.": (
                weights + c_in
            ),
            "Each output channel has a bias of its own.": weights + 1,
            "Every kernel looks at all channels that come in: it has k·k numbers for each.": (
                c_out * k * k + c_out
            ),
            "A kernel is a square: k rows of k numbers.": c_in * c_out * k + c_out,
        }
        otherwise = f"{setting} I count {weights + c_out:,}, you {show(value)}."
        require_value(value, weights + c_out, mistakes, otherwise)


@exercise("03.2", "batch_norm")
def batch_norm(answer: Callable[[Tensor], Tensor]) -> None:
    """Check a function of feature maps N×C×H×W: BatchNorm in training mode.

    Its weight is 1, its bias 0 and its eps 1e-5.
    """
    generator = torch.Generator().manual_seed(5)
    for shape in ((4, 3, 5, 6), (2, 2, 2, 3)):
        scale = torch.tensor([1.0, 0.02, 7.0])[: shape[1]].view(1, -1, 1, 1)
        shift = torch.tensor([0.0, 3.0, -2.0])[: shape[1]].view(1, -1, 1, 1)
        maps = scale * torch.randn(shape, generator=generator) + shift
        value = call(answer, maps, keeps="the maps that it was given")
        require(isinstance(value, Tensor), "Return the normalised feature maps, a tensor.")
        require(
            value.shape == maps.shape,
            f"Maps of shape {tuple(maps.shape)} came back as {tuple(value.shape)}: use "
            "keepdim=True.",
        )
        channel = (0, 2, 3)
        centred = maps - maps.mean(channel, keepdim=True)
        variance = maps.var(channel, unbiased=False, keepdim=True)
        mistakes = {
            f"You took the mean over {meant}; BatchNorm takes one for each channel, over the batch "
            "and all places: (0, 2, 3).": [_normalise(maps, dims) for dims in over]
            for meant, over in {
                "each image": ((2, 3), (1, 2, 3)),
                "each place": ((0,),),
                "all channels together": ((0, 1, 2, 3),),
            }.items()
        } | {
            "You subtracted the mean; now divide by the standard deviation.": centred,
            "Divide by the root of the variance.": centred / (variance + 1e-5),
            "torch.var divides by n − 1 unless told otherwise; BatchNorm normalises with n: "
            "unbiased=False.": _normalise(maps, channel, unbiased=True),
        }
        otherwise = (
            "Not what nn.BatchNorm2d gives in training mode: (maps − mean) / √(variance + 1e-5); "
            "eps stands under the root."
        )
        require_value(value, _normalise(maps, channel), mistakes, otherwise, **MAPS)


def _normalise(maps: Tensor, dims: tuple[int, ...], unbiased: bool = False) -> Tensor:
    variance = maps.var(dims, unbiased=unbiased, keepdim=True)
    return (maps - maps.mean(dims, keepdim=True)) / (variance + 1e-5).sqrt()


@exercise("03.3", "first_loss")
def first_loss(answer: Callable[[int], float]) -> None:
    """Check a function of the number of classes: the loss of a network that knows nothing."""
    for classes in (10, 2, 1000):
        value, right = ask(answer, classes), math.log(classes)
        mistakes = {
            "The sign: a loss is −ln of a probability, and ln of a number below 1 is negative.": (
                -right
            ),
            "Cross-entropy uses the natural logarithm, base e, not base 2.": math.log2(classes),
            "Cross-entropy uses the natural logarithm, base e, not base 10.": math.log10(classes),
            "That is the probability of each class; the loss is −ln of it.": 1 / classes,
            "That is the error rate of guessing; the loss is −ln of the probability.": (
                1 - 1 / classes
            ),
        }
        otherwise = (
            f"With {classes} classes each has probability 1/{classes}; you say {show(value)}, "
            "which is not −ln of it."
        )
        require_value(value, right, mistakes, otherwise, **LOSS)
