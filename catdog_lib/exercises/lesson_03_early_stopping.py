"""Checker of lesson 03, Your own CNN: early stopping (03.5)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from catdog_lib.exercises.calling import check_settings
from catdog_lib.exercises.registry import exercise

# Losses and patience. Some losses lie above 1 and above 100, and some fall by very little: "lower
# than every loss before" says nothing about sizes.
SETTINGS = [
    ([0.9, 0.8, 0.7, 0.75, 0.72, 0.71, 0.6, 0.8, 0.9], 3),
    ([0.9, 0.8, 0.7, 0.75, 0.72, 0.71, 0.6], 4),
    ([0.5, 0.6, 0.7, 0.4], 1),
    ([0.5, 0.4, 0.45, 0.39, 0.41, 0.42, 0.38, 0.5], 2),
    ([0.7, 0.7, 0.7, 0.6], 2),
    ([0.6, 0.5, 0.5, 0.6, 0.4], 2),
    ([0.9, 0.95, 0.8, 0.85, 0.7, 0.75, 0.72, 0.71], 3),
    ([0.9, 0.8, 0.7], 2),
    ([260.0, 3.1, 2.9, 3.0, 2.95, 3.2, 0.6], 3),
    ([2.5e9, 2.4e9, 2.45e9, 2.46e9, 1e9], 2),
    ([0.5, 0.499999, 0.499998, 0.499997, 0.499999], 2),
    ([0.4], 5),
    ([0.9, 0.8, 0.85, 0.83, 0.84, 0.86, 0.7], 2),
    ([0.5, 0.6, 0.45, 0.47, 0.46, 0.44], 2),
    ([0.9, 0.95, 0.8, 0.85, 0.7], 2),
    ([0.5, 0.4, 0.45, 0.46, 0.47], 2),
]
Losses = list[float]


@exercise("03.5", "early_stopping")
def early_stopping(answer: Callable[[Losses, int], tuple[int, int]]) -> None:
    """Check a function of (losses, patience): the epochs trained, and the epoch that is kept."""
    check_settings(
        answer,
        "early_stopping",
        SETTINGS,
        _stopped,
        {
            "Epochs count from 1; both of your numbers are one too small.": _changed(
                lambda trained, kept: (trained - 1, kept - 1)
            ),
            "Epochs count from 1, positions in a list from 0.": _positions,
            "The number of epochs is right; the kept epoch counts from 1, too.": _changed(
                lambda trained, kept: (trained, kept - 1)
            ),
            "You return them in the wrong order: first the epochs trained.": _changed(
                lambda trained, kept: (kept, trained)
            ),
            "You keep the last epoch; keep the best one.": _changed(
                lambda trained, kept: (trained, trained)
            ),
            "An equal loss is no improvement.": lambda losses, patience: _stopped(
                losses, patience, strict=False
            ),
            "Compare with the best loss so far, not with the one before.": _against_last,
            "You look for the lowest of all losses first; go epoch by epoch, since those after the "
            "stop are never computed.": lambda losses, patience: (
                min(len(losses), _lowest(losses) + patience),
                _lowest(losses),
            ),
            "You never stop early: stop when `patience` epochs in a row bring no improvement.": (
                lambda losses, patience: _stopped(losses, len(losses) + 1)
            ),
            "You look at all losses to find the best; those after the stop are never computed.": (
                lambda losses, patience: (_stopped(losses, patience)[0], _lowest(losses))
            ),
            "You stop one epoch late.": lambda losses, patience: _stopped(losses, patience + 1),
            "You stop one epoch early: stop after `patience` epochs without an improvement.": (
                lambda losses, patience: _stopped(losses, patience - 1)
            ),
            "You count all epochs without an improvement; count those in a row, and start again "
            "after every improvement.": _not_in_a_row,
        },
        integers="return integers",
        returns="two integers: epochs trained, epoch kept",
        keeps="the losses",
    )


def _stopped(losses: Losses, patience: int, strict: bool = True) -> tuple[int, int]:
    """Return the epochs trained and the epoch kept."""
    best = 1
    for epoch, loss in enumerate(losses, start=1):
        if loss < losses[best - 1] or (not strict and loss == losses[best - 1]):
            best = epoch
        if epoch - best >= patience:
            return epoch, best
    return len(losses), best


def _changed(change: Callable[[int, int], tuple[int, int]]) -> Callable:
    """Return a formula that does something to the right pair."""
    return lambda losses, patience: change(*_stopped(losses, patience))


def _positions(losses: Losses, patience: int) -> tuple[int, int]:
    """Return the positions in the list where to stop and what to keep; its length if all ran."""
    trained, kept = _stopped(losses, patience)
    return (trained - 1 if trained - kept >= patience else trained), kept - 1


def _lowest(losses: Losses) -> int:
    return losses.index(min(losses)) + 1


def _against_last(losses: Losses, patience: int) -> tuple[int, int]:
    """Return what comes of comparing each loss with the one before."""
    worse = 0
    for epoch, (before, loss) in enumerate(pairwise(losses), start=2):
        worse = worse + 1 if loss >= before else 0
        if worse >= patience:
            return epoch, _lowest(losses[:epoch])
    return len(losses), _lowest(losses)


def _not_in_a_row(losses: Losses, patience: int) -> tuple[int, int]:
    """Return what comes of counting every epoch without an improvement."""
    worse = 0
    for epoch in range(1, len(losses)):
        worse += losses[epoch] >= min(losses[:epoch])
        if worse >= patience:
            return epoch + 1, _lowest(losses[: epoch + 1])
    return len(losses), _lowest(losses)
