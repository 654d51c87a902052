"""Checker of lesson 03, Your own CNN: what curves of losses say (03.4)."""

from __future__ import annotations

from collections.abc import Mapping

from catdog_lib.exercises.recorded_curves import CURVES
from catdog_lib.exercises.registry import exercise, require

WORDS = {"A": "overfits", "B": "rate too large", "C": "learns well", "D": "underfits"}


@exercise("03.4")
def diagnosis(answer: Mapping[str, str]) -> None:
    """Check a dict of the runs A to D: which of four words fits its curves."""
    require(
        isinstance(answer, Mapping),
        'Give a dict with one of the four labels for each run: {"A": "...", ..., "D": "..."}.',
    )
    words = {str(run).strip().upper(): word for run, word in answer.items()}
    other = next((run for run in words if run not in CURVES), None)
    require(other is None, f"There is no run {other!r}: the letters A to D are the keys.")
    for run, curves in CURVES.items():
        require(run in words, f"Run {run} is missing.")
        said = str(words[run]).strip().lower()
        listed = ", ".join(map(repr, sorted(WORDS.values())))
        require(said in WORDS.values(), f"Run {run}: give one of {listed}.")
        training, validation = curves["training"], curves["validation"]
        require(
            said == WORDS[run],
            f"Run {run} does not fit {said!r}: its training loss goes from {training[0]:.2f} to "
            f"{training[-1]:.2f}, its validation loss is {min(validation):.2f} at best and "
            f"{validation[-1]:.2f} at the end. (Guessing has 0.69.)",
        )
