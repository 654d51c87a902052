"""The results of a sweep: a row for each combination of settings, over its seeds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from statistics import mean, median, stdev
from typing import Any

MEASURES = ("validation_accuracy", "test_accuracy", "train_seconds")


def table(results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return a row for each combination of settings.

    A row has its seeds that ended well, those that failed, and mean, standard deviation, median and
    values of :data:`MEASURES` over the former. The standard deviation is that of a sample,
    Σ(x − mean)² / (n − 1) under the root; None for fewer than two.
    """
    rows: dict[str, dict[str, Any]] = {}
    for result in results:
        key = json.dumps(result["settings"])
        row = rows.setdefault(key, {"settings": result["settings"], "seeds": [], "failed": []})
        row["failed" if "error" in result else "seeds"].append(result["seed"])
        for measure in MEASURES if "error" not in result else ():
            row.setdefault(measure, {"values": []})["values"].append(result[measure])
    for row in rows.values():
        for measure in MEASURES if row["seeds"] else ():
            values = row[measure]["values"]
            row[measure].update(statistics(values), median=median(values))
    return list(rows.values())


def table_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows of :func:`table` as text for people."""
    lines = [("", "seeds", "validation", "test", "seconds")]
    for row in rows:
        name = ",".join(f"{k}={v}" for k, v in row["settings"].items()) or "all"
        count = len(row["seeds"]) + len(row["failed"])
        seeds = f"{len(row['seeds'])} of {count}" if row["failed"] else str(count)
        cells = []
        for measure in MEASURES if row["seeds"] else ():
            scale, unit = (100, "%") if measure.endswith("accuracy") else (1, "")
            cells.append(plus_minus(row[measure], scale, unit))
        lines.append((name, seeds, *cells))
    return aligned(lines)


def statistics(values: Sequence[float]) -> dict[str, Any]:
    """Return "mean", "std" (of a sample; None for one value) and "values"."""
    spread = stdev(values) if len(values) > 1 else None
    return {"mean": mean(values), "std": spread, "values": list(values)}


def plus_minus(numbers: Mapping[str, Any], scale: float, unit: str) -> str:
    """Return ``mean ± std``, scaled, with a unit; the mean alone where there is no spread."""
    spread = "" if numbers["std"] is None else f" ± {scale * numbers['std']:.1f}"
    return f"{scale * numbers['mean']:.1f}{spread}{unit}"


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Return lines of cells, of which the last may be missing, as one text in columns."""
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=False)).rstrip()
        for line in lines
    )
