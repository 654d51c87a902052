"""Write a file so that no crash can damage it: it is the old one or the new one, never half.

The new contents go into a file of their own beside the old one, and are forced onto the disk; only
then does the new file take the old one's name, which the operating system does in one step. Without
the forcing, a power cut could leave the new name on an empty file (T. S. Pillai and others 2014,
"All file systems are not created equal", OSDI).
"""

from __future__ import annotations

import os
from pathlib import Path

from catdog_lib.errors import CatdogError


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
            part.replace(path)
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
