"""Look through a folder of photos: how many can be used, and what is wrong with the others."""

from __future__ import annotations

import os
from dataclasses import dataclass

from catdog_lib.data.cache import in_processes
from catdog_lib.data.decode import unusable_rows
from catdog_lib.data.folders import Skipped, count_by_part, scan


@dataclass(frozen=True)
class Report:
    """What :func:`check_folder` found; ``counts`` by split and class, ``skipped`` with a reason each."""

    folder: str
    files: int
    usable: int
    counts: dict[str, int]
    skipped: tuple[Skipped, ...]


def check_folder(folder: str | os.PathLike, progress: bool = True) -> Report:
    """Decode every file that could be a photo of a cat or a dog.

    Raises:
        CatdogError: see :func:`catdog_lib.data.scan`.
    """
    found = scan(folder)
    paths = [str(found.folder / photo.name) for photo in found.photos]
    unusable = dict(in_processes(unusable_rows, paths, "Checking", progress))
    usable = [photo for row, photo in enumerate(found.photos) if row not in unusable]
    bad = [Skipped(found.photos[row].name, reason) for row, reason in unusable.items()]
    return Report(
        folder=str(found.folder),
        files=len(found.photos) + len(found.skipped),
        usable=len(usable),
        counts=count_by_part(usable),
        skipped=(*found.skipped, *bad),
    )
