"""Checkers of lesson 02, Output shapes.

Most of them ask the answer for a list of settings and look whether it makes one known mistake in
all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, prod

from catdog_lib.exercises.registry import exercise, require

Mistakes = Sequence[tuple[Callable, str]]  # a wrong formula, and the hint that it deserves


def _check_all(
    answer: object, name: str, settings: Sequence[tuple], right: Callable, mistakes: Mistakes
) -> None:
    """Ask for each setting; name the mistake whose results the answer gives everywhere, else the
    first difference.
    """
    require(callable(answer), f"Give the function itself: check(…, {name}), without calling it.")
    given = [answer(*setting) for setting in settings]
    wanted = [right(*setting) for setting in settings]
    require(given[0] is not None, "Your function returns None: does it end in `return`?")
    if isinstance(wanted[0], tuple):
        for value in given:
            require(
                isinstance(value, (tuple, list)) and len(value) == 2,
                f"Return two numbers, as in `return first, second`; you return {value!r}.",
            )
        given = [tuple(value) for value in given]
    for formula, hint in mistakes:
        require(given != [formula(*setting) for setting in settings], hint)
    for setting, value, target in zip(settings, given, wanted, strict=True):
        call = f"{name}({', '.join(map(str, setting))})"
        require(value == target, f"{call} should be {target}; yours gives {value}.")
        numbers = value if isinstance(value, tuple) else (value,)
        require(
            all(isinstance(number, int) for number in numbers),
            f"{call} gives {value}, a float: divide with //, not with /.",
        )


# 02.1 and 02.3. In formulas h is the size, k the kernel, s the stride, p the padding on each side,
# d the dilation.
def _out(h: int, k: int, s: int, p: int, d: int = 1) -> int:
    return (h + 2 * p - d * (k - 1) - 1) // s + 1


def _pair(formula: Callable) -> Callable:
    """Make a formula for one side of a picture one for height and width."""
    return lambda *pairs: tuple(formula(*one) for one in zip(*pairs, strict=True))


def _heights(pairs: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    return [(height, height) for height, _ in pairs]


# fmt: off
CONV_SETTINGS = [
    ((7, 10), (3, 2), (1, 2), (0, 1), (1, 1)), ((10, 8), (3, 3), (2, 3), (0, 2), (1, 2)),
    ((224, 225), (3, 5), (2, 2), (1, 2), (1, 3)), ((31, 40), (4, 3), (3, 4), (2, 0), (2, 3)),
    ((9, 12), (1, 6), (4, 5), (0, 0), (2, 1)),
]
CONV_MISTAKES: Mistakes = [
    (lambda *pairs: _pair(_out)(*pairs)[::-1],
     "Height and width are swapped: in PyTorch the first of a pair is always the height."),
    (lambda *pairs: _pair(_out)(*_heights(pairs)),
     "Your width is the height: each side has its own size, kernel, stride, padding and dilation."),
    (lambda size, *rest: _pair(_out)(size, *_heights(rest)),
     "You use the height's settings for the width, too; take the second of each pair there."),
    (_pair(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1) - 1) / s + 1),
     "Half a window does not exist: round down, with // in place of /."),
    (_pair(lambda h, k, s, p, d: ceil((h + 2 * p - d * (k - 1) - 1) / s) + 1),
     "You round up; a window that does not fit whole is left out, so round down."),
    (_pair(lambda h, k, s, p, d: round((h + 2 * p - d * (k - 1) - 1) / s) + 1),
     "`round` goes to the nearest; a window that does not fit whole is left out: round down."),
    (_pair(lambda h, k, s, p, d: (h + p - d * (k - 1) - 1) // s + 1),
     "The padding p is added on each of the two sides: 2p in total."),
    (_pair(lambda h, k, s, p, d: _out(h, k, s, 0, d)),
     "Where is the padding? It makes the picture larger by p on each side."),
    (_pair(lambda h, k, s, p, d: _out(h, k, s, p)),
     "That is the formula without dilation: a dilated kernel spans d(k − 1) + 1 pixels, not k."),
    (_pair(lambda h, k, s, p, d: (h + 2 * p - d * k) // s + 1),
     "A kernel of k places has k − 1 gaps between them: it spans d(k − 1) + 1 pixels, not d·k."),
    (_pair(lambda h, k, s, p, d: _out(h, k, s, p, d + 1)),
     "You count dilation from 0; in PyTorch d = 1 means that the places lie side by side."),
    (_pair(lambda h, k, s, p, d: _out(h, k, s, p, d) - 1),
     "One window is missing: the first stands at 0, before any step is made. Add 1."),
    (_pair(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1)) // s),
     "The + 1 stands outside of the division: first count the steps, then add the first window."),
    (_pair(lambda h, k, s, p, d: _out(h, k, 1, p, d)),
     "The stride is missing: the kernel moves s pixels at a time."),
]
# fmt: on


@exercise("02.1")
def conv_shape(answer: Callable) -> None:
    """A function of (size, kernel, stride, padding, dilation), a pair each: height and width that
    come out.
    """
    _check_all(answer, "conv_shape", CONV_SETTINGS, _pair(_out), CONV_MISTAKES)


# 02.2
def _halves(total: int) -> tuple[int, int]:
    return total // 2, total - total // 2


# fmt: off
PAD_SETTINGS = [(3, 1), (4, 1), (5, 2), (2, 1), (1, 1), (4, 3), (6, 2), (7, 3)]
PAD_MISTAKES: Mistakes = [
    (lambda k, d: _halves(d * (k - 1))[::-1],
     "When the total is odd, PyTorch puts the larger half after the picture, not before it."),
    (lambda k, d: (d * (k - 1), d * (k - 1)), "That is the total on each side; it is shared between the two sides."),
    (lambda k, d: (d * (k - 1) / 2, d * (k - 1) / 2),
     "There are no half pixels: when the total is odd, one side gets one more."),
    (lambda k, d: (d * (k - 1) // 2, d * (k - 1) // 2),
     "When the total is odd this loses one: the picture would shrink by a pixel."),
    (lambda k, d: (d * k // 2, d * k // 2), "What is lost at the edges is d(k − 1) pixels, not d·k."),
    (lambda k, d: (k // 2, k // 2), "k // 2 on each side is right for odd kernels without dilation only."),
    (lambda k, d: _halves(k - 1), "A dilated kernel is wider: it spans d(k − 1) + 1 pixels."),
    (lambda k, d: ((k - 1) // 2, (k - 1) // 2), "That is right for odd kernels without dilation only."),
    (lambda k, d: _halves(k), "A kernel of k pixels makes the picture k − 1 smaller, not k."),
]
# fmt: on


@exercise("02.2")
def same_padding(answer: Callable) -> None:
    """A function of (kernel, dilation): padding before and after that keeps the size at stride
    1.
    """
    _check_all(
        answer, "same_padding", PAD_SETTINGS, lambda k, d: _halves(d * (k - 1)), PAD_MISTAKES
    )


# 02.3
def _up(h: int, k: int, s: int, p: int) -> int:
    return ceil((h + 2 * p - k) / s) + 1


def _pooled(drops: Callable) -> Callable:
    """The pooled size, if ``drops(start, h, p)`` says whether ceil_mode leaves out a window that
    starts there.
    """

    def size(h: int, k: int, s: int, p: int, ceil_mode: bool) -> int:
        out = _up(h, k, s, p) if ceil_mode else _out(h, k, s, p)
        return out - 1 if ceil_mode and drops((out - 1) * s, h, p) else out

    return size


_pool = _pooled(lambda start, h, p: start >= h + p)
# fmt: off
POOL_SETTINGS = [
    (7, 2, 2, 0, False), (7, 2, 2, 0, True), (8, 2, 2, 0, True), (5, 2, 2, 1, True), (7, 3, 2, 1, False),
    (7, 2, 3, 1, True), (6, 2, 3, 1, True), (9, 3, 2, 1, True), (112, 3, 2, 1, False), (112, 3, 2, 0, True),
    (10, 4, 3, 2, True), (11, 4, 5, 2, True), (13, 3, 5, 0, False), (3, 2, 3, 0, True),
]
POOL_MISTAKES: Mistakes = [
    (lambda h, k, s, p, c: _out(h, k, s, p), "You always round down: what does ceil_mode do?"),
    (_pooled(lambda start, h, p: False),
     "Right but for PyTorch's odd rule: a window that would start in the padding after the map is "
     "left out."),
    (lambda h, k, s, p, c: _up(h, k, s, p), "You always round up; PyTorch does so with ceil_mode only."),
    (lambda h, k, s, p, c: _pool(h, k, s, p, not c), "The two modes are swapped: ceil_mode=True rounds up."),
    (_pooled(lambda start, h, p: start > h + p),
     "Nearly: places are counted from 0, so the padding after the map begins at h + p itself: "
     "take >=."),
    (_pooled(lambda start, h, p: start >= h),
     "Places are counted from the start of the padding before the map, so the map ends at h + p, "
     "not at h."),
    (_pooled(lambda start, h, p: start >= h + 2 * p),
     "You leave out windows that start after the padding; leave out those that start in it, too."),
    (_pooled(lambda start, h, p: True),
     "With ceil_mode you always leave out the last window; do so only if it starts in the "
     "padding."),
    (lambda h, k, s, p, c: _pool(h, k, k, p, c),
     "You take the kernel for the stride: they are the same only where no stride is given."),
    (lambda h, k, s, p, c: _pool(h, k, s, 0, c), "Where is the padding? It makes the map larger by p on each side."),
    (lambda h, k, s, p, c: _pool(h, k, s, p, c) - 1,
     "One window is missing: the first stands at 0, before any step is made. Add 1."),
    (lambda h, k, s, p, c: (h + 2 * p - k) / s + 1,
     "Half a window does not exist: round down, or up with ceil_mode."),
]
# fmt: on


@exercise("02.3")
def pool_output_size(answer: Callable) -> None:
    """A function of (size, kernel, stride, padding, ceil_mode): PyTorch's size of a pooled map."""
    _check_all(answer, "pool_output_size", POOL_SETTINGS, _pool, POOL_MISTAKES)


