"""Where a collection is put: nothing is there yet, there is room, and no other process is at it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from catdog_lib.data.download.partial_file import megabytes
from catdog_lib.errors import CatdogError


def require_free(target: Path) -> None:
    """Raise a CatdogError if there is something at the destination, or nothing can replace it."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise CatdogError(
            f"{str(target)!r} already exists; use it as it is, delete or rename it, or choose "
            "another folder with --to."
        )
    if os.path.ismount(target):  # nothing can be renamed onto it
        raise CatdogError(
            f"A disk of its own is mounted at {str(target)!r}; name a folder in it with --to."
        )


def require_room(folder: Path, needed: int) -> None:
    """Raise a CatdogError if the disk is too full."""
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise CatdogError(
            f"{megabytes(needed)} are needed in {str(existing)!r} and {megabytes(free)} are free; "
            "make room, or choose a folder on another disk with --to."
        )


@contextmanager
def alone(work: Path, target: Path) -> Iterator[None]:
    """Keep other processes from the hidden folder, which both would write to.

    Raises:
        CatdogError: another process is there, or the folder cannot be made.
    """
    lock = FileLock(work / "lock", timeout=0)
    try:
        work.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise CatdogError(
            f"Another process is fetching {str(target)!r}; wait for it, or choose another folder "
            "with --to."
        ) from None
    except OSError as error:
        raise CatdogError(
            f"{str(work)!r} cannot be used ({error.strerror}); choose another folder with --to."
        ) from None
    try:
        yield
    finally:
        with suppress(OSError):  # the folder holds what has come so far
            # While it is locked: then it is not another process's. (Windows removes the file.)
            (work / "lock").unlink(missing_ok=True)
            work.rmdir()
        lock.release()
