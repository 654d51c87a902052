"""Checkers of lesson 02, Output shapes: sizes after a convolution and after pooling (02.1 to 02.3).

In the formulas h is the size, k the kernel, s the stride, p the padding on each side, d the
dilation, c whether ceil_mode is on.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

from catdog_lib.exercises.calling import check_settings
from catdog_lib.exercises.checking import Mistakes
from catdog_lib.exercises.registry import exercise

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
    "A kernel of k places has k − 1 gaps between them: it spans d(k − 1) + 1 pixels, not d·k.": (
        _pair(lambda h, k, s, p, d: (h + 2 * p - d * k) // s + 1)
    ),
    "You count dilation from 0; in PyTorch d = 1 means that the places lie side by side.": (
        _pair(lambda h, k, s, p, d: _out(h, k, s, p, d + 1))
    ),
    "One window is missing: the first stands at 0, before any step is made. Add 1.": (
        _pair(lambda h, k, s, p, d: _out(h, k, s, p, d) - 1)
    ),
    "The + 1 stands outside of the division: first count the steps, then add the first window.": (
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


def _halves(total: int) -> tuple[int, int]:
    return total // 2, total - total // 2


PAD_SETTINGS = [(3, 1), (4, 1), (5, 2), (2, 1), (1, 1), (4, 3), (6, 2), (7, 3)]
PAD_MISTAKES: Mistakes = {
    "When the total is odd, PyTorch puts the larger half after the image, not before it.": (
        lambda k, d: _halves(d * (k - 1))[::-1]
    ),
    "That is the total on each side; it is shared between the two sides.": (
        lambda k, d: (d * (k - 1), d * (k - 1))
    ),
    "There are no half pixels: when the total is odd, one side gets one more.": (
        lambda k, d: (d * (k - 1) / 2, d * (k - 1) / 2)
    ),
    "When the total is odd this loses one: the image would shrink by a pixel.": (
        lambda k, d: (d * (k - 1) // 2, d * (k - 1) // 2)
    ),
    "What is lost at the edges is d(k − 1) pixels, not d·k.": (
        lambda k, d: (d * k // 2, d * k // 2)
    ),
    "k // 2 on each side is right for odd kernels without dilation only.": (
        lambda k, d: (k // 2, k // 2)
    ),
    "A dilated kernel is wider: it spans d(k − 1) + 1 pixels.": lambda k, d: _halves(k - 1),
    "That is right for odd kernels without dilation only.": (
        lambda k, d: ((k - 1) // 2, (k - 1) // 2)
    ),
    "A kernel of k pixels makes the image k − 1 smaller, not k.": lambda k, d: _halves(k),
}


@exercise("02.2", "same_padding_of_both_ends")
def same_padding(answer: Callable) -> None:
    """Check a function of (kernel, dilation): the padding before and after that keeps the size."""

    def right(k: int, d: int) -> tuple[int, int]:
        return _halves(d * (k - 1))

    name = "same_padding_of_both_ends"
    check_settings(answer, name, PAD_SETTINGS, right, PAD_MISTAKES, INTEGERS)


def _up(h: int, k: int, s: int, p: int) -> int:
    return ceil((h + 2 * p - k) / s) + 1


def _pooled(drops: Callable) -> Callable:
    """Return the formula of the pooled size; ``drops(start, h, p)`` is PyTorch's odd rule.

    It says whether ceil_mode leaves out a window that starts at ``start``.
    """

    def size(h: int, k: int, s: int, p: int, ceil_mode: bool) -> int:
        out = _up(h, k, s, p) if ceil_mode else _out(h, k, s, p)
        return out - 1 if ceil_mode and drops((out - 1) * s, h, p) else out

    return size


_pool = _pooled(lambda start, h, p: start >= h + p)
POOL_SETTINGS = [
    *((7, 2, 2, 0, False), (7, 2, 2, 0, True), (8, 2, 2, 0, True), (5, 2, 2, 1, True)),
    *((7, 3, 2, 1, False), (7, 2, 3, 1, True), (6, 2, 3, 1, True), (9, 3, 2, 1, True)),
    *((112, 3, 2, 1, False), (112, 3, 2, 0, True), (10, 4, 3, 2, True), (11, 4, 5, 2, True)),
    *((13, 3, 5, 0, False), (3, 2, 3, 0, True)),
]
POOL_MISTAKES: Mistakes = {
    "You always round down: what does ceil_mode do?": lambda h, k, s, p, c: _out(h, k, s, p),
    "Right except for PyTorch's odd rule: a window that would start in the padding after the map "
    "is left out.": _pooled(lambda start, h, p: False),
    "You always round up; PyTorch does so with ceil_mode only.": (
        lambda h, k, s, p, c: _up(h, k, s, p)
    ),
    "The two modes are swapped: ceil_mode=True rounds up.": (
        lambda h, k, s, p, c: _pool(h, k, s, p, not c)
    ),
    "Nearly: places are counted from 0, so the padding after the map begins at h + p itself: "
    "take >=.": _pooled(lambda start, h, p: start > h + p),
    "Places are counted from the start of the padding before the map, so the map ends at h + p, "
    "not at h.": _pooled(lambda start, h, p: start >= h),
    "You leave out windows that start after the padding; leave out those that start in it, too.": (
        _pooled(lambda start, h, p: start >= h + 2 * p)
    ),
    "With ceil_mode you always leave out the last window; do so only if it starts in the "
    "padding.": _pooled(lambda start, h, p: True),
    "You take the kernel for the stride: they are the same only where no stride is given.": (
        lambda h, k, s, p, c: _pool(h, k, k, p, c)
    ),
    "Where is the padding? It makes the map larger by p on each side.": (
        lambda h, k, s, p, c: _pool(h, k, s, 0, c)
    ),
    "One window is missing: the first stands at 0, before any step is made. Add 1.": (
        lambda h, k, s, p, c: _pool(h, k, s, p, c) - 1
    ),
    "Half a window does not exist: round down, or up with ceil_mode.": (
        lambda h, k, s, p, c: (h + 2 * p - k) / s + 1
    ),
}


@exercise("02.3", "my_pool_size")
def pool_output_size(answer: Callable) -> None:
    """Check a function of (size, kernel, stride, padding, ceil_mode): PyTorch's pooled size."""
    check_settings(answer, "my_pool_size", POOL_SETTINGS, _pool, POOL_MISTAKES, INTEGERS)
