"""Run a patient's script, broken and fixed, with the same seeds, and compare what comes out.

Lesson 08, section 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from catdog_lib.clinic.parts import Run
from catdog_lib.clinic.patient import Patient
from catdog_lib.data.image_set import Splits
from catdog_lib.evidence.comparisons import Comparison, compare_paired
from catdog_lib.training.side_by_side import side_by_side

VERSIONS = ("broken", "fixed")


@dataclass(frozen=True)
class Case:
    """What the two scripts did: run number i of both has the same seed.

    Attributes:
        broken, fixed: one run a seed.
        known: after training, each run's accuracy on the very images that it was trained on.
    """

    broken: list[Run]
    fixed: list[Run]
    known: dict[str, list[float]]

    def compare(self, measure: Callable[[Run], float], unit: str = "") -> Comparison:
        """Compare a number of the broken runs with that of the fixed ones, broken minus fixed."""
        broken, fixed = ([measure(run) for run in runs] for runs in (self.broken, self.fixed))
        return compare_paired(broken, fixed, unit)

    def compare_known(self) -> Comparison:
        """Compare the accuracies on the images of the training, in points."""
        broken, fixed = ([100 * value for value in self.known[name]] for name in VERSIONS)
        return compare_paired(broken, fixed, " points")

    def curves(self, *names: str) -> dict[str, dict[str, list]]:
        """Return what :func:`catdog_lib.plots.broken_and_fixed` draws; by default of both."""
        return {
            name: {
                "loss": [run.log.losses for run in getattr(self, name)],
                "accuracy": [run.log.accuracies for run in getattr(self, name)],
                "known": self.known[name],
            }
            for name in names or VERSIONS
        }


def examine(patient: Patient, pets: Splits, epochs: int, seeds: int = 3, seed: int = 0) -> Case:
    """Run the broken and the fixed script on the same images.

    The networks are small, so each run computes on one thread: beside another program that keeps a
    core busy, two threads took three times as long.

    Args:
        patient: its two scripts.
        pets: the images.
        epochs: of each run.
        seeds: how many runs of each.
        seed: of the first run; the next one has the next seed.
    """

    def script(version: str, run: int) -> Run:
        """Run one of the two scripts."""
        return getattr(patient, version)(pets, seed + run, epochs)

    each = [{"version": version, "run": run} for version in VERSIONS for run in range(seeds)]
    runs = side_by_side(script, each, processes=1)
    known = [run.accuracy(*run.kept.get("known", pets.train[:])) for run in runs]
    return Case(runs[:seeds], runs[seeds:], {"broken": known[:seeds], "fixed": known[seeds:]})