@exercise("02.4")
def from_224_to_7(answer: list[tuple[int, int, int]]) -> None:
    """A list of (kernel, stride, padding): at most five convolutions that bring 224 to 7 and look
    at every pixel.
    """
    require(
        isinstance(answer, (list, tuple)) and len(answer) > 0,
        "Give a list of layers, such as [(3, 2, 1), (3, 1, 1)].",
    )
    for layer in answer:
        require(
            isinstance(layer, (list, tuple))
            and len(layer) == 3
            and all(isinstance(number, int) for number in layer),
            f"Each layer is three whole numbers, (kernel, stride, padding); {layer!r} is not.",
        )
    require(len(answer) <= 5, f"These are {len(answer)} layers; five are enough.")
    sizes = [224]
    seen = [{row} for row in range(224)]  # the rows of the picture that each row of the map sees
    for kernel, stride, padding in answer:
        layer = f"Layer ({kernel}, {stride}, {padding})"
        require(
            1 <= kernel <= 7 and stride >= 1 and padding >= 0,
            f"{layer}: a kernel has 1 to 7 pixels here, a stride is at least 1, a padding at least "
            "0.",
        )
        require(
            2 * padding <= kernel,
            f"{layer} pads with more than half a kernel, so some windows see hardly anything but "
            "zeros. The order is kernel, stride, padding, and the padding is on each side.",
        )
        size = _out(sizes[-1], kernel, stride, padding)
        require(size > 0, f"{layer}: the kernel is larger than the map of {sizes[-1]}.")
        windows = [range(i * stride - padding, i * stride - padding + kernel) for i in range(size)]
        seen = [set().union(*(seen[i] for i in w if 0 <= i < sizes[-1])) for w in windows]
        sizes.append(size)
    way = " → ".join(map(str, sizes))
    require(
        sizes[-1] == 7,
        f"Your way is {way}; it should end at 7. Which padding lets a stride of 2 halve an even "
        "size?",
    )
    lost = sorted(set(range(224)) - set().union(*seen))
    require(
        not lost or all(stride <= kernel for kernel, stride, _ in answer),
        f"The sizes are right, {way}, but where the stride is larger than the kernel it jumps over "
        f"pixels: {len(lost)} of the 224 rows are never looked at.",
    )
    require(
        not lost,
        f"The sizes are right, {way}, but a remainder was thrown away: of the 224 rows these are "
        f"never looked at: {', '.join(map(str, lost))}.",
    )


