"""The results of the experiment with L1: a row for each kind of training run, and the table."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import mean
from typing import Any

from catdog_lib.runs.results_table import aligned, plus_minus, statistics
from catdog_lib.runs.run_folder import load_run
from catdog_lib.sparsity import share_of_zeros, sparsity
from catdog_lib.training.history import History

SMALL = 1e-3  # weights up to this size are counted, too
PAID_BY = {
    "gradient_all": "gradient on all",
    "gradient": "gradient",
    "proximal": "proximal step",
}


def table_text(results: dict[str, Any]) -> str:
    """Return the rows of the results as text for people.

    They hold means over the seeds, of accuracies ± the standard deviation where there are several.
    """
    lines = [("", "λ", "zeros", "test", "validation", "paid by")]
    others = [row for row in results["path"] if not row["name"]]
    for row in [*results["table"], *others]:
        paid = PAID_BY[row["penalty"]] if row["l1"] else "–"
        measures = (row["test_accuracy"], row["validation_accuracy"])
        cells = [f"{row['zeros']['mean']:.1%}", *(plus_minus(one, 100, "%") for one in measures)]
        name = row["name"] or f"{row['optimizer']} {row['lr']:.0e}".replace("e-0", "e-")
        lines.append((name, text_of(row["l1"]), *cells, paid))
    return aligned(lines)


def results_row(
    name: str | None, kind: dict[str, Any], members: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the row for one kind of training run, with its numbers over the seeds.

    Args:
        name: of the experiment, if it has one.
        kind: "optimizer", "lr", "l1" and "penalty".
        members: the training runs, as a sweep returns them.
    """
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
        "name": name,
        **kind,
        "seeds": [member["seed"] for member in members],
        **{name: statistics(numbers) for name, numbers in values.items()},
        "losses": losses([run.history for run in runs]),
        "layers": {name: mean(shares[name] for shares in layers) for name in layers[0]},
    }


def losses(histories: Sequence[History]) -> dict[str, list[list[float]]]:
    """Return "training" and "validation" → the loss after each epoch, a list for each run."""
    return {
        "training": [[epoch.train_loss for epoch in run.epochs] for run in histories],
        "validation": [[epoch.validation_loss for epoch in run.epochs] for run in histories],
    }


def unnamed_losses(results: dict[str, Any]) -> dict[str, dict[str, list[list[float]]]]:
    """Return letter → losses for four kinds of training runs, not in the order of the table.

    Exercise 05.4 asks what each chart shows before the names are told.
    """
    rows = {row["name"]: row for row in results["table"]}
    weakest = min(
        (row for row in results["path"] if row["penalty"] == "proximal"), key=lambda row: row["l1"]
    )
    names = ("Adam 1e-4, no penalty", "Adam 2e-3, λ = 1", "Adam 2e-3, no penalty")
    first, second, third = (rows[name]["losses"] for name in names)
    return {"A": first, "B": third, "C": weakest["losses"], "D": second}


def text_of(value: Any) -> str:
    """Return a setting as the names of run folders show it, such as 0.0001."""
    return f"{value:g}" if isinstance(value, float) else str(value)
