"""Checker of lesson 03, Your own CNN: what curves of losses say (03.4)."""

from __future__ import annotations

from collections.abc import Mapping

from catdog_lib.exercises.recorded_curves import CURVES
from catdog_lib.exercises.registry import exercise, require

NAMES = ("overfits", "underfits", "learns well", "rate too large")


def _diagnose(curves: Mapping[str, list[float]]) -> str:
    """Name a run by its losses."""
    training, validation = curves["training"], curves["validation"]
    if max(training[1:]) > 0.9:
        return "rate too large"
    if training[-1] > 0.6:
        return "underfits"
    return "overfits" if validation[-1] > min(validation) + 0.05 else "learns well"


@exercise("03.4")
def diagnosis(answer: Mapping[str, str]) -> None:
    """Check a dict of the runs A to D: which of four words fits its curves."""
    require(isinstance(answer, Mapping), 'Give a dict, such as {"A": "overfits", ...}.')
    words = {str(run).strip().upper(): word for run, word in answer.items()}
    other = next((run for run in words if run not in CURVES), None)
    require(other is None, f"There is no run {other!r}: the letters A to D are the keys.")
    for run, curves in CURVES.items():
        require(run in words, f"Run {run} is missing.")
        said = str(words[run]).strip().lower()
        require(said in NAMES, f"Run {run}: give one of {', '.join(map(repr, NAMES))}.")
        training, validation = curves["training"], curves["validation"]
        require(
            said == _diagnose(curves),
            f"Run {run} does not fit {said!r}: its training loss goes from {training[0]:.2f} to "
            f"{training[-1]:.2f}, its validation loss is {min(validation):.2f} at best and "
            f"{validation[-1]:.2f} at the end. (Guessing has 0.69.)",
        )
