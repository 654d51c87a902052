"""Checkers of lesson 10, Fast and far."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.overrides import TorchFunctionMode

from catdog_lib.exercises.accumulation import Watched, explain, gradient, gradients_of
from catdog_lib.exercises.registry import exercise, require, require_function, require_returned

Mistakes = Sequence[tuple[Callable, str]]  # a wrong formula, and the hint that it deserves


def _close(value: object, target: float) -> bool:
    return math.isclose(float(value), target, rel_tol=1e-6)


def _check_numbers(
    answer: Callable, name: str, settings: Sequence[tuple], right: Callable, mistakes: Mistakes
) -> None:
    """Ask for each setting; name the mistake whose results the answer gives everywhere, else the
    first difference.
    """
    given = [answer(*setting) for setting in settings]
    require_returned(given[0])
    for formula, hint in mistakes:
        require(
            not all(
                _close(value, formula(*setting))
                for value, setting in zip(given, settings, strict=True)
            ),
            hint,
        )
    for setting, value in zip(settings, given, strict=True):
        target = right(*setting)
        require(
            _close(value, target),
            f"{name}({', '.join(map(str, setting))}) should be {target:.6g}; yours gives {value}.",
        )


# 10.1: parts of a step in seconds, and how many times as fast each becomes
def _after(seconds: Sequence[float], factors: Sequence[float]) -> float:
    return sum(part / factor for part, factor in zip(seconds, factors, strict=True))


SPEED_UPS = [([4.0, 1.0, 5.0], [8, 1, 2]), ([1.0, 3.0], [100, 1]), ([2.0, 2.0, 1.0], [1, 4, 0.5])]
SPEED_UP_MISTAKES: Mistakes = [
    (lambda t, k: _after(t, k), "That is how long it takes afterwards; how does it compare to before?"),
    (lambda t, k: _after(t, k) / sum(t), "That is the new time divided by the old one; turn it round."),
    (lambda t, k: 1 - _after(t, k) / sum(t), "That is the share of the time that is saved."),
    (lambda t, k: sum(t) - _after(t, k), "Those are the seconds that are saved."),
    (lambda t, k: sum(k) / len(k),
     "That is the mean of the factors: a part that takes no time would count as much as one that "
     "takes it all."),
    (lambda t, k: sum(a * b for a, b in zip(t, k, strict=True)) / sum(t),
     "You weighed the factors by time. Seconds add up, factors do not: work out the new seconds "
     "first."),
    (lambda t, k: max(k), "Only the fastest part became so much faster; the others still take their time."),
    (lambda t, k: min(k), "The slowest part does not decide alone; add up the new seconds of all."),
    (lambda t, k: math.prod(k), "Factors multiply when they meet the same part; here each has a part of its own."),
]  # fmt: skip


@exercise("10.1")
def amdahl(answer: Callable) -> None:
    """A function of (seconds, factors), two lists: how many times as fast the whole becomes."""
    require_function("10.1", "speed_up", answer)
    _check_numbers(
        answer, "speed_up", SPEED_UPS, lambda t, k: sum(t) / _after(t, k), SPEED_UP_MISTAKES
    )


class _Calls(TorchFunctionMode):
    """Counts the calls of PyTorch's functions while it is entered."""

    count = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        self.count += 1
        return function(*args, **(kwargs or {}))


