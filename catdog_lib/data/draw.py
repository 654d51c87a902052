"""Draw sketches into a file of the cache: the work of one process.

This file does not import PyTorch, so that a process starts at once and needs a tenth of the memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from catdog_lib.sketches import draw_sketches


def draw_rows(store: str, first: int, rows: Sequence[int], **how) -> list[tuple]:
    """Draw sketches into rows ``first``, ``first + 1``, … of the array file ``store``.

    Args:
        store: N×4×H×W uint8: red, green, blue, and the map of body parts.
        first: the first of the rows.
        rows: as many rows as are drawn.
        how: the other arguments of :func:`catdog_lib.sketches.draw_sketches`.

    Returns:
        For each sketch its label, its true label, what it repeats, and its description.
    """
    array = np.lib.format.open_memmap(store, mode="r+")
    batch = draw_sketches(len(rows), first=first, **how)
    array[first : first + len(rows), :3] = batch.images
    array[first : first + len(rows), 3] = batch.body_parts
    array.flush()
    columns = (batch.labels, batch.true_labels, batch.duplicate_of)
    lists = (column.tolist() for column in columns)
    return list(zip(*lists, map(asdict, batch.descriptions), strict=True))
