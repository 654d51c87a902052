"""Write a file so that no crash can damage it: it is the old one or the new one, never half.

The new contents go into a file of their own beside the old one, and are forced onto the disk; only
then does the new file take the old one's name, which the operating system does in one step. Without
the forcing, a power cut could leave the new name on an empty file (T. S. Pillai and others 2014,
"All file systems are not created equal", OSDI).
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from catdog_lib.errors import CatdogError

_PATIENCE = 2  # seconds


def write(contents: bytes, path: Path) -> None:
    """Write ``contents`` to ``path``, all or nothing.

    A process killed meanwhile leaves a ``.part`` file, which the next attempt overwrites.

    Raises:
        CatdogError: the file cannot be written, or the disk is full; ``path`` is as it was.
    """
    part = path.with_name(f"{path.name}.part")
    try:
        try:
            with part.open("wb") as file:
                file.write(contents)
                file.flush()
                os.fsync(file.fileno())
            _replace(part, path)
        finally:
            part.unlink(missing_ok=True)  # it is still there only if something went wrong
        if os.name == "posix":  # the new name is on the disk when the folder is
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        raise CatdogError(
            f"{str(path)!r} cannot be written ({error}); make room there, or use another folder."
        ) from None


def _replace(part: Path, path: Path) -> None:
    """Give ``part`` the name ``path``; on Windows wait until nobody reads the old file.

    Windows refuses to replace a file that is open: in another program, or in a virus scanner.
    """
    end = time.monotonic() + (_PATIENCE if os.name == "nt" else 0)
    while True:
        try:
            part.replace(path)
            return
        except PermissionError:
            if time.monotonic() >= end:
                raise
            time.sleep(0.02)


def require_own(path: Path, mark: bytes, what: str) -> None:
    """Raise a CatdogError if a file is there already that the course has not written.

    Args:
        path: the file that is about to be written.
        mark: bytes near the beginning of such a file.
        what: such a file in words, for the error: "a model card".
    """
    try:
        with path.open("rb") as file:
            own = mark in file.read(1000)
    except FileNotFoundError:
        return
    except OSError:  # a folder, for example
        own = False
    if not own:
        raise CatdogError(f"{str(path)!r} already exists and is not {what}; name another file.")


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, if it is not there yet.

    Raises:
        CatdogError: it cannot be made, or is a file.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatdogError(
            f"{str(path)!r} cannot be made ({error.strerror}); use another folder."
        ) from None


def read_object(path: Path) -> dict[str, Any]:
    """Return the JSON object that a file of the course holds.

    Raises:
        CatdogError: it is damaged, or cannot be read.
    """
    try:
        contents = json.loads(path.read_bytes())
        if not isinstance(contents, dict):
            raise ValueError("it holds no object")
        return contents
    except (OSError, ValueError) as error:  # broken JSON and broken UTF-8 are ValueErrors
        raise CatdogError(
            f"{str(path)!r} is damaged ({error}); remove it to begin again, or use another folder."
        ) from None