@exercise("10.2")
def mirror(answer: Callable[[Tensor, Tensor], Tensor]) -> None:
    """A function of (pictures, chosen): the chosen pictures mirrored, without a loop."""
    require_function("10.2", "mirror", answer)
    generator = torch.Generator().manual_seed(7)
    for dtype in (torch.uint8, torch.float32):
        pictures = torch.randint(0, 256, (5, 3, 6, 6), generator=generator).to(dtype)
        chosen = torch.tensor([True, False, False, True, False])
        untouched, value = pictures.clone(), answer(pictures, chosen)
        require_returned(value)
        require(
            torch.equal(pictures, untouched),
            "Your function changed the batch that it was given; work on a new one.",
        )
        require(
            isinstance(value, Tensor) and value.shape == pictures.shape,
            f"A batch of shape {tuple(pictures.shape)} should come back with the same shape; "
            f"yours has {tuple(getattr(value, 'shape', ()))}.",
        )
        for wrong, hint in (
            (pictures, "No picture is mirrored."),
            (pictures.flip(3), "All pictures are mirrored; only the chosen ones should be."),
            (
                _where(~chosen, pictures.flip(3), pictures),
                "You mirrored those that were not chosen, and left the others.",
            ),
            (
                _where(chosen, pictures.flip(2), pictures),
                "Your pictures stand on their heads: left and right are the last dimension, 3.",
            ),
            (
                _where(chosen, pictures.flip(2, 3), pictures),
                "You turned them upside down as well: flip the last dimension alone.",
            ),
            (
                _where(chosen, pictures.transpose(2, 3), pictures),
                "That exchanges rows and columns; to mirror, reverse the order of the columns.",
            ),
            (
                _where(chosen, pictures.flip(1), pictures),
                "Dimension 1 is the colours: red and blue are exchanged. The columns are "
                "dimension 3.",
            ),
            (
                _where(chosen, pictures.flip(0, 3), pictures),
                "The pictures changed their places in the batch: do not flip dimension 0.",
            ),
        ):
            require(not torch.equal(value.to(dtype), wrong), hint)
        right = _where(chosen, pictures.flip(3), pictures)
        require(
            torch.equal(value.to(dtype), right),
            "The chosen pictures should come back mirrored left to right, the others as they were.",
        )
        require(
            value.dtype == dtype,
            f"A batch of {dtype} came back as {value.dtype}: mirroring changes no number.",
        )
    counts = []
    for number in (4, 64):
        with _Calls() as calls:
            answer(torch.zeros(number, 3, 4, 4), torch.arange(number) % 2 == 0)
        counts.append(calls.count)
    require(
        counts[1] < counts[0] + 4,
        f"For 4 pictures you call PyTorch {counts[0]} times, for 64 pictures {counts[1]} times: "
        "there is a loop in it.",
    )


def _where(chosen: Tensor, one: Tensor, other: Tensor) -> Tensor:
    return torch.where(chosen[:, None, None, None], one, other)


# 10.3: n pictures, side s, c channels in, d out, kernel k, b bytes for a number
def _operations(n: int, s: int, c: int, d: int, k: int) -> int:
    return 2 * n * s * s * d * c * k * k


def _numbers(n: int, s: int, c: int, d: int, k: int) -> int:
    return n * s * s * (c + d) + d * c * k * k


LAYERS = [
    (32, 64, 3, 16, 3, 4),
    (8, 7, 512, 256, 3, 2),
    (1, 16, 32, 64, 5, 2),
    (4, 14, 64, 20, 1, 4),
]
INTENSITY_MISTAKES: Mistakes = [
    (lambda n, s, c, d, k, b: _operations(n, s, c, d, k) / 2 / (b * _numbers(n, s, c, d, k)),
     "A multiply-add is two operations: a multiplication and an addition."),
    (lambda n, s, c, d, k, b: _operations(n, s, c, d, k) / _numbers(n, s, c, d, k),
     "That is per number; a number has bytes_each bytes."),
    (lambda n, s, c, d, k, b: _operations(n, s, c, d, k) * b / _numbers(n, s, c, d, k),
     "More bytes for a number make the intensity lower: they stand below the line."),
    (lambda n, s, c, d, k, b: _operations(n, s, c, d, k) / (8 * b * _numbers(n, s, c, d, k)),
     "bytes_each is in bytes already, not in bits."),
    (lambda n, s, c, d, k, b: _operations(n, s, c, d, k) / (b * n * s * s * (c + d)),
     "The weights have to be read, too."),
    (lambda n, s, c, d, k, b: _operations(n, s, c, d, k) / (b * n * (s * s * (c + d) + d * c * k * k)),
     "The weights are read once for the whole batch, not once for each picture."),
    (lambda n, s, c, d, k, b: _operations(n, s, c, d, k) / (b * (n * s * s * c + d * c * k * k)),
     "What comes out has to be written."),
    (lambda n, s, c, d, k, b: _operations(n, s, c, d, k) / (b * (n * s * s * d + d * c * k * k)),
     "The maps that come in have to be read."),
    (lambda n, s, c, d, k, b: _operations(n, s, c, d, k) / k / (b * _numbers(n, s, c, d, k)),
     "A kernel has k·k weights for each channel, in the operations as well."),
    (lambda n, s, c, d, k, b: b * _numbers(n, s, c, d, k) / _operations(n, s, c, d, k),
     "That is bytes per operation; turn it round."),
    (lambda n, s, c, d, k, b: _operations(n, s, c, d, k) / n / (b * _numbers(n, s, c, d, k)),
     "Every picture of the batch is computed: multiply the operations by the batch."),
]  # fmt: skip


