"""Compare two ways of doing a thing over a few runs each, and give a verdict.

Longer than 200 lines because all comparisons stand together.

Every comparison is a mean difference with its 95% interval from Student's t, which is wide where
runs are few: with 3 pairs it reaches 4.3 standard errors to each side, not 2.

Lesson 03, section 7.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError

LARGER, SMALLER = "larger", "smaller"
CHANCE = "no more than chance explains"
UNDECIDED = "one run decides nothing"
STEP = 1.0  # point: on a hundred images, accuracies come in such steps


@dataclass(frozen=True)
class Comparison:
    """A difference between two ways of doing a thing, first minus second.

    Attributes:
        difference: of the means.
        margin: half the width of its 95% interval; infinite if there was a single run.
        runs: what it rests on, in words, such as "8 pairs".
        unit: of both numbers, such as " points".
    """

    difference: float
    margin: float
    runs: str
    unit: str = ""

    @property
    def verdict(self) -> str:
        """Return "larger", "smaller", "no more than chance explains" or "one run decides nothing".

        It is about the first of the two against the second.
        """
        if self.margin == float("inf"):
            return UNDECIDED
        if abs(self.difference) <= self.margin:
            return CHANCE
        return LARGER if self.difference > 0 else SMALLER

    def __str__(self) -> str:
        """Return such as "+2.3 points (95% interval +0.4 to +4.2, 8 pairs): larger".

        All three numbers have as many decimals as two digits of the margin take, and more if the
        end of an interval that leaves 0 out would be printed as 0. Points are those of percentages,
        so their interval ends at 100.
        """
        if self.verdict == UNDECIDED or self.margin < 1e-9:
            spread = "" if self.verdict == UNDECIDED else f" (no spread, {self.runs})"
            return f"{_signed(self.difference, '.3g')}{self.unit}{spread}: {self.verdict}"
        decimals = max(0, 1 - floor(log10(self.margin)))
        beyond = abs(self.difference) - self.margin  # how far 0 is outside
        while beyond > 0 and decimals < 9 and float(f"{beyond:.{decimals}f}") == 0:
            decimals += 1
        digits = f".{decimals}f"
        low, high = self.difference - self.margin, self.difference + self.margin
        if self.unit == " points":
            low, high = max(-100.0, low), min(100.0, high)
        middle, low, high = (_signed(each, digits) for each in (self.difference, low, high))
        interval = f"95% interval {low} to {high}, {self.runs}"
        return f"{middle}{self.unit} ({interval}): {self.verdict}"


def _signed(number: float, digits: str) -> str:
    """Return a number with its sign, which for what is printed as 0 is a plus."""
    printed = f"{number:+{digits}}"
    return printed.replace("-", "−") if float(printed) else printed.replace("-", "+")


def compare_paired(
    first: Sequence[float] | Tensor, second: Sequence[float] | Tensor, unit: str = ""
) -> Comparison:
    """Compare runs that belong together in pairs, such as two recipes with the same seeds.

    What a pair shares (its seed, its images) cancels in the difference, so that a paired
    comparison sees smaller differences than :func:`compare_unpaired`.

    Args:
        first: one number a run.
        second: as many; number i belongs to number i of ``first``.
        unit: of the numbers, with the space before it.

    Raises:
        CatdogError: they are not equally many, or none.
    """
    first, second = _numbers(first), _numbers(second)
    if len(first) != len(second):
        raise CatdogError(
            f"{len(first)} numbers cannot be paired with {len(second)}; give one of each a seed."
        )
    differences = first - second
    n = len(differences)
    error = differences.std() / n**0.5 if n > 1 else differences.new_tensor(float("inf"))
    return _comparison(differences.mean(), error, n - 1, f"{n} pairs", unit)


def compare_unpaired(
    first: Sequence[float] | Tensor, second: Sequence[float] | Tensor, unit: str = ""
) -> Comparison:
    """Compare runs that have nothing in common, by Welch's t test (1947).

    Args:
        first: one number a run.
        second: one number a run.
        unit: of the numbers, with the space before it.

    Raises:
        CatdogError: one of them is empty.
    """
    first, second = _numbers(first), _numbers(second)
    difference, runs = first.mean() - second.mean(), f"{len(first)} and {len(second)} runs"
    if min(len(first), len(second)) < 2:
        return _comparison(difference, difference.new_tensor(float("inf")), 0, runs, unit)
    errors = [(first.var() / len(first), len(first)), (second.var() / len(second), len(second))]
    return _comparison(difference, *_combine(errors), runs, unit)


def compare_crossed(first: Tensor, second: Tensor, unit: str = "") -> Comparison:
    """Compare two ways whose runs share their seeds and the images that judge them.

    Two kinds of chance are at work, the seed and which images happen to be the judges; both count.
    The mean difference has a variance of at most s²_seeds / m + s²_images / n: those of the m means
    over the images, and of the n means over the seeds.

    Args:
        first: m seeds × n images, such as 1 where the image is classified correctly, else 0.
        second: of the same shape.
        unit: of the numbers, with the space before it.

    Raises:
        CatdogError: the shapes differ, or are not m × n, or a number is not finite.
    """
    first, second = torch.as_tensor(first).double(), torch.as_tensor(second).double()
    if first.ndim != 2 or first.shape != second.shape:
        raise CatdogError(
            f"Give two tables of seeds × images; these have the shapes {tuple(first.shape)} and "
            f"{tuple(second.shape)}."
        )
    _numbers(first.flatten()), _numbers(second.flatten())
    differences = first - second
    (m, n), runs = first.shape, f"{first.shape[0]} seeds × {first.shape[1]:,} images"
    if min(m, n) < 2:
        infinite = differences.new_tensor(float("inf"))
        return _comparison(differences.mean(), infinite, 0, runs, unit)
    errors = [(differences.mean(1).var() / m, m), (differences.mean(0).var() / n, n)]
    return _comparison(differences.mean(), *_combine(errors), runs, unit)


def t_quantile(degrees: float, level: float = 0.95) -> float:
    """Return how many standard errors an interval reaches to each side, by Student's t.

    2 degrees of freedom give 4.30, 7 give 2.36, very many 1.96.

    Args:
        degrees: of freedom, more than 0.
        level: the share of such intervals that hold the true value.
    """
    from scipy.special import stdtrit  # not before a lesson needs it

    return float(stdtrit(degrees, (1 + level) / 2))


def _numbers(values: Sequence[float] | Tensor) -> Tensor:
    numbers = torch.as_tensor(values, dtype=torch.float64).flatten()
    if not len(numbers):
        raise CatdogError("There is no run to compare; give at least one number for each way.")
    if not numbers.isfinite().all():
        raise CatdogError("A number is infinite or nan; leave that run out, and say so.")
    return numbers


def _combine(variances: list[tuple[Tensor, int]]) -> tuple[Tensor, float]:
    """Return the standard error of independent parts, and its degrees of freedom.

    The degrees are those of Welch and Satterthwaite.

    Args:
        variances: of each part's mean, with the number of values in it.
    """
    total = sum(variance for variance, _ in variances)
    if total == 0:
        return total, min(count for _, count in variances) - 1
    degrees = total**2 / sum(variance**2 / (count - 1) for variance, count in variances)
    return total.sqrt(), degrees.item()


def _comparison(
    difference: Tensor, error: Tensor, degrees: float, runs: str, unit: str
) -> Comparison:
    if unit == " points" and error < 1e-9 * difference.abs():  # so equal by luck
        error = difference.new_tensor(STEP / (degrees + 1) ** 0.5)
    margin = error.item() if error.isinf() else t_quantile(degrees) * error.item()
    return Comparison(difference.item(), margin, runs, unit)
