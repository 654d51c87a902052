"""Checkers of lesson 10, Fast and far: what is worth speeding up, and the roofline (10.1, 10.2)."""

from __future__ import annotations

from itertools import combinations

from catdog_lib.exercises.checking import require_names, require_numbers, same
from catdog_lib.exercises.registry import exercise, require

# part of a step → milliseconds, how many times as fast it could become, days of work for that
PARTS = {
    "decode": (6.0, 8.0, 4),
    "augment": (3.0, 20.0, 1),
    "forward": (4.0, 2.0, 2),
    "backward": (8.0, 1.5, 2),
    "optimizer": (1.0, 50.0, 1),
}
DAYS = 4


def _milliseconds(chosen: tuple[str, ...]) -> float:
    """Return how long a step takes when these parts have been made faster."""
    return sum(ms / (k if name in chosen else 1) for name, (ms, k, _) in PARTS.items())


def _days(chosen: tuple[str, ...]) -> int:
    return sum(PARTS[name][2] for name in chosen)


@exercise("10.1")
def worth_it(answer: list[str]) -> str:
    """Check a list of parts: the choice of four days' work that makes the step shortest."""
    chosen = tuple(require_names(answer, PARTS))
    once = isinstance(answer, str) or len(answer) == len(chosen)
    require(once, "A part can be made faster only once.")
    days = _days(chosen)
    require(days <= DAYS, f"Your choice takes {days} days of work; you have {DAYS}.")
    every = [some for n in range(len(PARTS)) for some in combinations(PARTS, n)]
    best = min((some for some in every if _days(some) <= DAYS), key=_milliseconds)
    before, after, least = _milliseconds(()), _milliseconds(chosen), _milliseconds(best)
    hint = (
        f"Your step takes {after:.2f} ms, down from {before:g}; it could take {least:.2f}. How "
        "many milliseconds does each part save, and which parts fit into four days together?"
    )
    if set(chosen) == {"decode"}:
        hint = f"Decoding saves more than any other part alone, but it takes all four days. {hint}"
    elif set(chosen) <= {"augment", "optimizer"}:
        hint = f"You have days of work left over. {hint}"
    require(same(after, least), hint)
    return (
        f"The step takes {after:.2f} ms instead of {before:g}: {before / after:.2f} times as fast."
    )


# billion operations and billion bytes a second; the first was measured, the second is specified
CPU, GPU = (486.0, 32.0), (989_000.0, 3350.0)
INTENSITIES = (0.25, 10.0, 100.0, 1000.0)
REASONS = (
    "on both machines memory is the limit: compare the bandwidths.",
    "on both machines memory is still the limit, left of both corners.",
    "the CPU is at its peak, the GPU is still limited by memory: its corner is at 295.",
    "on both machines arithmetic is the limit: compare the peaks.",
)


def _most(machine: tuple[float, float], intensity: float) -> float:
    peak, bandwidth = machine
    return min(peak, intensity * bandwidth)


@exercise("10.2", is_prediction=True)
def moved_to_a_gpu(answer: list[float]) -> str:
    """Check four factors: how many times as fast a layer can be on the second machine."""
    given = require_numbers(answer, len(INTENSITIES), "a list of four factors")
    factors = [_most(GPU, i) / _most(CPU, i) for i in INTENSITIES]
    for intensity, factor, right, reason in zip(INTENSITIES, given, factors, REASONS, strict=True):
        good = same(factor, right, rtol=0.02)
        require(
            good, f"With intensity {intensity:g} the GPU is not {factor:g} times as fast: {reason}"
        )
    return f"Computed: {', '.join(f'{factor:,.0f}' for factor in factors)} times as fast at most."
