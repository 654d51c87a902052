"""Decode once, keep the pixels on disk, and map them into memory the next time.

A cached set is two files: ``KEY.npy``, the pixels, and ``KEY.json``, notes on them (which files
hold no image, for example). The key stands for all that the pixels are made from, so a changed
photo is decoded again. The second file is renamed into place last: while it is missing, the set
does not exist.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import platformdirs
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from catdog_lib.data.decode import decode_rows
from catdog_lib.errors import CatdogError

_FORMAT = 1  # to be raised when the same key would give different pixels
_CHUNK = 100  # items that a process gets at a time


def cache_dir() -> Path:
    """Return the folder for everything that can be made again.

    It is ``CATDOG_CACHE``, or the platform's own place for caches.
    """
    return Path(
        os.environ.get("CATDOG_CACHE") or platformdirs.user_cache_dir("catdog", appauthor=False)
    )


def cache_key(*ingredients: object) -> str:
    """Return a name for a cached set that changes when anything it was made from changes."""
    return hashlib.sha256(json.dumps([_FORMAT, *ingredients]).encode()).hexdigest()[:24]


def cached(
    key: str, shape: tuple[int, ...], fill: Callable[[Path], list], dtype: type = np.uint8
) -> tuple[np.ndarray, list]:
    """Return the array stored under ``key``, and make it with ``fill`` if it is not there yet.

    Args:
        key: from :func:`cache_key`.
        shape, dtype: of the array.
        fill: writes all rows into the array file it is given and returns notes on them, as JSON can
            hold.

    Returns:
        The array, mapped copy-on-write (so that nobody can change the file through it), and the
        notes.

    Raises:
        CatdogError: the cache cannot be written, or the disk is too full.
    """
    folder = cache_dir()
    pixels, notes = folder / f"{key}.npy", folder / f"{key}.json"
    if not _complete(pixels, notes, shape, dtype):
        _require_room(folder, int(np.prod(shape)) * np.dtype(dtype).itemsize)
        part = folder / f"{key}.{os.getpid()}.part"
        try:
            np.lib.format.open_memmap(part, mode="w+", dtype=dtype, shape=shape)
            made_notes = fill(part)
            os.replace(part, pixels)
            part.write_text(json.dumps(made_notes), encoding="utf-8")
            os.replace(part, notes)
        finally:
            part.unlink(missing_ok=True)
    return np.load(pixels, mmap_mode="c"), json.loads(notes.read_text(encoding="utf-8"))


def _complete(pixels: Path, notes: Path, shape: tuple[int, ...], dtype: type) -> bool:
    """Return whether pixels and notes are both there, and of the right shape and type."""
    try:
        array = np.load(pixels, mmap_mode="r")
        return notes.is_file() and (array.shape, array.dtype) == (shape, dtype)
    except (OSError, ValueError):  # missing, or cut short by a full disk
        return False


def _require_room(folder: Path, needed: int) -> None:
    """Raise a CatdogError if the cache cannot be written, or the disk is too full."""
    advice = "set CATDOG_CACHE to a folder with room"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError("no permission to write there")
    except OSError as error:
        raise CatdogError(
            f"The cache folder {str(folder)!r} cannot be used ({error}); {advice}."
        ) from None
    free = shutil.disk_usage(folder).free
    # A full disk would end the process silently: a memory-mapped write cannot raise an error.
    if free < 1.1 * needed:
        raise CatdogError(
            f"The cache needs {needed / 1e9:.1f} GB in {str(folder)!r} and {free / 1e9:.1f} GB are "
            f"free; {advice}."
        )


def decode_files(
    paths: Sequence[str], size: int, resize: str, progress: bool
) -> Callable[[Path], list]:
    """Return a ``fill`` for :func:`cached` that decodes files.

    Its notes are the rows without an image, with reasons.
    """

    def fill(store: Path) -> list[tuple[int, str]]:
        work = partial(decode_rows, str(store), size=size, resize=resize)
        return parallel_map(work, paths, "Decoding", "photo", progress)

    return fill


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
    cores = 1 if len(chunks) <= 2 else -1  # starting processes takes longer than a little work
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
