"""Checker of lesson 03, Your own CNN: early stopping (03.5)."""

from __future__ import annotations

from collections.abc import Callable

from catdog_lib.exercises.calling import call
from catdog_lib.exercises.checking import is_integer, require_sequence, show
from catdog_lib.exercises.registry import WrongAnswer, exercise, require

# losses and patience
LOSSES = [
    ([0.9, 0.8, 0.7, 0.75, 0.72, 0.71, 0.6], 3),
    ([0.9, 0.8, 0.7, 0.75, 0.72, 0.71, 0.6], 4),
    ([0.5, 0.6, 0.7, 0.4], 1),
    ([0.5, 0.4, 0.45, 0.39, 0.41, 0.42, 0.38, 0.5], 2),
    ([0.7, 0.7, 0.7, 0.6], 2),
    ([0.9, 0.8, 0.7], 2),
    ([0.6, 0.9, 0.5, 0.6, 0.7, 0.8], 3),
    ([0.4], 5),
]


@exercise("03.5", "early_stopping")
def early_stopping(answer: Callable[[list[float], int], tuple[int, int]]) -> None:
    """Check a function of (losses, patience): the epochs trained, and the epoch that is kept."""
    for losses, patience in LOSSES:
        value = call(answer, losses, patience, keeps="the losses")
        value = require_sequence(value, 2, "two integers: epochs trained, epoch kept")
        require(all(map(is_integer, value)), f"Return two integers, not {show(value)}.")
        trained, kept = (int(number) for number in value)
        right = _stopped(losses, patience)
        setting = f"losses {losses}, patience {patience}"
        hints = {
            "Epochs count from 1, positions in a list from 0.": (right[0] - 1, right[1] - 1),
            "The number of epochs is right; the kept epoch counts from 1, too.": (
                right[0],
                right[1] - 1,
            ),
            "You return them in the wrong order: first the epochs trained.": right[::-1],
            "You keep the last epoch; keep the best one.": (right[0], right[0]),
            "An equal loss is no improvement.": _stopped(losses, patience, strict=False),
            "You look at all losses; those after the stop are never computed.": (
                right[0],
                losses.index(min(losses)) + 1,
            ),
            "You stop one epoch late.": _stopped(losses, patience + 1),
            "You stop one epoch early: stop after `patience` epochs without an improvement.": (
                _stopped(losses, patience - 1) if patience > 1 else None
            ),
            "Compare with the best loss so far, not with the one before.": _against_last(
                losses, patience
            ),
        }
        for hint, wrong in hints.items():
            require((trained, kept) == right or (trained, kept) != wrong, f"{hint} ({setting})")
        if (trained, kept) != right:
            raise WrongAnswer(
                f"With {setting} the right pair is {right}; you return {(trained, kept)}."
            )


def _stopped(losses: list[float], patience: int, strict: bool = True) -> tuple[int, int]:
    """Return the epochs trained and the epoch kept."""
    best = 1
    for epoch, loss in enumerate(losses, start=1):
        if loss < losses[best - 1] or (not strict and loss == losses[best - 1]):
            best = epoch
        if epoch - best >= patience:
            return epoch, best
    return len(losses), best


def _against_last(losses: list[float], patience: int) -> tuple[int, int]:
    """Return what comes of comparing each loss with the one before."""
    worse = 0
    for epoch in range(1, len(losses)):
        worse = worse + 1 if losses[epoch] >= losses[epoch - 1] else 0
        if worse >= patience:
            return epoch + 1, losses.index(min(losses[: epoch + 1])) + 1
    return len(losses), losses.index(min(losses)) + 1
