"""Time the course's loop with other settings: python -m tests.gpu.settings cuda

Each line is a JSON object: how many photos a second a row of the bench learns from with one setting
changed, and how long it takes to begin. Whether a setting should be the course's own is decided
from that, by a reader.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch

from catdog_lib.bench import course_loop
from catdog_lib.bench.rows import ROWS, SMALL_ROWS, Row
from catdog_lib.device import fast_dtype

NAMES = ("six_block", "five_conv", "champion")
# What is changed, and for which rows; what takes longest to begin comes last.
SETTINGS = {
    "as it is": NAMES,
    "cudnn.benchmark": NAMES,
    "float32": NAMES,
    "images in main memory": NAMES[1:],
    "the same, not pinned": NAMES[1:],
    "compile": NAMES,
}


@contextmanager
def changed(setting: str) -> Iterator[None]:
    """Change a setting of the whole process for a ``with`` block."""
    with ExitStack() as stack:
        if setting == "cudnn.benchmark":
            stack.callback(setattr, torch.backends.cudnn, "benchmark", False)
            torch.backends.cudnn.benchmark = True
        if setting in ("images in main memory", "the same, not pinned"):
            stay = mock.patch.object(
                course_loop, "preload_to_device", lambda images, device: images
            )
            stack.enter_context(stay)
        if setting == "the same, not pinned":
            stack.enter_context(mock.patch.object(torch.Tensor, "pin_memory", lambda self: self))
        yield


def measure(row: Row, setting: str, device: str, folder: Path, seconds: float) -> dict[str, float]:
    """Return the photos a second, and the seconds until the first rounds are over."""
    pixels = folder / f"{row.size}.npy"
    if not pixels.exists():
        shape = (4 * row.batch_size, 3, row.size, row.size)
        np.save(pixels, np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8))
    dtype = torch.float32 if setting == "float32" else fast_dtype(torch.device(device))
    row = replace(row, recipe=replace(row.recipe, compile=setting == "compile"))
    start = time.perf_counter()
    with changed(setting):
        loop = course_loop.CourseLoop(row, pixels, device, dtype, seconds)
        begun = time.perf_counter() - start
        return {"images_per_second": max(loop.round() for _ in range(2)), "seconds_to_begin": begun}


def main(device: str) -> None:
    """Print a line for each setting and row; on a CPU only for those that mean something there."""
    on_gpu = device != "cpu"
    rows, seconds = (ROWS, 0.5) if on_gpu else (SMALL_ROWS, 0.0)
    with tempfile.TemporaryDirectory() as folder:
        for setting in SETTINGS if on_gpu else ("as it is", "float32"):
            for name in SETTINGS[setting]:
                try:
                    found = measure(rows[name], setting, device, Path(folder), seconds)
                except Exception as error:  # torch.compile without a compiler, say
                    found = {"failed": f"{type(error).__name__}: {str(error).splitlines()[0]}"}
                print(json.dumps({"setting": setting, "row": name, **found}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
