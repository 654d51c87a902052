"""Machines to compare yours with: those that were measured, and one from a data sheet.

The measured figures are in docs/measurements.md, with their commands. Those of a GPU are read from
``gpu.json`` beside this file, if it is there: ``make test-gpu`` writes it, as ``figures.json``.

Lesson 10, section 4.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

GPU_FILE = Path(__file__).with_name("gpu.json")
Limits = tuple[float, float, int]


def recorded_gpu(file: Path = GPU_FILE) -> dict[str, Any]:
    """Return what was measured on a GPU (``tests/gpu/report.py``); {} if nothing was."""
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}


def gpu_limits(gpu: dict[str, Any]) -> dict[str, Limits]:
    """Return a recorded GPU as an entry of :data:`MEASURED`; {} if the bench did not run on it."""
    bench = gpu.get("bench")
    if not bench:
        return {}
    width = {"bfloat16": 2, "float16": 2, "float32": 4}[bench["dtype"]]
    name = f"C: {bench['device']}, {bench['dtype']}"
    return {name: (2 * bench["peak"], bench["bandwidth"], width)}


def gpu_loops(gpu: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """Return the speeds of ``five_conv`` on a recorded GPU as an entry of :data:`LOOPS`."""
    rows = (gpu.get("bench") or {}).get("rows", [])
    return {
        f"machine C, {row['size']} px": (round(row["plain_best"], 1), round(row["ours_best"], 1))
        for row in rows
        if row["name"] == "five_conv"
    }


# name → (operations a second, bytes a second, bytes of each number that convolutions compute with);
# a multiply-add is two operations
MEASURED: dict[str, Limits] = {
    "A: 2 cores with bfloat16": (2 * 243e9, 32e9, 2),
    "B: 2 cores of 2021, float32": (2 * 95e9, 32e9, 4),
    **gpu_limits(recorded_gpu()),
}
# "NVIDIA H100 Tensor Core GPU", data sheet, SXM version: bfloat16 without sparsity, HBM3.
SPECIFIED: dict[str, Limits] = {"H100 SXM, data sheet": (989e12, 3.35e12, 2)}
# photos a second of five_conv in training at 256 px: the plain loop, the course's loop
LOOPS = {
    "machine A, 256 px": (13.0, 104.4),
    "machine B, 256 px": (8.6, 41.3),
    **gpu_loops(recorded_gpu()),
}
