"""Decode once, keep the pixels on disk, and map them into memory the next time.

A cached set is two files: ``KEY.npy``, the pixels, and ``KEY.json``, notes on them (which files gave no picture, say).
The key stands for all that the pixels are made from, so a changed photo is decoded anew. The second file is renamed
into place last: while it is missing, the set does not exist.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import platformdirs
from joblib import Parallel, delayed
from tqdm.auto import tqdm

from catdog_lib.data.decode import decode_rows
from catdog_lib.errors import CatdogError

_FORMAT = 1  # counts up when cached pixels would come out otherwise than before
_CHUNK = 100  # photos that a process decodes at a time


def cache_dir() -> Path:
    """The folder for everything that can be made again: ``CATDOG_CACHE``, or the platform's own place for caches."""
    return Path(
        os.environ.get("CATDOG_CACHE") or platformdirs.user_cache_dir("catdog", appauthor=False)
    )


def key_of(*parts: object) -> str:
    """A name for a cached set that changes when anything it was made from changes."""
    return hashlib.sha256(json.dumps([_FORMAT, *parts]).encode()).hexdigest()[:24]


def cached(
    key: str, count: int, size: int, fill: Callable[[Path], list]
) -> tuple[np.ndarray, list]:
    """The pixels stored under ``key``, made by ``fill`` if they are not there yet.

    Args:
        key: from :func:`key_of`.
        count, size: the array is count×3×size×size, uint8.
        fill: writes all rows into the array file it is given and returns notes on them, as JSON can hold.

    Returns:
        The array, mapped copy-on-write (so that nobody can change the file through it), and the notes.

    Raises:
        CatdogError: the cache cannot be written, or the disk is too full.
    """
    folder = cache_dir()
    pixels, notes = folder / f"{key}.npy", folder / f"{key}.json"
    shape = (count, 3, size, size)
    if not _complete(pixels, notes, shape):
        _make_room(folder, int(np.prod(shape)))
        part = folder / f"{key}.{os.getpid()}.part"
        try:
            np.lib.format.open_memmap(part, mode="w+", dtype=np.uint8, shape=shape)
            made = fill(part)
            os.replace(part, pixels)
            part.write_text(json.dumps(made), encoding="utf-8")
            os.replace(part, notes)
        finally:
            part.unlink(missing_ok=True)
    return np.load(pixels, mmap_mode="c"), json.loads(notes.read_text(encoding="utf-8"))


def _complete(pixels: Path, notes: Path, shape: tuple[int, ...]) -> bool:
    try:
        return notes.is_file() and np.load(pixels, mmap_mode="r").shape == shape
    except (OSError, ValueError):  # missing, or cut short by a full disk
        return False


def _make_room(folder: Path, needed: int) -> None:
    advice = "set CATDOG_CACHE to a folder with room"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError("no right to write there")
    except OSError as error:
        raise CatdogError(
            f"The cache folder {str(folder)!r} cannot be used ({error}); {advice}."
        ) from None
    free = shutil.disk_usage(folder).free
    if (
        free < 1.1 * needed
    ):  # a full disk would end the process without a word: memory-mapped writes cannot fail politely
        raise CatdogError(
            f"Decoding needs {needed / 1e9:.1f} GB in {str(folder)!r} and {free / 1e9:.1f} GB are free; {advice}."
        )


def decode_files(
    paths: Sequence[str], size: int, resize: str, progress: bool
) -> Callable[[Path], list]:
    """A ``fill`` for :func:`cached` that decodes files; its notes are the rows that gave no picture, with reasons."""

    def fill(store: Path) -> list[tuple[int, str]]:
        return in_processes(
            partial(decode_rows, str(store), size=size, resize=resize), paths, "Decoding", progress
        )

    return fill


def in_processes(
    work: Callable[[int, Sequence[str]], list[tuple[int, str]]],
    paths: Sequence[str],
    verb: str,
    progress: bool,
) -> list[tuple[int, str]]:
    """Let ``work(first row, some of the paths)`` go over all ``paths`` in as many processes as there are cores.

    Args:
        work: returns (row, text) pairs; must be importable by another process.
        verb: stands before the progress bar, which ``progress`` turns on.

    Returns:
        All pairs, in the order of ``paths``.
    """
    jobs = [(first, paths[first : first + _CHUNK]) for first in range(0, len(paths), _CHUNK)]
    cores = 1 if len(jobs) <= 2 else -1  # starting processes takes longer than a little work
    pairs: list[tuple[int, str]] = []
    with tqdm(total=len(paths), desc=verb, unit="photo", disable=not progress, leave=False) as bar:
        # joblib's processes, unlike multiprocessing's, start from any script and any notebook on every system.
        for result in Parallel(cores, return_as="generator")(delayed(work)(*job) for job in jobs):
            pairs += result
            bar.update(min(_CHUNK, len(paths) - bar.n))
    return pairs