# 02.5
def _field(layers: list[tuple[int, int, int]], adds: Callable, start: int = 1) -> int:
    """The receptive field, if a layer adds ``adds(kernel, stride, dilation, jump)`` pixels."""
    size, jump = start, 1
    for kernel, stride, dilation in layers:
        size += adds(kernel, stride, dilation, jump)
        jump *= stride
    return size


def _grow(k: int, s: int, d: int, jump: int) -> int:
    return (k - 1) * d * jump


def _added_jumps(layers: list[tuple[int, int, int]]) -> int:
    jumps = [1 + sum(stride - 1 for _, stride, _ in layers[:i]) for i in range(len(layers))]
    return 1 + sum((k - 1) * d * jump for (k, _, d), jump in zip(layers, jumps, strict=True))


# fmt: off
STACKS = [
    ([(3, 1, 1), (3, 1, 1)],), ([(3, 1, 1), (2, 2, 1), (3, 1, 1), (2, 2, 1)],), ([(5, 3, 1)],),
    ([(7, 2, 1), (3, 2, 1), (3, 1, 1), (5, 3, 2), (3, 1, 4)],), ([(1, 2, 1), (3, 1, 2), (4, 2, 1), (1, 1, 1)],),
]
FIELD_MISTAKES: Mistakes = [
    (lambda layers: _field(layers, lambda k, s, d, j: (k - 1) * d * j * s),
     "A layer's own stride does not widen its own view, only that of the layers above: first the "
     "size, then the jump."),
    (lambda layers: _field(layers, lambda k, s, d, j: (k - 1) * d),
     "Where are the strides? Above a stride of 2, neighbouring units lie 2 pixels apart."),
    (lambda layers: _field(layers, lambda k, s, d, j: (k - 1) * j),
     "Where is the dilation? It lets the k places of a kernel span (k − 1)·d + 1."),
    (lambda layers: _field(layers, lambda k, s, d, j: k * d * j), "A kernel of k places adds k − 1 steps, not k."),
    (lambda layers: _field(layers, lambda k, s, d, j: (k * d - 1) * j),
     "A kernel of k places has k − 1 gaps, so it adds (k − 1)·d, not k·d − 1."),
    (lambda layers: _field(layers, _grow, start=0),
     "Begin with 1: without any layer, a unit is a pixel and sees itself."),
    (_added_jumps, "Jumps multiply: a stride of 2 on a stride of 2 makes 4."),
    (lambda layers: _field(layers[::-1], _grow),
     "You went through the list from its end; the strides below a layer count, so begin with the "
     "first."),
    (lambda layers: sum(k for k, _, _ in layers), "Fields overlap: two 3×3 kernels see 5 pixels, not 6."),
    (lambda layers: prod(k for k, _, _ in layers), "Kernels do not multiply: two 3×3 kernels see 5 pixels, not 9."),
    (lambda layers: prod(s for _, s, _ in layers), "That is the jump, the product of the strides; return the size."),
]
# fmt: on