@exercise("10.3")
def arithmetic_intensity(answer: Callable) -> None:
    """A function of (batch, side, channels_in, channels_out, kernel, bytes_each): operations per
    byte.
    """
    require_function("10.3", "intensity", answer)
    _check_numbers(
        answer,
        "intensity",
        LAYERS,
        lambda n, s, c, d, k, b: _operations(n, s, c, d, k) / (b * _numbers(n, s, c, d, k)),
        INTENSITY_MISTAKES,
    )


# 10.4: the power of two below a number
def _power(x: float) -> int:
    return math.floor(math.log2(abs(x)))


GAPS = [(1.5, 7), (300.0, 7), (0.1, 10), (1.0, 10), (-1000.0, 23), (2.0**-9, 7), (-0.75, 10)]
GAP_MISTAKES: Mistakes = [
    (lambda x, m: 2.0**-m, "That is the gap around 1. It doubles with every power of two."),
    (lambda x, m: abs(x) * 2.0**-m,
     "Nearly: between two powers of two all gaps are equal. Take the power of two below |x|, not "
     "|x| itself."),
    (lambda x, m: 2.0 ** (math.ceil(math.log2(abs(x))) - m),
     "You took the power of two above |x|; the gaps are set by the one below it: floor."),
    (lambda x, m: 2.0 ** (round(math.log2(abs(x))) - m),
     "`round` sometimes takes the power of two above |x|; the one below it is floor."),
    (lambda x, m: 2.0 ** (math.frexp(x)[1] - m),
     "math.frexp gives a number from ½ to 1 and a power of two that is one higher than the one "
     "below |x|."),
    (lambda x, m: 2.0 ** (_power(x) - m - 1),
     "That is half the gap, the largest error of rounding; the mantissa has exactly mantissa_bits "
     "bits."),
    (lambda x, m: 2.0 ** (_power(x) + m), "More bits make the gap smaller: their number is subtracted."),
    (lambda x, m: 2.0 ** _power(x) / m,
     "With m bits there are 2 to the power of m numbers between two powers of two, not m."),
    (lambda x, m: 2.0 ** _power(x),
     "That is the power of two below |x|; there are 2 to the power of m numbers up to the next."),
]  # fmt: skip


@exercise("10.4")
def gap(answer: Callable[[float, int], float]) -> None:
    """A function of (x, mantissa_bits): the distance between neighbouring numbers around x."""
    require_function("10.4", "gap", answer)
    try:
        answer(-0.75, 10)
    except ValueError:
        require(False, "A negative number has no logarithm; take abs(x) first.")
    _check_numbers(answer, "gap", GAPS, lambda x, m: 2.0 ** (_power(x) - m), GAP_MISTAKES)


