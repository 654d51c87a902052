"""Checkers of lesson 02, Output shapes: sizes after one layer, and after five (02.1 and 02.2).

In the formulas h is the size, k the kernel, s the stride, p the padding on each side, d the
dilation.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import torch
from torch import nn

from catdog_lib.exercises.calling import check_settings
from catdog_lib.exercises.checking import Mistakes, as_float64, require_sequence, show
from catdog_lib.exercises.registry import exercise, require, require_form

INTEGERS = "divide with //, not with /"


def _out(h: int, k: int, s: int, p: int, d: int = 1) -> int:
    return (h + 2 * p - d * (k - 1) - 1) // s + 1


def _pair(formula: Callable) -> Callable:
    """Return a formula for height and width, made of one for one side of an image."""
    return lambda *pairs: tuple(formula(*one) for one in zip(*pairs, strict=True))


def _heights(pairs: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    return [(height, height) for height, _ in pairs]


CONV_SETTINGS = [
    ((7, 10), (3, 2), (1, 2), (0, 1), (1, 1)),
    ((10, 8), (3, 3), (2, 3), (0, 2), (1, 2)),
    ((224, 225), (3, 5), (2, 2), (1, 2), (1, 3)),
    ((31, 40), (4, 3), (3, 4), (2, 0), (2, 3)),
    ((9, 12), (1, 6), (4, 5), (0, 0), (2, 1)),
]
CONV_MISTAKES: Mistakes = {
    "Height and width are swapped: in PyTorch the first of a pair is always the height.": (
        lambda *pairs: _pair(_out)(*pairs)[::-1]
    ),
    "Your width is the height: each side has its own size, kernel, stride, padding and dilation.": (
        lambda *pairs: _pair(_out)(*_heights(pairs))
    ),
    "You use the height's settings for the width, too; take the second of each pair there.": (
        lambda size, *rest: _pair(_out)(size, *_heights(rest))
    ),
    "Half a window does not exist: round down, with // in place of /.": (
        _pair(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1) - 1) / s + 1)
    ),
    "You round up; a window that does not fit completely is left out, so round down.": (
        _pair(lambda h, k, s, p, d: ceil((h + 2 * p - d * (k - 1) - 1) / s) + 1)
    ),
    "`round` goes to the nearest; a window that does not fit completely is left out: round down.": (
        _pair(lambda h, k, s, p, d: round((h + 2 * p - d * (k - 1) - 1) / s) + 1)
    ),
    "The padding p is added on each of the two sides: 2p in total.": (
        _pair(lambda h, k, s, p, d: (h + p - d * (k - 1) - 1) // s + 1)
    ),
    "Where is the padding? It makes the image larger by p on each side.": (
        _pair(lambda h, k, s, p, d: _out(h, k, s, 0, d))
    ),
    "That is the formula without dilation: a dilated kernel spans d(k − 1) + 1 pixels, not k.": (
        _pair(lambda h, k, s, p, d: _out(h, k, s, p))
    ),
    "Between k pixels lie k − 1 steps of d: the kernel spans d(k − 1) + 1 pixels, not d·k.": (
        _pair(lambda h, k, s, p, d: (h + 2 * p - d * k) // s + 1)
    ),
    "You count dilation from 0; in PyTorch d = 1 means that its pixels lie side by side.": (
        _pair(lambda h, k, s, p, d: _out(h, k, s, p, d + 1))
    ),
    "One window is missing: the first starts at 0, before any step is taken. Add 1.": (
        _pair(lambda h, k, s, p, d: _out(h, k, s, p, d) - 1)
    ),
    "The + 1 belongs outside the division: first count the steps, then add the first window.": (
        _pair(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1)) // s)
    ),
    "The stride is missing: the kernel moves s pixels at a time.": (
        _pair(lambda h, k, s, p, d: _out(h, k, 1, p, d))
    ),
}


@exercise("02.1", "conv_shape")
def conv_shape(answer: Callable) -> None:
    """Check a function of (size, kernel, stride, padding, dilation), a pair each: the new size."""
    check_settings(answer, "conv_shape", CONV_SETTINGS, _pair(_out), CONV_MISTAKES, INTEGERS)


# What the network of the exercise is built of; the comment is the side after each layer.
LAYERS = {
    "the 5×5 convolution with stride 2": lambda: nn.Conv2d(3, 16, 5, stride=2),  # 48
    "the first pooling": lambda: nn.MaxPool2d(2),  # 24
    "the 3×3 convolution with padding 1": lambda: nn.Conv2d(16, 32, 3, padding=1),  # 24
    "the dilated convolution": lambda: nn.Conv2d(32, 64, 3, padding=2, dilation=2),  # 24
    "the last pooling": lambda: nn.MaxPool2d(3, stride=2),  # 11
}
ADVICE = (
    "how many windows of 5 pixels fit into 100 if one starts every 2 pixels, the first at 0?",
    "a pooling without a stride moves on by the size of its window.",
    "a padding of 1 on each side restores what a 3×3 kernel takes.",
    "with dilation 2 the kernel spans 5 pixels, and the padding adds 2 on each side.",
    "its windows are 3 wide, one starts every 2 pixels, and one that does not fit is left out.",
)


@exercise("02.2", is_prediction=True)
def predicted_sides(answer: list[int]) -> str:
    """Check a list of five sides: those of an image of 100 pixels after each of five layers."""
    given = require_sequence(answer, 5, "a list of five sides")
    require_form(
        all(as_float64(side).numel() == 1 and as_float64(side) % 1 == 0 for side in given),
        f"You gave {show(answer)}; a map has no half rows: give integers.",
    )
    maps = torch.zeros(1, 3, 100, 100)
    measured = []
    for (name, make), advice, side in zip(LAYERS.items(), ADVICE, given, strict=True):
        with torch.no_grad():
            maps = make()(maps)
        measured.append(maps.shape[2])
        require(
            side == measured[-1],
            f"The first side that differs from the network's comes after {name}: {advice}",
        )
    return f"The network's sides are {' → '.join(map(str, [100, *measured]))}."
