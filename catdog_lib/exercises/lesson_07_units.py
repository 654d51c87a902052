"""Checkers of lesson 07, Feature maps: maps and the units in them (07.1 and 07.2)."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask, check_settings, seeded
from catdog_lib.exercises.checking import Mistakes, require_value, same, show
from catdog_lib.exercises.registry import exercise, require


def _small_network() -> nn.Sequential:
    with seeded(0):
        layers = {
            "first": nn.Conv2d(3, 3, 3, padding=1),
            "act": nn.ReLU(),
            "second": nn.Conv2d(3, 3, 3, padding=1),
            "overwrite": nn.ReLU(inplace=True),
            "pool": nn.MaxPool2d(2),
            "flatten": nn.Flatten(),
            "linear": nn.Linear(12, 2),
        }
    return nn.Sequential(OrderedDict(layers)).eval()


def _hook_count(model: nn.Module) -> int:
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())


@exercise("07.1", "record")
def record(answer: Callable[[nn.Module, str, Tensor], Tensor]) -> None:
    """Check a function of (model, layer, images): what the layer of this name gives.

    It leaves no hook in the network.
    """
    model, x = _small_network(), torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(1))
    value = ask(answer, model, "second", x, keeps="the images that it was given")
    require(
        isinstance(value, Tensor),
        f"Return the tensor that the layer gave; you return a {type(value).__name__}.",
    )
    with torch.no_grad():
        between = model.act(model.first(x))
        right = model.second(between)
        mistakes = {
            "That goes into the layer; what comes out is the hook's third argument.": between,
            "The ReLU after the layer works in place: it has overwritten what you kept. Keep a "
            "copy, output.clone().": right.relu(),
            "You sent the photo straight into the layer; it has to go through the layers before.": (
                model.second(x)
            ),
            "That is the answer of the whole network.": model(x),
        }
    otherwise = (
        f"For the layer 'second' of a small network, of shape {tuple(right.shape)}, you return "
        f"something other than what it gave: {show(value)}."
    )
    require_value(value, right, mistakes, otherwise, rtol=1e-4, atol=1e-5)
    require(
        _hook_count(model) == 0,
        "Your hook is still there, and would run for ever: call .remove() on what "
        "register_forward_hook returned.",
    )
    require(
        not value.requires_grad,
        "What you return still holds the whole graph in memory: keep output.detach(), too.",
    )
    with suppress(RuntimeError):
        answer(model, "second", x[:, :2])  # two channels: the network refuses them
    require(
        _hook_count(model) == 0,
        "When the network stops with an error, your hook stays in it: remove it in `finally`, or "
        "use `with`.",
    )
    other = ask(answer, model, "first", x)
    require(
        isinstance(other, Tensor) and same(other, model.first(x), rtol=1e-4, atol=1e-5),
        "For another layer, 'first', the result is wrong: ask for model.get_submodule(layer).",
    )


# In the formulas u is the number of a unit along one side of its map, s the size of its receptive
# field, j the jump, t the centre of the first unit's field; a side of the photo has n pixels.
def _span(u: int, s: int, j: int, t: float, n: int) -> tuple[int, int]:
    first = t + j * u - (s - 1) / 2
    return int(first), int(first) + s


def _cut(first: int, end: int, n: int) -> tuple[int, int]:
    return max(first, 0), min(end, n)


def _along(one: Callable[..., tuple]) -> Callable[..., tuple]:
    """Return a formula for rows and columns, made of one for one side."""
    return lambda row, column, *rest: (*one(row, *rest), *one(column, *rest))


def _pushed(u: int, s: int, j: int, t: float, n: int) -> tuple[int, int]:
    first = min(max(_span(u, s, j, t, n)[0], 0), n - s)
    return first, first + s


_right = _along(lambda u, s, j, t, n: _cut(*_span(u, s, j, t, n), n))
PATCH_CASES = [
    (3, 5, 10, 4, 1.5, 64),
    (0, 2, 18, 4, 0.5, 64),
    (7, 6, 27, 8, 3, 64),
    (1, 0, 5, 2, 0, 30),
    (2, 14, 4, 2, 0.5, 30),
]
PATCH_MISTAKES: Mistakes = {
    "A field can reach beyond the photo, and a negative number in a slice counts from its other "
    "end: cut the patch off at 0 and at the side.": _along(_span),
    "Cut off at the far side as well: at `side`.": (
        _along(lambda u, *rest: (max(_span(u, *rest)[0], 0), _span(u, *rest)[1]))
    ),
    "A negative number in a slice counts from the other end: cut off at 0.": (
        _along(lambda u, *rest: (_span(u, *rest)[0], min(_span(u, *rest)[1], rest[-1])))
    ),
    "A slice leaves out its end: the second number is one more than the last pixel.": (
        _along(lambda u, *rest: _cut(_span(u, *rest)[0], _span(u, *rest)[1] - 1, rest[-1] - 1))
    ),
    "Neighbouring units look at places `jump` pixels apart, not 1.": (
        _along(lambda u, s, j, t, n: _cut(*_span(u, s, 1, t, n), n))
    ),
    "The first unit's centre is at `start`, not at 0.": (
        _along(lambda u, s, j, t, n: _cut(*_span(u, s, j, 0, n), n))
    ),
    "start + jump·unit is the centre of the patch, not its edge.": (
        _along(lambda u, s, j, t, n: _cut(int(t + j * u), int(t + j * u) + s, n))
    ),
    "Rows go from top to bottom, columns from left to right: you swapped them.": (
        lambda *case: (*_right(*case)[2:], *_right(*case)[:2])
    ),
    "The order is top, bottom, left, right.": (
        lambda *case: tuple(_right(*case)[i] for i in (0, 2, 1, 3))
    ),
    "You pushed the patch into the photo; the part outside is cut off, and the patch gets "
    "smaller.": _along(_pushed),
}


@exercise("07.2", "patch")
def patch(answer: Callable[[int, int, int, int, float, int], tuple]) -> None:
    """Check a function of (row, column, size, jump, start, side): the slice of the photo.

    It returns top, bottom, left and right.
    """
    integers = "a slice needs integers, so take int(…)"
    returns = "four numbers, top, bottom, left, right"
    check_settings(answer, "patch", PATCH_CASES, _right, PATCH_MISTAKES, integers, returns)
