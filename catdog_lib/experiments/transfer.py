"""Linear probe, fine-tuning, from scratch, drawings first: test accuracy by training images.

Each number of images is drawn several times, and every way gets the same draws, so that they can be
compared in pairs.

These look at the same images, 96 pixels wide. The probe and fine-tuning begin with the offline
backbone as ImageNet made it; fine-tuning goes on from the probe's head. From scratch is the
course's own residual network with the recipe "minutes", which goes over a small set many times. One
more probe gets images of 256 pixels, closer to those of the backbone's own training. On photos, the
course's network is also trained on 100,000 drawn animals first, or 1,000 with the budget "quick";
with no photo at all, these alone have taught it.

Lesson 06, section 6.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from statistics import mean
from typing import Any

import torch

from catdog_lib.atomic_write import make_folder, read_object, write
from catdog_lib.budget import choose, current
from catdog_lib.data.sources import SKETCHES
from catdog_lib.device import choose_device, describe
from catdog_lib.errors import CatdogError
from catdog_lib.evidence import compare_paired
from catdog_lib.experiments.transfer_ways import (
    DRAWN,
    LARGE_PROBE,
    LEVELS,
    PROBE,
    SCRATCH,
    TUNED,
    Ways,
)
from catdog_lib.runs.results_table import plus_minus, statistics


@dataclass(frozen=True)
class Plan:
    """How large the experiment is; what is not given depends on the budget.

    Attributes:
        counts: numbers of training images; one above what there is means all of them.
        draws: how often each number of images is drawn.
    """

    counts: Sequence[int] = field(
        default_factory=lambda: choose(
            quick=(10,),
            standard=(10, 30, 100, 300, 1000),
            full=(10, 30, 100, 300, 1000, 3000, 8000),
        )
    )
    draws: int = field(default_factory=lambda: choose(quick=1, standard=3, full=5))

    def __post_init__(self):
        if self.draws < 1:
            raise CatdogError(f"--draws is {self.draws}; use 1 or more.")
        if not self.counts or min(self.counts) < 4:
            raise CatdogError("--counts must name one or more numbers of photos, each 4 or more.")


def run(
    plan: Plan,
    source: str | None,
    out: str | os.PathLike,
    *,
    device: str | None = None,
    log: Callable[[str], None] = print,
) -> dict[str, Any]:
    """Measure what is not measured yet, and write results.json.

    Args:
        plan: how large.
        source: of the images, as for :func:`catdog_lib.data.load`.
        out: the folder for results.json; what an earlier run of the same command left there is
            not done again.
        device: of the networks; None takes the fastest here.
        log: gets a line for each accuracy.

    Returns:
        what results.json holds: "command", "date", "hardware", "data"; "levels": name → accuracy
        with no training; and "curves": name → count → "mean", "std" (of a sample; None for one
        draw) and "values", test accuracies from 0 to 1, and "seconds" of each training run,
        extraction of the features apart.

    Raises:
        CatdogError: the images cannot be used, or ``out`` holds results of another command or of
            other images.
    """
    device = choose_device(device)
    ways = Ways(source, device)
    results = _start(plan, ways, Path(out), device)
    counts = sorted({min(count, len(ways.pool)) for count in plan.counts})
    drawn = (DRAWN,) if results["data"]["source"] != SKETCHES else ()
    for name in (PROBE, TUNED, SCRATCH, LARGE_PROBE, *drawn):
        if name in LEVELS and LEVELS[name] not in results["levels"]:
            results["levels"][LEVELS[name]] = ways.level(name)
        for count in [0, *counts] if name == DRAWN else counts:
            rows = results["curves"].setdefault(name, {})
            row = rows.setdefault(str(count), {"values": [], "seconds": []})
            # All images are drawn in one way only, and nothing else in a probe is random.
            alike = name in LEVELS and count == len(ways.pool)
            for draw in range(len(row["values"]), 1 if alike else plan.draws):
                start = time.perf_counter()
                row["values"].append(ways.measure(name, count, draw))
                row["seconds"].append(round(time.perf_counter() - start, 2))
                row.update(statistics(row["values"]))
                last = f"{row['values'][-1]:.1%}, {row['seconds'][-1]:.0f} s"
                log(f"{name}, {count} images, draw {draw + 1}: {last}")
                write(json.dumps(results, indent=1).encode(), Path(out) / "results.json")
    return results


def table_text(results: dict[str, Any]) -> str:
    """Return the curves as text for people, and what needs no training.

    They hold means over the draws, ± the standard deviation where there are several.
    """
    lines = [f"{'images':>8}" + "".join(f"  {name:<13}" for name in results["curves"])]
    for count in sorted({int(count) for rows in results["curves"].values() for count in rows}):
        line = f"{count:>8,}"
        for name, curve in results["curves"].items():
            row = curve.get(str(count))
            cell = plus_minus(row, 100, "%") if row else ""
            line += f"  {cell:<{max(13, len(name))}}"
        lines.append(line)
    lines += [f"{name}: {level:.1%}" for name, level in results["levels"].items()]
    return "\n".join(lines)


def situations_text(kinds: dict[str, dict[str, Any]], counts: Sequence[int]) -> str:
    """Return a table of few and many images, alike and unlike those of the backbone's training.

    Args:
        kinds: what the images are → results of :func:`run`. Ways that were not measured with so
            many images are left out.
        counts: numbers of training images.
    """
    lines = []
    for kind, results in kinds.items():
        for count in counts:
            rows = {name: results["curves"].get(name, {}) for name in (PROBE, TUNED, SCRATCH)}
            values = {
                name: [100 * value for value in row[str(count)]["values"]]
                for name, row in rows.items()
                if str(count) in row
            }
            means = ", ".join(f"{name} {mean(each):.1f}%" for name, each in values.items())
            lines.append(f"{kind}, {count:,} images: {means}")
            for name in list(values)[1:]:
                # One draw of all images stands for every draw of them.
                draws = values[PROBE] * (len(values[name]) if len(values[PROBE]) == 1 else 1)
                verdict = compare_paired(values[name], draws, " points")
                lines.append(f"    {name} − {PROBE}: {verdict}")
    return "\n".join(lines)


def _start(plan: Plan, ways: Ways, out: Path, device: torch.device) -> dict[str, Any]:
    """Return the results so far: those of an earlier run of the same command, or none."""
    source = SKETCHES if ways.splits.source == SKETCHES else "PHOTOS"
    command = (
        f"CATDOG_BUDGET={current()} catdog experiment transfer --data {source} "
        f"--counts {' '.join(map(str, plan.counts))} --draws {plan.draws}"
    )
    about = ways.about()
    file = out / "results.json"
    if file.is_file():
        found = read_object(file)
        if (found.get("command"), found.get("data")) != (command, about):
            raise CatdogError(
                f"{str(file)!r} has results of another command, or of other images; use another "
                "folder for --out."
            )
        return found
    make_folder(out)
    return {
        "experiment": "transfer",
        "command": command,
        "date": date.today().isoformat(),
        "hardware": {"device": describe(device), "torch": torch.__version__},
        "data": about,
        "levels": {},
        "curves": {},
    }
