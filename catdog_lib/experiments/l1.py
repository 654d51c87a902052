"""The first source's three experiments with L1, and accuracy against sparsity along a path of λ.

The source trained its six-block network with RMSprop at 1e-3 and an L1 penalty, with Adam at 1e-4
and none, and with Adam at 1e-4 and the penalty; in batches of 32, for 20 epochs, on pictures that
TrivialAugment changed. It gives no λ. So the third is repeated along a path of λ, in two ways: the
penalty paid by its gradient, as in the source, and by a proximal step. All report the weights of
the last epoch: an earlier one would have had less time to get rid of weights.

Every training is a run folder that ``catdog train`` makes, so what is finished is not done again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import torch

from catdog_lib.atomic_write import write
from catdog_lib.budget import choose, current
from catdog_lib.data.sources import SKETCHES, default_source
from catdog_lib.errors import CatdogError
from catdog_lib.runs.grid import Member
from catdog_lib.runs.run_folder import load_run
from catdog_lib.runs.sweep import run_members
from catdog_lib.sparsity import share_of_zeros, sparsity

LAMBDA = 1e-4  # at 1e-3 RMSprop at 1e-3 learned nothing in 20 epochs on 1,275 photos of 64 px
SMALL = 1e-3  # weights up to this size are counted, too
THREE = {
    "RMSprop 1e-3 with L1": ("RMSprop", 1e-3, True),
    "Adam 1e-4 without": ("Adam", 1e-4, False),
    "Adam 1e-4 with L1": ("Adam", 1e-4, True),
}


@dataclass(frozen=True)
class Plan:
    """How large the experiment is; what is not given depends on the budget.

    Attributes:
        size: height and width of the pictures.
        width: channels of the network's first layer.
        max_train: training pictures at most; None takes all.
        epochs: passes over them.
        seeds: trainings of each kind.
        lambdas: weights λ of the penalty along the path; that of the three experiments,
            :data:`LAMBDA`, is added.
    """

    size: int = field(default_factory=lambda: choose(quick=64, standard=64, full=224))
    width: int = field(default_factory=lambda: choose(quick=2, standard=16, full=64))
    max_train: int | None = field(
        default_factory=lambda: choose(quick=100, standard=1000, full=None)
    )
    epochs: int = field(default_factory=lambda: choose(quick=1, standard=10, full=20))
    seeds: int = field(default_factory=lambda: choose(quick=1, standard=3, full=3))
    lambdas: Sequence[float] = field(
        default_factory=lambda: choose(quick=(), standard=(1e-2, 3e-2), full=(3e-4, 3e-3, 1e-2, 3e-2))
    )  # fmt: skip

    def __post_init__(self):
        if self.seeds < 1:
            raise CatdogError(f"--seeds is {self.seeds}; use 1 or more.")
        if not all(lam > 0 for lam in self.lambdas):
            raise CatdogError(
                "--lambdas must be above 0: the path has a training without L1 anyway."
            )
        object.__setattr__(self, "lambdas", tuple(sorted({*self.lambdas, LAMBDA})))

    def kinds(self) -> list[dict[str, Any]]:
        """Each kind of training, once: what it differs in from the others."""
        three = [
            {"optimizer": optimizer, "lr": lr, "l1": LAMBDA if l1 else 0.0, "penalty": "gradient"}
            for optimizer, lr, l1 in THREE.values()
        ]
        path = [
            {"optimizer": "Adam", "lr": 1e-4, "l1": lam, "penalty": penalty}
            for penalty in ("gradient", "proximal")
            for lam in self.lambdas
        ]
        return three + [kind for kind in path if kind not in three]


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
        source: of the pictures, as for :func:`catdog_lib.data.load`.
        out: the folder that gets the run folders and the results.
        device, processes, log: as in :func:`catdog_lib.runs.sweep.sweep`.

    Returns:
        what results.json holds: "command", "date", "hardware", "data", "settings"; "table" and
            "path", whose rows are
        the three experiments and the trainings with Adam along the path of λ; "failed", names of
        trainings with their errors. A row has "name", "optimizer", "lr", "l1", "penalty", "seeds";
        mean, std (of a sample; None for one seed) and values over the seeds of "test_accuracy",
        "validation_accuracy", "zeros" (the share of weights that are 0), "small" (of those up to
        1e-3) and "seconds"; "curves", the validation accuracy after each epoch for each seed;
        "layers", name → mean share of zeros.

    Raises:
        CatdogError: ``out`` holds something else, or every training failed.
        KeyboardInterrupt: interrupted; the same command goes on.
    """
    source = source or default_source()
    source = source if source == SKETCHES else str(Path(source).expanduser().resolve())
    common = {
        "model": "six_block", "data": source, "size": plan.size, "width": plan.width, "max_train": plan.max_train,
        "batch_size": 32, "epochs": plan.epochs, "schedule": "constant", "augment": ("trivial_augment",), "keep": "last",
        "device": device, "budget": current(),
    }  # fmt: skip
    members = [
        Member({name: _text(value) for name, value in kind.items()}, seed, {**common, **kind, "seed": seed})
        for kind in plan.kinds()
        for seed in range(plan.seeds)
    ]  # fmt: skip
    trained = run_members(members, common, out, processes=processes, log=log)["members"]
    failed = {member["name"]: member["error"] for member in trained if "error" in member}
    rows = []
    for kind in plan.kinds():
        settings = {name: _text(value) for name, value in kind.items()}
        own = [m for m in trained if m["settings"] == settings and "error" not in m]
        if own:
            rows.append(_row(kind, own))
    if not rows:
        raise CatdogError(f"Every training failed, the first so: {next(iter(failed.values()))}")
    facts = next(member for member in trained if "error" not in member)
    results = {
        "experiment": "l1",
        "command": _command(plan, source),
        "date": date.today().isoformat(),
        "hardware": {
            "device": facts["device"], "dtype": facts["dtype"], "torch": torch.__version__,
            "cores": os.cpu_count(), "trainings_at_once": processes or "one for each GPU, or core",
        },
        "data": {
            "source": SKETCHES if source == SKETCHES else "photos", "size": plan.size,
            "train_images": facts["train_images"], "test_images": facts["test_images"],
        },
        "settings": {
            "model": "six_block", "width": plan.width, "parameters": facts["parameters"], "batch_size": 32,
            "epochs": plan.epochs, "augment": "trivial_augment", "schedule": "constant", "l1": LAMBDA,
            "lambdas": list(plan.lambdas),
        },
        "table": [row for row in rows if row["name"]],
        "path": [row for row in rows if row["optimizer"] == "Adam"],
        "failed": failed,
    }  # fmt: skip
    write(json.dumps(results, indent=1).encode(), Path(out) / "results.json")
    _draw(results, Path(out) / "figure.png")
    return results


