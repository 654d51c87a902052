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
            spread = stdev(values) if len(values) > 1 else None
            row[measure].update(mean=mean(values), std=spread, median=median(values))
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
            spread = row[measure]["std"]
            plus_minus = "" if spread is None else f" ± {scale * spread:.1f}"
            cells.append(f"{scale * row[measure]['mean']:.1f}{plus_minus}{unit}")
        lines.append((name, seeds, *cells))
    widths = [max(map(len, column)) for column in zip_longest(*lines, fillvalue="")]
    return "\n".join(
        "  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=False)).rstrip()
        for line in lines
    )