@exercise("02.5")
def receptive_field(answer: Callable) -> None:
    """A function of a list of (kernel, stride, dilation), first layer first: pixels that one unit
    on top sees.
    """
    _check_all(
        answer, "receptive_field", STACKS, lambda layers: _field(layers, _grow), FIELD_MISTAKES
    )


# 02.6. Here c is the number of channels.
# fmt: off
WEIGHT_MISTAKES: Mistakes = [
    (lambda c, k: k * k * c * c,
     "These are the weights of the one large kernel; count those of the 3×3 layers that see as "
     "far."),
    (lambda c, k: 9 * c * c, "That is one 3×3 layer; how many does it take to see as far as the large kernel?"),
    (lambda c, k: (k - 1) // 2 * 9 * c,
     "Every kernel looks at all channels that come in, and there are as many kernels as come out: "
     "C²."),
    (lambda c, k: (k - 1) // 2 * 9, "The channels are missing: there are C kernels, and each looks at C channels."),
    (lambda c, k: (k - 1) // 2 * (9 * c * c + c), "You counted the biases, too; this is about the weights only."),
    (lambda c, k: k // 3 * 9 * c * c, "Fields overlap: a further 3×3 layer adds 2 pixels to what is seen, not 3."),
    (lambda c, k: (k - 2) * 9 * c * c, "A further 3×3 layer adds 2 pixels to what is seen, one on each side."),
    (lambda c, k: (k + 1) // 2 * 9 * c * c, "One layer too many: the first sees 3 pixels, each further one 2 more."),
    (lambda c, k: (k - 1) // 2 * 3 * c * c, "A 3×3 kernel has nine places, not three."),
    (lambda c, k: 27 * c * c, "Three layers see 7 pixels; a larger kernel needs more of them, a smaller one fewer."),
]
# fmt: on


@exercise("02.6")
def stack_weights(answer: Callable[[int, int], int]) -> None:
    """A function of (channels, size): weights of the 3×3 stack that sees as far as one kernel of
    that size.
    """
    settings = [(2, 5), (1, 3), (16, 7), (64, 11), (512, 9)]
    _check_all(
        answer, "stack_weights", settings, lambda c, k: (k - 1) // 2 * 9 * c * c, WEIGHT_MISTAKES
    )