def table_text(results: dict[str, Any]) -> str:
    """The rows of the results for people: means over the seeds, ± the standard deviation where
    there are several.
    """
    lines = [("", "λ", "paid by", "test", "validation", "zeros", "seconds")]
    others = [row for row in results["path"] if not row["name"]]
    for row in [*results["table"], *others]:
        paid = row["penalty"] if row["l1"] else "–"
        cells = [
            _plus_minus(row[name], 100, " %")
            for name in ("test_accuracy", "validation_accuracy", "zeros")
        ]
        name = row["name"] or f"{row['optimizer']} {_text(row['lr'])}"
        lines.append((name, _text(row["l1"]), paid, *cells, _plus_minus(row["seconds"], 1, "")))
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )  # fmt: skip


def _row(kind: dict[str, Any], members: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One kind of training: its numbers over the seeds."""
    names = {(o, lr, LAMBDA if l1 else 0.0, "gradient"): name for name, (o, lr, l1) in THREE.items()}  # fmt: skip
    runs = [load_run(member["run"]) for member in members]
    layers = [{layer.name: layer.share for layer in sparsity(run.model)} for run in runs]
    values = {
        "test_accuracy": [member["test_accuracy"] for member in members],
        "validation_accuracy": [run.history.epochs[-1].validation_accuracy for run in runs],
        "zeros": [share_of_zeros(run.model) for run in runs],
        "small": [share_of_zeros(run.model, SMALL) for run in runs],
        "seconds": [member["train_seconds"] for member in members],
    }
    return {
        "name": names.get(tuple(kind.values())),
        **kind,
        "seeds": [member["seed"] for member in members],
        **{name: _statistics(numbers) for name, numbers in values.items()},
        "curves": [[e.validation_accuracy for e in run.history.epochs] for run in runs],
        "layers": {name: mean(shares[name] for shares in layers) for name in layers[0]},
    }


def _statistics(values: Sequence[float]) -> dict[str, Any]:
    spread = stdev(values) if len(values) > 1 else None
    return {"mean": mean(values), "std": spread, "values": list(values)}


def _plus_minus(numbers: dict[str, Any], scale: float, unit: str) -> str:
    spread = "" if numbers["std"] is None else f" ± {scale * numbers['std']:.1f}"
    return f"{scale * numbers['mean']:.1f}{spread}{unit}"


def _command(plan: Plan, source: str) -> str:
    """The command that does it again, with all sizes named; where the photos lie is nobody's
    business.
    """
    limit = f" --max-train {plan.max_train}" if plan.max_train else ""
    return (
        f"CATDOG_BUDGET={current()} catdog experiment l1 --data "
        f"{source if source == SKETCHES else 'PHOTOS'} --size {plan.size} --width "
        f"{plan.width}{limit} --epochs {plan.epochs} --seeds {plan.seeds} --lambdas "
        f"{' '.join(map(_text, plan.lambdas))}"
    )


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _draw(results: dict[str, Any], file: Path) -> None:
    from catdog_lib import plots  # matplotlib takes its time

    with plots.style():
        plots.l1_experiment(results).savefig(file)
