"""Three published experiments with L1, and accuracy against sparsity along a path of λ.

The makers of the six-block network (docs/credits.md) trained it with RMSprop at 1e-3 and an L1
penalty, with Adam at 1e-4 and none, and with Adam at 1e-4 and the penalty; in batches of 32, for 20
epochs. They report no λ; their published notebook has λ = 1 on the sum over all parameters. Both
are repeated, and again at a learning rate that trains the network within the 20 epochs. At that
rate there is a path of λ, too, on the weights alone, in two ways: the penalty paid by its gradient
and by a proximal step. No run changes its images by augmentation, so that there is something to
overfit. All report the weights of the last epoch: an earlier one would have had less time to get
rid of weights.

Longer than 200 lines because plan, runs and their summary are one experiment.

Every training run is a run folder as ``catdog train`` makes it, so what is finished is not done
again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import torch

from catdog_lib.atomic_write import write
from catdog_lib.budget import choose, current
from catdog_lib.data.sources import SKETCHES, default_source
from catdog_lib.errors import CatdogError
from catdog_lib.experiments.l1_results import results_row, text_of
from catdog_lib.runs.grid import Member
from catdog_lib.runs.sweep import run_members

PUBLISHED = 1.0  # λ in the published notebook, on the sum over all parameters
RATE = 2e-3  # at which Adam trains the network
NAMED = {
    "RMSprop 1e-3, λ = 1": ("RMSprop", 1e-3, PUBLISHED),
    "Adam 1e-4, no penalty": ("Adam", 1e-4, 0.0),
    "Adam 1e-4, λ = 1": ("Adam", 1e-4, PUBLISHED),
    "Adam 2e-3, no penalty": ("Adam", RATE, 0.0),
    "Adam 2e-3, λ = 1": ("Adam", RATE, PUBLISHED),
}


@dataclass(frozen=True)
class Plan:
    """How large the experiment is; what is not given depends on the budget.

    Attributes:
        size: height and width of the images, in pixels.
        width: channels of the network's first layer.
        max_train: training images at most; None takes all.
        epochs: passes over them.
        seeds: training runs of each kind.
        lambdas: weights λ of the penalty along the path.
    """

    size: int = field(default_factory=lambda: choose(quick=64, standard=64, full=224))
    width: int = field(default_factory=lambda: choose(quick=2, standard=16, full=64))
    max_train: int | None = field(
        default_factory=lambda: choose(quick=100, standard=1000, full=None)
    )
    epochs: int = field(default_factory=lambda: choose(quick=1, standard=10, full=20))
    seeds: int = field(default_factory=lambda: choose(quick=1, standard=3, full=3))
    lambdas: Sequence[float] = field(
        default_factory=lambda: choose(
            quick=(0.1,), standard=(1e-2, 1e-1), full=(3e-4, 3e-3, 1e-2, 3e-2)
        )
    )

    def __post_init__(self):
        if self.seeds < 1:
            raise CatdogError(f"--seeds is {self.seeds}; use 1 or more.")
        if not all(lam > 0 for lam in self.lambdas):
            raise CatdogError(
                "--lambdas must be above 0: the path has a training run without L1 anyway."
            )
        object.__setattr__(self, "lambdas", tuple(sorted(set(self.lambdas))))

    def kinds(self) -> list[dict[str, Any]]:
        """Return each kind of training run, once: the settings that distinguish it."""
        named = [_kind(*settings, "gradient_all") for settings in NAMED.values()]
        return named + [
            _kind("Adam", RATE, lam, penalty)
            for penalty in ("gradient", "proximal")
            for lam in self.lambdas
        ]


def _kind(optimizer: str, lr: float, l1: float, penalty: str) -> dict[str, Any]:
    """Return what distinguishes a kind of training run."""
    return {"optimizer": optimizer, "lr": lr, "l1": l1, "penalty": penalty if l1 else "gradient"}


def run(
    plan: Plan,
    source: str | None,
    out: str | os.PathLike,
    *,
    device: str | None = None,
    processes: int | None = None,
    log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Train what is not trained yet, and write results.json and figure.png.

    Args:
        plan: how large.
        source: of the images, as for :func:`catdog_lib.data.load`.
        out: the folder that gets the run folders and the results.
        device, processes, log: as in :func:`catdog_lib.runs.sweep.sweep`.

    Returns:
        what results.json holds: "command", "date", "hardware", "data", "settings"; "table" and
        "path", whose rows are those of :data:`NAMED` and the training runs along the path of λ,
        with that without a penalty; "failed", names of training runs with their errors.

        A row has "name", "optimizer", "lr", "l1", "penalty", "seeds"; mean, std (of a sample; None
        for one seed) and values over the seeds of "test_accuracy", "validation_accuracy", "zeros"
        (the fraction of weights that are 0), "small" (of those up to 1e-3) and "seconds"; "losses",
        "training" and "validation" → the loss after each epoch for each seed; "layers", name → mean
        fraction of zeros.

    Raises:
        CatdogError: ``out`` holds something else, or every training run failed.
        KeyboardInterrupt: interrupted; the same command goes on.
    """
    source = source or default_source()
    source = source if source == SKETCHES else os.path.realpath(os.path.expanduser(source))
    common = {
        "model": "six_block",
        "data": source,
        "size": plan.size,
        "width": plan.width,
        "max_train": plan.max_train,
        "batch_size": 32,
        "epochs": plan.epochs,
        "schedule": "constant",
        "augment": (),
        "keep": "last",
        "device": device,
        "budget": current(),
    }
    members = [
        Member(
            {name: text_of(value) for name, value in kind.items()},
            seed,
            {**common, **kind, "seed": seed},
        )
        for kind in plan.kinds()
        for seed in range(plan.seeds)
    ]
    trained = run_members(members, common, out, processes=processes, log=log)["members"]
    failed = {member["name"]: member["error"] for member in trained if "error" in member}
    names = {
        tuple(_kind(*settings, "gradient_all").values()): name for name, settings in NAMED.items()
    }
    rows = []
    for kind in plan.kinds():
        settings = {name: text_of(value) for name, value in kind.items()}
        own = [m for m in trained if m["settings"] == settings and "error" not in m]
        if own:
            rows.append(results_row(names.get(tuple(kind.values())), kind, own))
    if not rows:
        raise CatdogError(f"Every training run failed, the first so: {next(iter(failed.values()))}")
    facts = next(member for member in trained if "error" not in member)
    results = {
        "experiment": "l1",
        "command": _command(plan, source),
        "date": date.today().isoformat(),
        "hardware": {
            "device": facts["device"],
            "dtype": facts["dtype"],
            "torch": torch.__version__,
            "cores": os.cpu_count(),
            "training_runs_at_once": processes or "one for each GPU, or core",
        },
        "data": {
            "source": SKETCHES if source == SKETCHES else "photos",
            "size": plan.size,
            "train_images": facts["train_images"],
            "test_images": facts["test_images"],
        },
        "settings": {
            "model": "six_block",
            "width": plan.width,
            "parameters": facts["parameters"],
            "batch_size": 32,
            "epochs": plan.epochs,
            "schedule": "constant",
            "lambdas": list(plan.lambdas),
        },
        "table": [row for row in rows if row["name"]],
        "path": [row for row in rows if row["lr"] == RATE and row["penalty"] != "gradient_all"],
        "failed": failed,
    }
    write(json.dumps(results, indent=1).encode(), Path(out) / "results.json")
    _draw(results, Path(out) / "figure.png")
    return results


def _command(plan: Plan, source: str) -> str:
    """Return the command that does it again, with all sizes named.

    Where the photos lie is nobody's business.
    """
    limit = f" --max-train {plan.max_train}" if plan.max_train else ""
    return (
        f"CATDOG_BUDGET={current()} catdog experiment l1 --data "
        f"{source if source == SKETCHES else 'PHOTOS'} --size {plan.size} --width "
        f"{plan.width}{limit} --epochs {plan.epochs} --seeds {plan.seeds} --lambdas "
        f"{' '.join(map(text_of, plan.lambdas))}"
    )


def _draw(results: dict[str, Any], file: Path) -> None:
    """Write the figure of the results to a PNG file."""
    from catdog_lib import plots  # matplotlib takes its time

    with plots.style():
        plots.training_and_validation(
            {row["name"]: row["losses"] for row in results["table"]}
        ).savefig(file)
