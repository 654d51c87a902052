"""Typical wrong answers to the exercises of lesson 02, each with a piece of its hint."""

from math import ceil, floor

from tests.exercises.banks.common import no_return


# 02.1: height and width after a convolution
def both(one):
    """Return an answer that computes height and width by the same (wrong) formula."""

    def conv_shape(size, kernel, stride, padding, dilation):
        return tuple(one(size[i], kernel[i], stride[i], padding[i], dilation[i]) for i in range(2))

    return conv_shape


def right(h, k, s, p, d):
    return (h + 2 * p - d * (k - 1) - 1) // s + 1


def swapped(size, kernel, stride, padding, dilation):
    return both(right)(size[::-1], kernel[::-1], stride[::-1], padding[::-1], dilation[::-1])


def height_twice(size, kernel, stride, padding, dilation):
    height = right(size[0], kernel[0], stride[0], padding[0], dilation[0])
    return height, height


def one_setting(size, kernel, stride, padding, dilation):
    return tuple(right(h, kernel[0], stride[0], padding[0], dilation[0]) for h in size)


CONV = [
    (both(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1) - 1) / s + 1), "Half a window"),
    (both(lambda h, k, s, p, d: float(right(h, k, s, p, d))), "a float"),
    (both(lambda h, k, s, p, d: ceil((h + 2 * p - d * (k - 1) - 1) / s + 1)), "round up"),
    (both(lambda h, k, s, p, d: round((h + 2 * p - d * (k - 1) - 1) / s) + 1), "`round`"),
    (both(lambda h, k, s, p, d: (h + p - d * (k - 1) - 1) // s + 1), "each of the two sides"),
    (both(lambda h, k, s, p, d: (h - d * (k - 1) - 1) // s + 1), "Where is the padding"),
    (both(lambda h, k, s, p, d: (h + 2 * p - k) // s + 1), "formula without dilation"),
    (both(lambda h, k, s, p, d: (h + 2 * p - d * k) // s + 1), "gaps between them"),
    (both(lambda h, k, s, p, d: (h + 2 * p - (k + d * (k - 1))) // s + 1), "dilation from 0"),
    (both(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1) - 1) // s), "One window is missing"),
    (both(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1) - 1 + 1) // s), "stands outside"),
    (both(lambda h, k, s, p, d: h + 2 * p - d * (k - 1)), "stride is missing"),
    (both(lambda h, k, s, p, d: (h + 2 * p - d * (k - 1) - 1) * s + 1), "should be"),
    (swapped, "swapped"),
    (height_twice, "Your width is the height"),
    (one_setting, "height's settings for the width"),
    (lambda size, *rest: right(size[0], *(pair[0] for pair in rest)), "Return two numbers"),
    (no_return, "returns None"),
    ((5, 6), "Give the function itself"),
]

# 02.2: same padding
SAME = [
    (lambda k, d: (k // 2, k // 2), "without dilation only"),
    (lambda k, d: ((k - 1) // 2, (k - 1) // 2), "without dilation only"),
    (lambda k, d: ((k - 1) // 2, k // 2), "dilated kernel is wider"),
    (lambda k, d: (d * (k - 1), d * (k - 1)), "total on each side"),
    (lambda k, d: (d * (k - 1) / 2, d * (k - 1) / 2), "no half pixels"),
    (lambda k, d: (d * (k - 1) // 2,) * 2, "loses one"),
    (lambda k, d: (d * (k - 1) - d * (k - 1) // 2, d * (k - 1) // 2), "after the image"),
    (lambda k, d: (d * k // 2, d * k // 2), r"not d·k"),
    (lambda k, d: (k // 2, k - k // 2), "k − 1 smaller"),
    (lambda k, d: ((d + 1) * (k - 1) // 2,) * 2, "should be"),
    (lambda k, d: (0, d * (k - 1)), "should be"),
    (lambda k, d: d * (k - 1) // 2, "Return two numbers"),
    (lambda k, d: d * (k - 1), "Return two numbers"),
    (no_return, "returns None"),
    ((1, 1), "Give the function itself"),
]


# 02.3: pooling with ceil_mode
def pool(h, k, s, p, ceil_mode, edge=0, counts_padding=True, strict=False):
    """Return the right size; the arguments after ``ceil_mode`` spoil the odd rule."""
    out = (ceil if ceil_mode else floor)((h + 2 * p - k) / s) + 1
    start, end = (out - 1) * s, h + (p if counts_padding else 0) + edge
    drops = start > end if strict else start >= end
    return out - 1 if ceil_mode and drops else out


POOL = [
    (lambda h, k, s, p, c: (h + 2 * p - k) // s + 1, "always round down"),
    (lambda h, k, s, p, c: ceil((h + 2 * p - k) / s) + 1, "always round up"),
    (lambda h, k, s, p, c: (ceil if c else floor)((h + 2 * p - k) / s) + 1, "odd rule"),
    (lambda h, k, s, p, c: pool(h, k, s, p, not c), "swapped"),
    (lambda h, k, s, p, c: pool(h, k, s, p, c, strict=True), ">="),
    (lambda h, k, s, p, c: pool(h, k, s, p, c, counts_padding=False), r"ends at h \+ p"),
    (lambda h, k, s, p, c: pool(h, k, s, p, c, edge=p), "start after the padding"),
    (
        lambda h, k, s, p, c: ceil((h + 2 * p - k) / s) if c else pool(h, k, s, p, c),
        "always leave out",
    ),
    (lambda h, k, s, p, c: pool(h, k, k, p, c), "kernel for the stride"),
    (lambda h, k, s, p, c: pool(h, k, s, 0, c), "Where is the padding"),
    (lambda h, k, s, p, c: pool(h, k, s, p, c) - 1, "One window is missing"),
    (lambda h, k, s, p, c: (h + 2 * p - k) / s + 1, "Half a window"),
    (lambda h, k, s, p, c: pool(h, k, s, 2 * p, c), "should be"),
    (lambda h, k, s, p, c: float(pool(h, k, s, p, c)), "a float"),
    (no_return, "returns None"),
    (3, "Give the function itself"),
]

# 02.4: layers that bring 224 to 7
LAYERS = [
    ([(3, 2, 1)] * 4, "224 → 112 → 56 → 28 → 14; they should end at 7"),
    ([(3, 2, 0)] * 5, "they should end at 7"),
    ([(2, 2, 1)] * 5, "they should end at 7"),
    ([(3, 2, 1)] * 6, "five are enough"),
    ([(3, 2, 2)] * 5, "more than half a kernel"),
    ([(3, 1, 2)] * 5, "order is kernel, stride, padding"),
    ([(32, 32, 0)], "1 to 7 pixels"),
    ([(1, 2, 0)] * 5, "jumps over pixels"),
    ([(3, 4, 0), (3, 4, 0), (3, 2, 1)], "jumps over pixels"),
    (
        [(3, 3, 0), (2, 2, 0), (2, 2, 0), (2, 2, 0), (3, 1, 0)],
        "remainder was thrown away.*222, 223",
    ),
    ([(3, 2)] * 5, "three integers"),
    ([(3, 2, 0.5)] * 5, "three integers"),
    ([(3, 0, 1)], "at least 1"),
    ([(7, 7, 0), (7, 7, 0), (7, 1, 0)], "larger than the map"),
    ([], "Give a list"),
    (no_return, "Give a list"),
]


# 02.5: receptive field of a stack
def field(layers, grow, start=1, jumps=lambda jump, stride: jump * stride):
    size, jump = start, 1
    for kernel, stride, dilation in layers:
        size += grow(kernel, dilation, jump)
        jump = jumps(jump, stride)
    return size


def usual(kernel, dilation, jump):
    return (kernel - 1) * dilation * jump


def jump_first(layers):
    size = jump = 1
    for kernel, stride, dilation in layers:
        jump *= stride
        size += (kernel - 1) * dilation * jump
    return size


def the_jump(layers):
    jump = 1
    for _, stride, _ in layers:
        jump *= stride
    return jump


def product_of_kernels(layers):
    size = 1
    for kernel, _, _ in layers:
        size *= kernel
    return size


FIELD = [
    (jump_first, "first the size, then the jump"),
    (lambda layers: field(layers, lambda k, d, j: (k - 1) * d), "Where are the strides"),
    (lambda layers: field(layers, lambda k, d, j: (k - 1) * j), "Where is the dilation"),
    (lambda layers: field(layers, lambda k, d, j: k * d * j), "adds k − 1 steps"),
    (lambda layers: field(layers, lambda k, d, j: (k * d - 1) * j), "k − 1 gaps"),
    (lambda layers: field(layers, usual, start=0), "Begin with 1"),
    (lambda layers: field(layers, usual, jumps=lambda j, s: j + s - 1), "Jumps multiply"),
    (lambda layers: field(layers[::-1], usual), "from its end"),
    (lambda layers: sum(k for k, _, _ in layers), "not 6"),
    (product_of_kernels, "do not multiply"),
    (the_jump, "That is the jump"),
    (lambda layers: field(layers, lambda k, d, j: (k - 1) * (d + 1) * j), "should be"),
    (lambda layers: float(field(layers, usual)), "a float"),
    (no_return, "returns None"),
    (23, "Give the function itself"),
]

# 02.6: a stack of 3×3 against one large kernel
WEIGHTS = [
    (lambda c, k: k * k * c * c, "one large kernel"),
    (lambda c, k: 9 * c * c, "one 3×3 layer"),
    (lambda c, k: 27 * c * c, "Three layers see 7 pixels"),
    (lambda c, k: 9 * c * (k - 1) // 2, "looks at all channels"),
    (lambda c, k: 9 * (k - 1) // 2, "channels are missing"),
    (lambda c, k: (k - 1) // 2 * c * (9 * c + 1), "biases"),
    (lambda c, k: k // 3 * 9 * c * c, "not 3"),
    (lambda c, k: (k - 2) * 9 * c * c, "one on each side"),
    (lambda c, k: (k + 1) // 2 * 9 * c * c, "One layer too many"),
    (lambda c, k: (k - 1) // 2 * 3 * c * c, "nine places"),
    (lambda c, k: (k - 1) / 2 * 9 * c * c, "a float"),
    (lambda c, k: (k - 1) * 9 * c * c, "should be"),
    (no_return, "returns None"),
    (27, "Give the function itself"),
]

BANKS = {
    "02.1": CONV,
    "02.2": SAME,
    "02.3": POOL,
    "02.4": LAYERS,
    "02.5": FIELD,
    "02.6": WEIGHTS,
}
