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

    Args:
        patient: its two scripts.
        pets: the images.
        epochs: of each run.
        seeds: how many runs of each.
        seed: of the first run; the next one has the next seed.
    """
    runs = {
        name: [script(pets, seed + run, epochs) for run in range(seeds)]
        for name, script in (("broken", patient.broken), ("fixed", patient.fixed))
    }
    known = {
        name: [run.accuracy(*pets.train[:]) for run in several] for name, several in runs.items()
    }
    return Case(runs["broken"], runs["fixed"], known)
