"""Checkers of lesson 02, Output shapes: networks, their costs and their views (02.3 to 02.6)."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np
import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import is_integer, require_numbers, same
from catdog_lib.exercises.own_line import describe
from catdog_lib.exercises.random_inputs import generator, seeded
from catdog_lib.exercises.registry import WrongAnswer, exercise, require
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
        f"Your sizes are {path}; they should end at 7. Which padding lets a stride of 2 halve an "
        "even size?",
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


# every remainder after a division by 4, more than once: rounding in another way is wrong somewhere
SIZES = (16, 17, 18, 19, 22, 63, 64, 65, 66, 67, 99, 130, 225)


@exercise("02.4", "make_network")
def make_network(answer: Callable[[int], nn.Module]) -> None:
    """Check a function of the image's size: a network with the five layers, for any size."""
    for size in SIZES:
        with seeded(size):
            model = ask(answer, size, draws=True)
        require(isinstance(model, nn.Module), "Return the network, an nn.Module.")
        _require_the_convolutions(model)
        for count in (3, 1):
            _require_two_numbers(model.eval(), count, size)


def _require_two_numbers(model: nn.Module, count: int, size: int) -> None:
    """Require that the five layers run, and that each of so many images gets two numbers."""
    images = torch.rand(count, 3, size, size, generator=generator(size))
    ran: list[tuple[str, int, int]] = []  # the layers that run, and the side before and after each
    hooks = [
        layer.register_forward_hook(
            lambda layer, given, out: ran.append(
                (type(layer).__name__, given[0].shape[-1], out.shape[-1])
            )
        )
        for layer in model.modules()
        if isinstance(layer, nn.Conv2d | nn.ReLU | nn.MaxPool2d)
    ]
    stopped = None
    try:
        with torch.no_grad():
            logits = model(images)
    except Exception as error:
        stopped = error
    finally:
        for hook in hooks:
            hook.remove()
    if stopped is None or len(ran) > 4:
        _require_the_layers(ran[:5])
    if stopped is not None:
        advice = (
            f" After the first layer the side is {(size - 1) // 2 + 1}, after the pooling half of "
            "that, rounded down."
        )
        raise WrongAnswer(
            f"With {'a single image' if count == 1 else 'images'} of {size} pixels the network "
            f"stops: {describe(stopped)}.{advice if len(ran) > 4 else ''}"
        ) from stopped
    found = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
    require(
        found == (count, 2),
        f"{count} images of {size} pixels should give two numbers each, ({count}, 2); your network "
        f"gives {found}.",
    )


def _require_the_convolutions(model: nn.Module) -> None:
    """Require the two convolutions as they were given."""
    found = [
        (layer.in_channels, layer.out_channels, *map(_one, (layer.stride, layer.padding)))
        for layer in model.modules()
        if isinstance(layer, nn.Conv2d) and _one(layer.kernel_size) == 3
    ]
    require(
        found[:2] == [(3, 8, 2, 1), (8, 16, 1, 1)],
        "Keep the two convolutions as they are; what has to change comes after the features.",
    )


def _require_the_layers(ran: list[tuple[str, int, int]]) -> None:
    """Require that the five layers run first, in their order; what counts is what they do."""
    names = [name for name, _, _ in ran]
    hint = "Keep the two ReLUs before the pooling; what has to change comes after the features."
    require(names[:4] == ["Conv2d", "ReLU"] * 2, hint)
    good = all(after == before for _, before, after in ran[1:4])
    hint = "Keep the two convolutions as they are; what has to change comes after the features."
    require(good, hint)
    hint = "Keep the pooling as it is, 2×2 and rounded down."
    require(names[4:] == ["MaxPool2d"] and ran[4][2] == ran[4][1] // 2, hint)


def _one(setting: int | tuple[int, ...]) -> int:
    """Return the setting of a layer that is the same for height and width."""
    return setting if isinstance(setting, int) else setting[0]


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
        f"A unit on top sees {size} pixels in a row. A stride widens the view of all layers above "
        "it.",
    )
    require(
        len(seen) == size,
        f"A unit on top spans {size} pixels but looks at {len(seen)} of them. A dilation or a "
        "stride larger than what the units below see leaves holes.",
    )
    return f"It sees {size} pixels without a hole, and neighbouring units lie {jump} pixels apart."
