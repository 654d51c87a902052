"""Checkers of lesson 02, Output shapes: networks and what their units see (02.4 to 02.6)."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

from catdog_lib.exercises.calling import check_settings
from catdog_lib.exercises.checking import Mistakes, is_integer
from catdog_lib.exercises.registry import exercise, require

INTEGERS = "divide with //, not with /"


@exercise("02.4")
def from_224_to_7(answer: list[tuple[int, int, int]]) -> None:
    """Check a list of (kernel, stride, padding): five convolutions or fewer that bring 224 to 7.

    They have to look at every pixel.
    """
    require(
        isinstance(answer, (list, tuple)) and len(answer) > 0,
        "Give a list of layers, such as [(3, 2, 1), (3, 1, 1)].",
    )
    for layer in answer:
        require(
            isinstance(layer, (list, tuple)) and len(layer) == 3 and all(map(is_integer, layer)),
            f"Each layer is three integers, (kernel, stride, padding); {layer!r} is not.",
        )
    require(len(answer) <= 5, f"These are {len(answer)} layers; five are enough.")
    sizes = [224]
    seen = [{row} for row in range(224)]  # the rows of the image that each row of the map sees
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


Layers = list[tuple[int, int, int]]  # kernel, stride and dilation of each, first layer first


def _field(layers: Layers, adds: Callable, start: int = 1) -> int:
    """Return the receptive field if layers add ``adds(kernel, stride, dilation, jump)`` pixels."""
    size, jump = start, 1
    for kernel, stride, dilation in layers:
        size += adds(kernel, stride, dilation, jump)
        jump *= stride
    return size


def _grow(k: int, s: int, d: int, jump: int) -> int:
    return (k - 1) * d * jump


def _added_jumps(layers: Layers) -> int:
    jumps = [1 + sum(stride - 1 for _, stride, _ in layers[:i]) for i in range(len(layers))]
    return 1 + sum((k - 1) * d * jump for (k, _, d), jump in zip(layers, jumps, strict=True))


STACKS = [
    ([(3, 1, 1), (3, 1, 1)],),
    ([(3, 1, 1), (2, 2, 1), (3, 1, 1), (2, 2, 1)],),
    ([(5, 3, 1)],),
    ([(7, 2, 1), (3, 2, 1), (3, 1, 1), (5, 3, 2), (3, 1, 4)],),
    ([(1, 2, 1), (3, 1, 2), (4, 2, 1), (1, 1, 1)],),
]
FIELD_MISTAKES: Mistakes = {
    "A layer's own stride does not widen its own view, only that of the layers above: first the "
    "size, then the jump.": lambda layers: _field(layers, lambda k, s, d, j: (k - 1) * d * j * s),
    "Where are the strides? Above a stride of 2, neighbouring units lie 2 pixels apart.": (
        lambda layers: _field(layers, lambda k, s, d, j: (k - 1) * d)
    ),
    "Where is the dilation? It lets the k places of a kernel span (k − 1)·d + 1.": (
        lambda layers: _field(layers, lambda k, s, d, j: (k - 1) * j)
    ),
    "A kernel of k places adds k − 1 steps, not k.": (
        lambda layers: _field(layers, lambda k, s, d, j: k * d * j)
    ),
    "A kernel of k places has k − 1 gaps, so it adds (k − 1)·d, not k·d − 1.": (
        lambda layers: _field(layers, lambda k, s, d, j: (k * d - 1) * j)
    ),
    "Begin with 1: without any layer, a unit is a pixel and sees itself.": (
        lambda layers: _field(layers, _grow, start=0)
    ),
    "Jumps multiply: a stride of 2 on a stride of 2 makes 4.": _added_jumps,
    "You went through the list from its end; the strides below a layer count, so begin with the "
    "first.": lambda layers: _field(layers[::-1], _grow),
    "Fields overlap: two 3×3 kernels see 5 pixels, not 6.": (
        lambda layers: sum(k for k, _, _ in layers)
    ),
    "Kernels do not multiply: two 3×3 kernels see 5 pixels, not 9.": (
        lambda layers: prod(k for k, _, _ in layers)
    ),
    "That is the jump, the product of the strides; return the size.": (
        lambda layers: prod(s for _, s, _ in layers)
    ),
}


@exercise("02.5", "receptive_field_of")
def receptive_field(answer: Callable[[Layers], int]) -> None:
    """Check a function of a list of (kernel, stride, dilation): the pixels that one unit sees."""

    def right(layers: Layers) -> int:
        return _field(layers, _grow)

    check_settings(answer, "receptive_field_of", STACKS, right, FIELD_MISTAKES, INTEGERS)


# Here c is the number of channels, k the side of the one large kernel.
WEIGHT_MISTAKES: Mistakes = {
    "These are the weights of the one large kernel; count those of the 3×3 layers that see as "
    "far.": lambda c, k: k * k * c * c,
    "That is one 3×3 layer; how many does it take to see as far as the large kernel?": (
        lambda c, k: 9 * c * c
    ),
    "Every kernel looks at all channels that come in, and there are as many kernels as come out: "
    "C².": lambda c, k: (k - 1) // 2 * 9 * c,
    "The channels are missing: there are C kernels, and each looks at C channels.": (
        lambda c, k: (k - 1) // 2 * 9
    ),
    "You counted the biases, too; this is about the weights only.": (
        lambda c, k: (k - 1) // 2 * (9 * c * c + c)
    ),
    "Fields overlap: a further 3×3 layer adds 2 pixels to what is seen, not 3.": (
        lambda c, k: k // 3 * 9 * c * c
    ),
    "A further 3×3 layer adds 2 pixels to what is seen, one on each side.": (
        lambda c, k: (k - 2) * 9 * c * c
    ),
    "One layer too many: the first sees 3 pixels, each further one 2 more.": (
        lambda c, k: (k + 1) // 2 * 9 * c * c
    ),
    "A 3×3 kernel has nine places, not three.": lambda c, k: (k - 1) // 2 * 3 * c * c,
    "Three layers see 7 pixels; a larger kernel needs more of them, a smaller one fewer.": (
        lambda c, k: 27 * c * c
    ),
}


@exercise("02.6", "stack_weights")
def stack_weights(answer: Callable[[int, int], int]) -> None:
    """Check a function of (channels, size): the weights of a stack of 3×3 layers.

    It sees as far as one kernel with ``size`` rows and columns.
    """
    settings = [(2, 5), (1, 3), (16, 7), (64, 11), (512, 9)]

    def right(c: int, k: int) -> int:
        return (k - 1) // 2 * 9 * c * c

    check_settings(answer, "stack_weights", settings, right, WEIGHT_MISTAKES, INTEGERS)
