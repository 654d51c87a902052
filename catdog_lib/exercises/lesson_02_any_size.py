"""Checker of lesson 02, Output shapes: a network for images of any size (02.4)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.own_line import describe
from catdog_lib.exercises.random_inputs import generator, seeded
from catdog_lib.exercises.registry import WrongAnswer, exercise, require
from catdog_lib.inspect.hooks import LayerCall, forward_hooks

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
    kinds = nn.Conv2d | nn.ReLU | nn.MaxPool2d
    layers = [name for name, layer in model.named_modules() if isinstance(layer, kinds)]

    def note(call: LayerCall) -> None:
        sides = call.inputs[0].shape[-1], call.output.shape[-1]
        ran.append((type(call.layer).__name__, *sides))

    stopped = None
    try:
        with torch.no_grad(), forward_hooks(model, note, layers=layers):
            logits = model(images)
    except Exception as error:
        stopped = error
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
    hint = (
        "The network should begin with the five given layers, as modules and in their order "
        "(Conv2d, ReLU, Conv2d, ReLU, MaxPool2d); change only what comes after them."
    )
    require(names[:4] == ["Conv2d", "ReLU"] * 2, hint)
    good = all(after == before for _, before, after in ran[1:4])
    hint = "Keep the two convolutions as they are; what has to change comes after the features."
    require(good, hint)
    hint = "Keep the pooling as it is, 2×2 and rounded down."
    require(names[4:] == ["MaxPool2d"] and ran[4][2] == ran[4][1] // 2, hint)


def _one(setting: int | tuple[int, ...]) -> int:
    """Return the setting of a layer that is the same for height and width."""
    return setting if isinstance(setting, int) else setting[0]
