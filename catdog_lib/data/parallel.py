"""Apply a function to thousands of files, in a process for each core.

This file does not import PyTorch, nor do the processes that it starts.
"""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable, Sequence

from joblib import Parallel, delayed
from tqdm.auto import tqdm

_CHUNK = 100  # items that a process gets at a time


def parallel_map(
    work: Callable[[int, Sequence], list], items: Sequence, verb: str, unit: str, progress: bool
) -> list:
    """Apply ``work(first, chunk)`` to all ``items``, chunk by chunk, in a process for each core.

    ``first`` is the position of the chunk's first item.

    Args:
        work: returns a list; must be importable by another process.
        verb: stands before the progress bar, which ``progress`` turns on; ``unit`` is what it
            counts.

    Returns:
        What all calls returned, in one list, in the order of ``items``.
    """
    chunks = [(first, items[first : first + _CHUNK]) for first in range(0, len(items), _CHUNK)]
    # Starting processes takes longer than a little work, and joblib cannot do it where the path
    # of its temporary files has letters outside ASCII.
    temporary = os.environ.get("JOBLIB_TEMP_FOLDER") or tempfile.gettempdir()
    cores = 1 if len(chunks) <= 2 or not temporary.isascii() else -1
    results: list = []
    bar = tqdm(total=len(items), desc=verb, unit=unit, disable=not progress, leave=False)
    with bar, warnings.catch_warnings():
        # Harmless: processes of an earlier call, idle for minutes, end as this one begins.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
        # joblib's processes, unlike multiprocessing's, start from any script and any notebook on
        # every system.
        run = Parallel(cores, return_as="generator")
        for result in run(delayed(work)(*chunk) for chunk in chunks):
            results += result
            bar.update(min(_CHUNK, len(items) - bar.n))
    return results
