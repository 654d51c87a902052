"""Where the images come from by default."""

from __future__ import annotations

import os
from pathlib import Path

from catdog_lib.data.download.collections import COLLECTIONS
from catdog_lib.data.folders import scan
from catdog_lib.errors import CatdogError, warn

SKETCHES = "sketches"
PROJECT_DATA = Path(__file__).parents[2] / "data"


def default_source() -> str:
    """Return where images come from by default.

    That is ``CATDOG_DATA``, else the project's ``data`` folder, else sketches. A path that is not
    absolute counts from the folder that we are in, or else from the project's: there it was
    typed, as a rule, while lessons run in the folder ``notebooks``.
    """
    if named := os.environ.get("CATDOG_DATA"):
        typed = PROJECT_DATA.parent / named
        return str(typed) if not os.path.exists(named) and typed.is_dir() else named
    folder = default_folder()
    if folder is None and (reason := why_unused()):
        warn(f"The lessons draw their images themselves: {reason}")
    return SKETCHES if folder is None else str(folder)


def why_unused(data: Path = PROJECT_DATA) -> str | None:
    """Return why lessons cannot use what was put into a folder; None if nothing was."""
    try:
        contents = {entry.name for entry in data.iterdir() if not entry.name.startswith(".")}
    except OSError as error:
        return None if isinstance(error, FileNotFoundError) else str(error)
    if contents <= {"README.md"}:
        return None
    try:
        scan(data)
    except CatdogError as error:
        return str(error)
    return None


def default_folder(data: Path = PROJECT_DATA) -> Path | None:
    """Return the folder of photos that lessons use by default; None if there are none.

    This is the whole project folder ``data``. But if that holds nothing except collections from
    ``catdog data get``, it is the first of these in the order of
    ``download.collections.COLLECTIONS``: mixed, all test photos would come from the one that has a
    test set.
    """
    try:
        found = scan(data)
    except CatdogError:
        return None
    folders = {photo.name.split("/")[0] for photo in found.photos}
    if folders <= set(COLLECTIONS):
        return data / next(name for name in COLLECTIONS if name in folders)
    return data