# 10.5: m bytes, w parameters, a averages for each, v numbers for each picture. Powers of ten would
# let mistakes agree.
MEMORIES = [
    (80_000_000, 239_522, 2, 163_843),
    (9_999_999, 239_522, 1, 163_843),
    (50_000_000, 1_000_003, 0, 77_777),
]
TOO_SMALL = (1_000_000, 239_522, 2, 163_843)
BATCH_MISTAKES: Mistakes = [
    (lambda m, w, a, v: (m - 4 * w * (1 + a)) // (2 * v),
     "Weights and gradients: both need four bytes for each parameter."),
    (lambda m, w, a, v: (m - 8 * w) // (2 * v), "The optimizer's averages take memory, too."),
    (lambda m, w, a, v: (m - 4 * w) // (2 * v), "Gradients and the optimizer's averages take memory, too."),
    (lambda m, w, a, v: (m - 4 * w * (2 + a)) // (4 * v), "In bfloat16 a number takes two bytes, not four."),
    (lambda m, w, a, v: (m - 2 * w * (2 + a)) // (2 * v),
     "Only the activations are in bfloat16; weights, gradients and averages take four bytes each."),
    (lambda m, w, a, v: m // (2 * v), "The network itself takes memory: weights, gradients, averages."),
    (lambda m, w, a, v: m // (4 * w * (2 + a) + 2 * v),
     "Only the activations grow with the batch; weights, gradients and averages are there once."),
    (lambda m, w, a, v: (m - w * (2 + a)) // v, "You counted numbers; count their bytes."),
    (lambda m, w, a, v: -(-(m - 4 * w * (2 + a)) // (2 * v)), "You rounded up: the last picture does not fit whole."),
    (lambda m, w, a, v: (m - 4 * w * (2 + a)) / (2 * v), "There are no parts of pictures: round down, with //."),
]  # fmt: skip


@exercise("10.5")
def largest_batch(answer: Callable[[int, int, int, int], int]) -> None:
    """A function of (memory, parameters, averages, numbers): the largest batch that fits."""
    require_function("10.5", "largest_batch", answer)

    def right(m: int, w: int, a: int, v: int) -> int:
        return (m - 4 * w * (2 + a)) // (2 * v)

    _check_numbers(answer, "largest_batch", MEMORIES, right, BATCH_MISTAKES)
    value = answer(*TOO_SMALL)
    require(
        value == 0,
        f"In {TOO_SMALL[0]:,} bytes not even this network fits, so the answer is 0; yours is "
        f"{value}.",
    )


@exercise("10.6")
def accumulate(answer: Callable) -> None:
    """A function of (model, pictures, labels, most): leaves the gradient of the whole batch's mean
    loss.
    """
    require_function("10.6", "accumulate", answer)
    generator = torch.Generator().manual_seed(4)
    pictures = torch.rand(10, 3, 4, 4, generator=generator)
    labels = torch.tensor([0, 1, 1, 1, 0, 1, 0, 0, 1, 0])
    for count, most in ((8, 4), (10, 4), (7, 10)):
        model, some, truth = Watched(), pictures[:count], labels[:count]
        right = gradient(model, F.cross_entropy(model.layers(some), truth))
        F.cross_entropy(
            model.layers(some[:2]), 1 - truth[:2]
        ).backward()  # what an earlier step left
        old, before = gradients_of(model), [p.detach().clone() for p in model.parameters()]
        answer(model, some, truth, most)
        setting = f"With {count} pictures and at most {most} at once"
        require(
            all(map(torch.equal, before, model.parameters())),
            "The weights have changed: leave the gradients and take no step.",
        )
        require(bool(model.given), "The model never saw a picture.")
        require(
            max(model.given) <= most,
            f"{setting}, you sent {max(model.given)} through the model together.",
        )
        require(
            sum(model.given) == count,
            f"{setting}, {sum(model.given)} went through the model: each picture once.",
        )
        require(
            all(p.grad is not None for p in model.parameters()),
            "There are no gradients: call backward(), and do not clear them afterwards.",
        )
        explain(gradients_of(model), right, old, model, some, truth, most, setting)
