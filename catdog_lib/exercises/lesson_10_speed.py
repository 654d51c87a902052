"""Checkers of lesson 10, Fast and far: time, memory and rounding (10.1 and 10.3 to 10.5).

Longer than 200 lines because of its tables of hints, a line for each known mistake.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from catdog_lib.exercises.calling import ask, check_settings
from catdog_lib.exercises.checking import Mistakes
from catdog_lib.exercises.registry import exercise, require

TOLERANCE = {"rtol": 1e-6, "atol": 0.0}


# t are the seconds of the parts of a step, k how many times as fast each becomes
def _after(seconds: Sequence[float], factors: Sequence[float]) -> float:
    return sum(part / factor for part, factor in zip(seconds, factors, strict=True))


SPEED_UPS = [([4.0, 1.0, 5.0], [8, 1, 2]), ([1.0, 3.0], [100, 1]), ([2.0, 2.0, 1.0], [1, 4, 0.5])]
SPEED_UP_MISTAKES: Mistakes = {
    "That is how long it takes afterwards; how does it compare to before?": _after,
    "That is the new time divided by the old one; turn it round.": (
        lambda t, k: _after(t, k) / sum(t)
    ),
    "That is the share of the time that is saved.": lambda t, k: 1 - _after(t, k) / sum(t),
    "Those are the seconds that are saved.": lambda t, k: sum(t) - _after(t, k),
    "That is the mean of the factors: a part that takes no time would count as much as one that "
    "takes it all.": lambda t, k: sum(k) / len(k),
    "You weighted the factors by time. Seconds add up, factors do not: work out the new seconds "
    "first.": lambda t, k: sum(a * b for a, b in zip(t, k, strict=True)) / sum(t),
    "Only the fastest part became so much faster; the others still take their time.": (
        lambda t, k: max(k)
    ),
    "The slowest part does not decide alone; add up the new seconds of all.": lambda t, k: min(k),
    "Factors multiply when they meet the same part; here each has a part of its own.": (
        lambda t, k: math.prod(k)
    ),
}


@exercise("10.1", "speed_up")
def amdahl(answer: Callable) -> None:
    """Check a function of (seconds, factors), two lists: how much faster the whole is."""

    def right(t: Sequence[float], k: Sequence[float]) -> float:
        return sum(t) / _after(t, k)

    check_settings(answer, "speed_up", SPEED_UPS, right, SPEED_UP_MISTAKES, **TOLERANCE)


# n images, side s, c channels in, d out, kernel k, b bytes for a number
def _operations(n: int, s: int, c: int, d: int, k: int) -> int:
    return 2 * n * s * s * d * c * k * k


def _numbers(n: int, s: int, c: int, d: int, k: int) -> int:
    return n * s * s * (c + d) + d * c * k * k


def _intensity(n: int, s: int, c: int, d: int, k: int, b: int) -> float:
    return _operations(n, s, c, d, k) / (b * _numbers(n, s, c, d, k))


def _counting(numbers: Callable) -> Callable:
    """Return the formula that counts the numbers which are moved in another way."""
    return lambda n, s, c, d, k, b: _operations(n, s, c, d, k) / (b * numbers(n, s, c, d, k))


LAYERS = [
    (32, 64, 3, 16, 3, 4),
    (8, 7, 512, 256, 3, 2),
    (1, 16, 32, 64, 5, 2),
    (4, 14, 64, 20, 1, 4),
]
INTENSITY_MISTAKES: Mistakes = {
    "A multiply-add is two operations: a multiplication and an addition.": (
        lambda *layer: _intensity(*layer) / 2
    ),
    "That is per number; a number has bytes_each bytes.": (
        lambda *layer: _intensity(*layer) * layer[-1]
    ),
    "More bytes for a number make the intensity lower: they are in the denominator.": (
        lambda *layer: _intensity(*layer) * layer[-1] ** 2
    ),
    "bytes_each is in bytes already, not in bits.": lambda *layer: _intensity(*layer) / 8,
    "The weights have to be read, too.": _counting(lambda n, s, c, d, k: n * s * s * (c + d)),
    "The weights are read once for the whole batch, not once for each image.": (
        _counting(lambda n, s, c, d, k: n * (s * s * (c + d) + d * c * k * k))
    ),
    "What comes out has to be written.": (
        _counting(lambda n, s, c, d, k: n * s * s * c + d * c * k * k)
    ),
    "The maps that come in have to be read.": (
        _counting(lambda n, s, c, d, k: n * s * s * d + d * c * k * k)
    ),
    "A kernel has k·k weights for each channel, in the operations as well.": (
        lambda n, s, c, d, k, b: _intensity(n, s, c, d, k, b) / k
    ),
    "That is bytes per operation; turn it round.": lambda *layer: 1 / _intensity(*layer),
    "Every image of the batch is computed: multiply the operations by the batch.": (
        lambda n, *layer: _intensity(n, *layer) / n
    ),
}


@exercise("10.3", "intensity")
def arithmetic_intensity(answer: Callable) -> None:
    """Check a function of (batch, side, channels_in, channels_out, kernel, bytes_each).

    It returns operations per byte.
    """
    check_settings(answer, "intensity", LAYERS, _intensity, INTENSITY_MISTAKES, **TOLERANCE)


def _power(x: float) -> int:
    """Return the exponent of the power of two below |x|."""
    return math.floor(math.log2(abs(x)))


GAPS = [(1.5, 7), (300.0, 7), (0.1, 10), (1.0, 10), (-1000.0, 23), (2.0**-9, 7), (-0.75, 10)]
GAP_MISTAKES: Mistakes = {
    "That is the gap around 1. It doubles with every power of two.": lambda x, m: 2.0**-m,
    "Nearly: between two powers of two all gaps are equal. Take the power of two below |x|, not "
    "|x| itself.": lambda x, m: abs(x) * 2.0**-m,
    "You took the power of two above |x|; the gaps are set by the one below it: floor.": (
        lambda x, m: 2.0 ** (math.ceil(math.log2(abs(x))) - m)
    ),
    "`round` sometimes takes the power of two above |x|; the one below it is floor.": (
        lambda x, m: 2.0 ** (round(math.log2(abs(x))) - m)
    ),
    "math.frexp gives a number from ½ to 1 and a power of two that is one higher than the one "
    "below |x|.": lambda x, m: 2.0 ** (math.frexp(x)[1] - m),
    "That is half the gap, the largest error of rounding; the mantissa has exactly mantissa_bits "
    "bits.": lambda x, m: 2.0 ** (_power(x) - m - 1),
    "More bits make the gap smaller: their number is subtracted.": (
        lambda x, m: 2.0 ** (_power(x) + m)
    ),
    "With m bits there are 2 to the power of m numbers between two powers of two, not m.": (
        lambda x, m: 2.0 ** _power(x) / m
    ),
    "That is the power of two below |x|; there are 2 to the power of m numbers up to the next.": (
        lambda x, m: 2.0 ** _power(x)
    ),
}


@exercise("10.4", "gap")
def gap(answer: Callable[[float, int], float]) -> None:
    """Check a function of (x, mantissa_bits): the distance between the numbers around x."""
    try:
        answer(-0.75, 10)
    except ValueError:
        require(False, "A negative number has no logarithm; take abs(x) first.")

    def right(x: float, m: int) -> float:
        return 2.0 ** (_power(x) - m)

    check_settings(answer, "gap", GAPS, right, GAP_MISTAKES, **TOLERANCE)


# m bytes, w parameters, a averages for each, v numbers for each image. Powers of ten would let
# mistakes agree.
MEMORIES = [
    (80_000_000, 239_522, 2, 163_843),
    (9_999_999, 239_522, 1, 163_843),
    (50_000_000, 1_000_003, 0, 77_777),
]
TOO_SMALL = (1_000_000, 239_522, 2, 163_843)
BATCH_MISTAKES: Mistakes = {
    "Weights and gradients: both need four bytes for each parameter.": (
        lambda m, w, a, v: (m - 4 * w * (1 + a)) // (2 * v)
    ),
    "The optimizer's averages take memory, too.": lambda m, w, a, v: (m - 8 * w) // (2 * v),
    "Gradients and the optimizer's averages take memory, too.": (
        lambda m, w, a, v: (m - 4 * w) // (2 * v)
    ),
    "In bfloat16 a number takes two bytes, not four.": (
        lambda m, w, a, v: (m - 4 * w * (2 + a)) // (4 * v)
    ),
    "Only the activations are in bfloat16; weights, gradients and averages take four bytes each.": (
        lambda m, w, a, v: (m - 2 * w * (2 + a)) // (2 * v)
    ),
    "The network itself takes memory: weights, gradients, averages.": (
        lambda m, w, a, v: m // (2 * v)
    ),
    "Only the activations grow with the batch; weights, gradients and averages are there once.": (
        lambda m, w, a, v: m // (4 * w * (2 + a) + 2 * v)
    ),
    "You counted numbers; count their bytes.": lambda m, w, a, v: (m - w * (2 + a)) // v,
    "You rounded up: the last image does not fit completely.": (
        lambda m, w, a, v: -(-(m - 4 * w * (2 + a)) // (2 * v))
    ),
    "There are no parts of images: round down, with //.": (
        lambda m, w, a, v: (m - 4 * w * (2 + a)) / (2 * v)
    ),
}


@exercise("10.5", "largest_batch")
def largest_batch(answer: Callable[[int, int, int, int], int]) -> None:
    """Check a function of (memory, parameters, averages, numbers): the largest batch that fits."""

    def right(m: int, w: int, a: int, v: int) -> int:
        return (m - 4 * w * (2 + a)) // (2 * v)

    check_settings(answer, "largest_batch", MEMORIES, right, BATCH_MISTAKES, **TOLERANCE)
    value = ask(answer, *TOO_SMALL)
    require(
        value == 0,
        f"In {TOO_SMALL[0]:,} bytes not even this network fits, so the answer is 0; yours is "
        f"{value}.",
    )
