"""Checkers of lesson 05, L1 regularization: charts and experiments (05.4 and 05.5)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from catdog_lib.evidence.comparisons import t_quantile
from catdog_lib.exercises.checking import (
    as_float64,
    is_integer,
    require_choice,
    require_sequence,
    show,
)
from catdog_lib.exercises.registry import exercise, require
from catdog_lib.experiments import measured
from catdog_lib.experiments.l1_results import unnamed_losses

RUNS = 24  # that the search may cost
LOWEST, HIGHEST = 1e-4, 1.0  # between which λ is looked for
SPREAD = 2.0  # of the differences between two runs with the same seed, in points


@exercise("05.4")
def diagnosis(answer: tuple[str, str]) -> str:
    """Check two letters: of the chart that overfits most, and of the one that learns nothing."""
    pair = "two letters, as in ('A', 'B'): first overfitting, then learning nothing"
    listed = list(answer) if isinstance(answer, str) else answer
    overfits, learns_nothing = require_sequence(listed, 2, pair)
    ends = {
        letter: [
            as_float64(losses[kind])[:, -1].mean().item() for kind in ("training", "validation")
        ]
        for letter, losses in unnamed_losses(measured("l1")).items()
    }
    gaps = {letter: validation - training for letter, (training, validation) in ends.items()}
    stuck = max(ends, key=lambda letter: ends[letter][0])
    hints = {
        letter: f"In {letter} the training loss ends at {training:.2f}, the validation loss at "
        f"{validation:.2f}: the gap is not the largest."
        for letter, (training, validation) in ends.items()
    }
    require_choice(overfits, max(gaps, key=gaps.get), hints)
    hints = {
        letter: f"In {letter} the training loss ends at {training:.2f}, lower than in another "
        "chart: something was learned."
        for letter, (training, _) in ends.items()
    }
    require_choice(learns_nothing, stuck, hints)
    return f"{max(gaps, key=gaps.get)} has a gap of {max(gaps.values()):.2f}."


@exercise("05.5")
def lambda_search(answer: Mapping[str, object]) -> str:
    """Check the plan of a search: its λs, its seeds, and what judges."""
    keys = ("lambdas", "seeds", "same_seeds", "judge")
    listed = f"Give a dict with {', '.join(map(repr, keys))}; "
    require(isinstance(answer, Mapping), f"{listed}you gave {show(answer)}.")
    missing = [key for key in keys if key not in answer]
    require(not missing, f"{listed}{', '.join(map(repr, missing))} is missing.")
    lams, seeds = sorted(as_float64(answer["lambdas"]).flatten().tolist()), answer["seeds"]
    require(all(map(math.isfinite, lams)), f"A λ is a number; yours are {show(lams)}.")
    require(all(lam >= 0 for lam in lams), "A λ below 0 rewards large weights.")
    require(len(set(lams)) == len(lams), "A λ occurs twice; more seeds are the way to be surer.")
    require(is_integer(seeds) and seeds > 0, f"seeds is a number of runs; you gave {show(seeds)}.")
    judges = {
        "training": "The training images reward overfitting, the very thing that L1 may change.",
        "validation": "",
        "test": "If the test images choose λ, none are left to measure the result with: keep them.",
    }
    require_choice(answer["judge"], "validation", judges)
    require(
        lams and lams[0] == 0,
        "There is no run with λ = 0, so you cannot say whether any λ helps.",
    )
    _check_spacing(lams[1:])
    require(seeds > 1, "With one run each, you cannot tell a better λ from a lucky seed.")
    require(
        seeds > 2,
        "Two pairs give an interval of 9 standard deviations of the differences to each side "
        "(12.7/√2); take 3 or more.",
    )
    same_seeds = answer["same_seeds"]
    is_bool = isinstance(same_seeds, bool | np.bool_)
    require(is_bool, f"same_seeds is True or False; you gave {show(same_seeds)}.")
    require(
        bool(same_seeds),
        "Give every λ the same seeds: much of a seed's effect then cancels in the differences.",
    )
    runs = len(lams) * int(seeds)
    require(runs <= RUNS, f"{len(lams)} λs times {seeds} seeds are {runs} runs; you have {RUNS}.")
    margin = t_quantile(int(seeds) - 1) * SPREAD / int(seeds) ** 0.5
    return (
        f"{runs} runs. If paired differences spread by {SPREAD:g} points, your intervals reach "
        f"±{margin:.1f} points: a smaller gain would mostly be missed."
    )


def _check_spacing(lams: list[float]) -> None:
    """Require that the λs reach from one end to the other, by factors."""
    require(
        lams and lams[0] <= LOWEST * 1.01 and lams[-1] >= HIGHEST * 0.99,
        f"λ may lie anywhere from {LOWEST:g} to {HIGHEST:g}; your search has to reach both ends.",
    )
    gap = max((high / low for low, high in pairwise(lams)), default=1.0)
    require(
        gap <= 11,
        f"One of your λs is {gap:.0f} times as large as the one before: what happens in "
        "between? Go by a constant factor, 10 at most.",
    )
