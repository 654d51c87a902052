"""Checkers of lesson 02, Output shapes: layers, their costs and their views (02.3, 02.5, 02.6)."""

from __future__ import annotations

from math import prod

import numpy as np
import torch
from torch import Tensor, nn

from catdog_lib.exercises.checking import is_integer, require_numbers, same
from catdog_lib.exercises.registry import exercise, require
from catdog_lib.models import SixBlockCNN


def _layers(answer: object, order: str) -> list[tuple[int, int, int]]:
    """Return a student's layers, from lists, tuples, an array or a tensor of three integers."""
    answer = answer.tolist() if isinstance(answer, Tensor | np.ndarray) else answer
    hint = "Give a list of layers, such as [(3, 2, 1), (3, 1, 1)]."
    require(isinstance(answer, list | tuple) and len(answer) > 0, hint)
    answer = [one.tolist() if isinstance(one, Tensor | np.ndarray) else one for one in answer]
    for layer in answer:
        good = isinstance(layer, list | tuple) and len(layer) == 3 and all(map(is_integer, layer))
        require(good, f"Each layer is three integers, {order}; {layer!r} is not.")
    return [tuple(map(int, layer)) for layer in answer]


@exercise("02.3")
def from_224_to_7(answer: list[tuple[int, int, int]]) -> None:
    """Check a list of (kernel, stride, padding): five convolutions or fewer that bring 224 to 7.

    They have to look at every pixel.
    """
    answer = _layers(answer, "(kernel, stride, padding)")
    require(len(answer) <= 5, f"These are {len(answer)} layers; use five at most.")
    sizes = [224]
    seen = [{row} for row in range(224)]  # the rows of the image that each row of the map sees
    for kernel, stride, padding in answer:
        layer = f"Layer ({kernel}, {stride}, {padding})"
        limits = "a kernel has 1 to 7 pixels here, a stride is at least 1, a padding at least 0."
        require(1 <= kernel <= 7 and stride >= 1 and padding >= 0, f"{layer}: {limits}")
        require(
            2 * padding <= kernel,
            f"{layer} pads with more than half a kernel, so some windows see hardly anything but "
            "zeros. The order is kernel, stride, padding, and the padding is added on each side.",
        )
        size = (sizes[-1] + 2 * padding - kernel) // stride + 1
        require(size > 0, f"{layer}: the kernel is larger than the map of {sizes[-1]}.")
        windows = [range(i * stride - padding, i * stride - padding + kernel) for i in range(size)]
        seen = [set().union(*(seen[i] for i in w if 0 <= i < sizes[-1])) for w in windows]
        sizes.append(size)
    path = " → ".join(map(str, sizes))
    require(
        sizes[-1] == 7,
        f"Your sizes are {path}; they should end at 7. Which steps did not shrink the side as you "
        "planned, or is a layer missing?",
    )
    lost = sorted(set(range(224)) - set().union(*seen))
    require(
        not lost or all(stride <= kernel for kernel, stride, _ in answer),
        f"The sizes are right, {path}, but where the stride is larger than the kernel it jumps "
        f"over pixels: {len(lost)} of the 224 rows are never looked at.",
    )
    require(
        not lost,
        f"The sizes are right, {path}, but a remainder was thrown away: of the 224 rows these are "
        f"never looked at: {', '.join(map(str, lost))}.",
    )


WHAT_GROWS = (
    "the memory of the first convolution's output",
    "the parameters of all convolutions",
    "the work of the first convolution",
    "the weights of the last layer",
)


@exercise("02.5", is_prediction=True)
def growth(answer: list[float]) -> str:
    """Check four factors: what becomes of a network's costs when the image's side doubles."""
    given = require_numbers(answer, 4, "a list of four factors")
    small, large = (_costs(SixBlockCNN(size=size), size) for size in (112, 224))
    measured = [after / before for before, after in zip(small, large, strict=True)]
    hints = (
        "the map is twice as high and twice as wide.",
        "look at the formula: does the size of the map appear in it?",
        "the number of places is four times as large, and each costs the same.",
        "halve 112 six times, rounding down each time, and do the same for 224; then square.",
    )
    for name, factor, found, hint in zip(WHAT_GROWS, given, measured, hints, strict=True):
        good = same(factor, found)
        require(good, f"The factor for {name} is not {factor:g}: {hint}")
    return f"Measured: {', '.join(f'{factor:g}' for factor in measured)}."


def _costs(model: nn.Module, size: int) -> tuple[int, int, int, int]:
    """Return the four costs of WHAT_GROWS: numbers, parameters, multiply-adds, weights."""
    first, *_ = layers = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
    (last,) = (layer for layer in model.modules() if isinstance(layer, nn.Linear))
    with torch.no_grad():
        outputs = first(torch.zeros(1, 3, size, size)).numel()
    parameters = sum(p.numel() for layer in layers for p in layer.parameters())
    return outputs, parameters, outputs * first.weight[0].numel(), last.weight.numel()


@exercise("02.6")
def see_enough(answer: list[tuple[int, int, int]]) -> str:
    """Check a list of (kernel, stride, dilation): six layers or fewer that see 64 pixels.

    The strides multiply to 8 at most, and the field has no holes.
    """
    answer = _layers(answer, "(kernel, stride, dilation)")
    for layer in answer:
        kernel, stride, dilation = layer
        require(
            1 <= kernel <= 3 and stride >= 1 and dilation >= 1,
            f"{layer}: a kernel has 1 to 3 pixels here, stride and dilation are at least 1.",
        )
    require(len(answer) <= 6, f"These are {len(answer)} layers; use six at most.")
    jump = prod(stride for _, stride, _ in answer)
    require(
        jump <= 8,
        f"Your strides multiply to {jump}: neighbouring units lie {jump} pixels apart, and the map "
        "keeps too little detail. At most 8.",
    )
    seen = {0}  # what one unit on top sees, layer by layer down to the image
    for kernel, stride, dilation in reversed(answer):
        seen = {at * stride + i * dilation for at in seen for i in range(kernel)}
    size = max(seen) - min(seen) + 1
    require(
        size >= 64,
        f"A unit on top spans {size} pixels; it has to span at least 64. A stride widens the view "
        "of all layers above it.",
    )
    require(
        len(seen) == size,
        f"A unit on top spans {size} pixels but looks at {len(seen)} of them. A dilation or a "
        "stride larger than what the units below see leaves holes.",
    )
    return f"It sees {size} pixels without a hole, and neighbouring units lie {jump} pixels apart."
