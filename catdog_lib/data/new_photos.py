"""Photos that a network has not been trained on, to test it with all of them."""

from __future__ import annotations

import os

from catdog_lib.data.folders import scan
from catdog_lib.data.image_set import ImageSet
from catdog_lib.data.loading import decode_groups
from catdog_lib.data.sources import SKETCHES
from catdog_lib.errors import CatdogError


def are_new(folder: str | os.PathLike, trained_on: str) -> bool:
    """Tell whether a folder has nothing to do with the one that a network was trained on."""
    if SKETCHES in (str(folder), trained_on):
        return str(folder) != SKETCHES
    paths = [os.path.realpath(os.path.expanduser(path)) for path in (folder, trained_on)]
    try:
        return os.path.commonpath(paths) not in paths  # neither lies in the other
    except ValueError:  # on two drives of Windows
        return True


def new_photos(
    folder: str | os.PathLike, size: int, resize: str, progress: bool = True
) -> tuple[ImageSet, str]:
    """Load the test photos of a folder, or all of its photos if none are marked as such.

    Args:
        folder: of any layout (:mod:`catdog_lib.data.folders`); it needs no training photos.
        size, resize: as for :func:`catdog_lib.data.load`.
        progress: show a bar while photos are decoded.

    Returns:
        the images, and which they are in words.

    Raises:
        CatdogError: the folder cannot be used, or has no usable photo of one of the classes.
    """
    found = scan(folder)
    tests = [photo for photo in found.photos if photo.split == "test"]
    splits, skipped = decode_groups(found, {"test": tests or found.photos}, size, resize, progress)
    for word, count in splits["test"].counts().items():
        if count == 0:
            raise CatdogError(f"{str(folder)!r} leaves no usable {word} to test with; add some.")
    files = f"{len(skipped):,} file{'s' if len(skipped) > 1 else ''}"
    left_out = f", without {files} that cannot be used" if skipped else ""
    which = "the test photos" if tests else "all photos"
    return splits["test"], f"{which} in {os.path.realpath(found.folder)}{left_out}"
