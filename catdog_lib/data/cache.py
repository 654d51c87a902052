"""Decode once, keep the pixels on disk, and map them into memory the next time.

A cached set is two files: ``KEY.npy``, the pixels, and ``KEY.json``, notes on them (which files
hold no image, for example) with a checksum over both. The key stands for all that the pixels are
made from, so a changed photo is decoded again. A set that was not written to its end, or was
changed since, does not match its checksum and is made again. Of several processes that want the
same set, one makes it and the rest wait. When a set is made, those that have not been used for a
month are removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from zlib import crc32

import numpy as np
import platformdirs
from filelock import FileLock, Timeout

from catdog_lib import atomic_write
from catdog_lib.errors import CatdogError

_FORMAT = 2  # to be raised when the same key would give different pixels
_MONTH = 30 * 24 * 3600  # seconds
_ADVICE = "set CATDOG_CACHE to a folder with room, in which you may write"


def cache_dir() -> Path:
    """Return the folder for everything that can be made again.

    It is ``CATDOG_CACHE``, or the platform's own place for caches.
    """
    if named := os.environ.get("CATDOG_CACHE"):
        return Path(os.path.expanduser(named))
    try:
        return Path(platformdirs.user_cache_dir("catdog", appauthor=False))
    except RuntimeError:  # a user without a home, as in some containers
        return Path(tempfile.gettempdir(), f"catdog-{os.getuid()}")


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
    with suppress(OSError):  # there is none yet, or the cache is read-only
        os.utime(folder / f"{key}.json")  # in use from now on: another process may clear up
    if (notes := _notes(folder, key, shape, dtype)) is None:
        with _alone(folder, key):
            if (notes := _notes(folder, key, shape, dtype)) is None:  # nobody else has made it
                _remove_left_overs(folder, key)
                _remove_unused(folder)
                notes = _make(folder, key, shape, fill, dtype)
    return np.load(folder / f"{key}.npy", mmap_mode="c"), notes


def forget(key: str) -> None:
    """Have the set under ``key`` made again the next time; its array stays usable until then."""
    (cache_dir() / f"{key}.json").unlink(missing_ok=True)


def _make(
    folder: Path, key: str, shape: tuple[int, ...], fill: Callable[[Path], list], dtype: type
) -> list:
    """Write a set and return its notes, as they will be read."""
    part, pixels = folder / f"{key}.part", folder / f"{key}.npy"
    try:
        try:
            np.lib.format.open_memmap(part, mode="w+", dtype=dtype, shape=shape)
            _reserve(part)
            notes = json.loads(json.dumps(fill(part)))
            os.replace(part, pixels)
            contents = {"notes": notes, "checksum": _checksum(pixels, notes)}
            atomic_write.write(json.dumps(contents).encode(), folder / f"{key}.json")
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise CatdogError(
            f"The cache cannot be written in {str(folder)!r} ({error.strerror or error}); "
            f"{_ADVICE}."
        ) from None
    return notes


def _notes(folder: Path, key: str, shape: tuple[int, ...], dtype: type) -> list | None:
    """Return the notes of a set; None if it is missing, damaged, or of another shape or type."""
    pixels = folder / f"{key}.npy"
    try:
        contents = json.loads((folder / f"{key}.json").read_bytes())
        array = np.load(pixels, mmap_mode="r")
        whole = contents["checksum"] == _checksum(pixels, contents["notes"])
        return contents["notes"] if whole and (array.shape, array.dtype) == (shape, dtype) else None
    except (OSError, ValueError, EOFError, KeyError, TypeError):  # what damage does to readers
        return None


def _checksum(pixels: Path, notes: list) -> int:
    """Return a checksum of a set: CRC-32 finds damage, though not a forgery."""
    checksum = crc32(json.dumps(notes).encode())
    with pixels.open("rb") as file:
        while chunk := file.read(1 << 22):
            checksum = crc32(chunk, checksum)
    return checksum


def _remove_left_overs(folder: Path, key: str) -> None:
    """Remove what processes that were killed have left of other sets."""
    for part in folder.glob("*.part"):
        if part.stem != key:
            with suppress(Timeout, OSError), FileLock(part.with_suffix(".lock"), timeout=0):
                part.unlink()


def _remove_unused(folder: Path) -> None:
    """Remove the sets that have not been used for a month.

    A process that has mapped one can go on reading it; on Windows, where an open file cannot be
    removed, it stays.
    """
    for pixels in folder.glob("*.npy"):
        notes = pixels.with_suffix(".json")  # none, if the set was to be forgotten
        with suppress(Timeout, OSError):
            used = (notes if notes.exists() else pixels).stat().st_mtime
            if time.time() - used > _MONTH:
                with FileLock(pixels.with_suffix(".lock"), timeout=0):
                    pixels.unlink()
                    notes.unlink(missing_ok=True)


@contextmanager
def _alone(folder: Path, key: str) -> Iterator[None]:
    """Keep other processes from this set; raise a CatdogError if it cannot be written."""
    lock = FileLock(folder / f"{key}.lock")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not os.access(folder, os.W_OK):
            raise PermissionError("no permission to write there")
        lock.acquire()
    except OSError as error:
        sentence = f"The cache folder {str(folder)!r} cannot be used ({error}); {_ADVICE}."
        raise CatdogError(sentence) from None
    try:
        yield
    finally:
        lock.release()


def _reserve(path: Path) -> None:
    """Take the room on the disk for all of a file that is still a hole.

    A disk that is full ends the process without a word when mapped memory is written.

    Raises:
        CatdogError: there is too little room.
    """
    size, free = path.stat().st_size, shutil.disk_usage(path.parent).free
    try:
        if free < 1.1 * size:
            raise OSError
        with path.open("r+b") as file:
            if hasattr(os, "posix_fallocate"):  # another program may take what seemed free
                os.posix_fallocate(file.fileno(), 0, size)
    except OSError:
        raise CatdogError(
            f"The cache needs {_in_words(size)} in {str(path.parent)!r} and {_in_words(free)} are "
            f"free; {_ADVICE}."
        ) from None


def _in_words(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
