"""Checkers of lesson 03, Your own CNN: BatchNorm and the first loss (03.1 and 03.2)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.calling import call
from catdog_lib.exercises.checking import (
    refuse,
    require_numbers,
    require_value,
    same,
    show,
)
from catdog_lib.exercises.registry import WrongAnswer, exercise, require

MAPS = {"rtol": 2e-4, "atol": 1e-4}  # a student may compute in float32


@exercise("03.1", "batch_norm")
def batch_norm(answer: Callable[[Tensor], Tensor]) -> None:
    """Check a function of feature maps N×C×H×W: BatchNorm in training mode.

    Its weight is 1, its bias 0 and its eps 1e-5.
    """
    generator = torch.Generator().manual_seed(5)
    for shape in ((4, 3, 5, 6), (2, 2, 2, 3)):
        scale = torch.tensor([1.0, 0.02, 7.0])[: shape[1]].view(1, -1, 1, 1)
        shift = torch.tensor([0.0, 0.5, -2.0])[: shape[1]].view(1, -1, 1, 1)
        maps = scale * torch.randn(shape, generator=generator) + shift
        value = call(answer, maps, keeps="the maps that it was given")
        require(isinstance(value, Tensor), "Return the normalized feature maps, a tensor.")
        require(
            value.shape == maps.shape,
            f"Maps of shape {tuple(maps.shape)} came back as {tuple(value.shape)}; they should "
            "keep their shape.",
        )
        kind = str(value.dtype).removeprefix("torch.")
        hint = f"The maps come back as {kind}, which has too few digits: keep float32."
        require(value.dtype in (torch.float32, torch.float64), hint)
        channel, maps = (0, 2, 3), maps.double()  # the reference has more digits than the answer
        centred = maps - maps.mean(channel, keepdim=True)
        variance = maps.var(channel, unbiased=False, keepdim=True)
        mistakes = {
            f"You took the mean over {meant}; BatchNorm takes one for each channel, over the batch "
            "and all places: (0, 2, 3).": [_normalize(maps, dims) for dims in over]
            for meant, over in {
                "each image": ((2, 3), (1, 2, 3)),
                "each place": ((0,),),
                "all channels together": ((0, 1, 2, 3),),
            }.items()
        } | {
            "You subtracted the mean; now divide by the standard deviation.": centred,
            "Divide by the root of the variance.": [
                centred / (variance + 1e-5),
                centred / variance,
            ],
            "torch.var divides by n − 1 unless told otherwise; BatchNorm divides by n: "
            "unbiased=False.": _normalize(maps, channel, unbiased=True),
        }
        otherwise = (
            "This is not (maps − mean) / √(variance + 1e-5), channel by channel; eps is added "
            "under the root."
        )
        require_value(value, _normalize(maps, channel), mistakes, otherwise, **MAPS)


def _normalize(maps: Tensor, dims: tuple[int, ...], unbiased: bool = False) -> Tensor:
    variance = maps.var(dims, unbiased=unbiased, keepdim=True)
    return (maps - maps.mean(dims, keepdim=True)) / (variance + 1e-5).sqrt()


PREDICTED = (
    "10 classes, all weights and biases 0",
    "1,000 classes, all weights and biases 0",
    "two classes, with biases of 6 and 0",
)


@exercise("03.2", is_prediction=True)
def first_losses(answer: list[float]) -> str:
    """Check three predicted first losses: of 10 and 1,000 classes, and of a wrong bias."""
    given = require_numbers(answer, 3, "a list of three losses")
    labels = torch.arange(64)
    biases = (torch.zeros(10), torch.zeros(1000), torch.tensor([6.0, 0.0]))
    measured = [F.cross_entropy(bias.expand(64, -1), labels % len(bias)).item() for bias in biases]
    mistakes = (
        {
            "The probability of each class is 1/10; the loss is minus its natural logarithm.": (
                [0.1, 0.9, -math.log(10), math.log10(10), math.log2(10)]
            )
        },
        {
            "The probability of each class is 1/1,000; the loss is minus its natural logarithm.": (
                [0.001, 0.999, -math.log(1000), math.log10(1000), math.log2(1000)]
            )
        },
        {
            "That is ln 2, the loss without the biases. With them every image is called a cat with "
            "confidence; take the loss of the cats and of the dogs, then the mean.": math.log(2),
            "That is the loss of the dogs, or of the cats, or of both together: take the mean of "
            "the two.": [math.log(1 + math.exp(6)), math.log(1 + math.exp(-6))],
        },
    )
    for name, loss, found, wrong in zip(PREDICTED, given, measured, mistakes, strict=True):
        otherwise = (
            f"{name}: the measured loss is not {show(loss)}. Which probability does the right "
            "class get?"
        )
        close = {"rtol": 0, "atol": 0.02}
        if not same(loss, found, **close):
            refuse(loss, wrong, name, **close)
            raise WrongAnswer(otherwise)
    return f"Measured: {', '.join(f'{loss:.3f}' for loss in measured)}."
