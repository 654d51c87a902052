"""Photos that a network has not been trained on, to test it with all of them."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

import torch

from catdog_lib.data.folders import Photo, scan
from catdog_lib.data.image_set import ImageSet
from catdog_lib.data.loading import decode_groups, load
from catdog_lib.data.sources import SKETCHES
from catdog_lib.errors import CatdogError


def is_another(folder: str | os.PathLike, trained_on: str) -> bool:
    """Tell whether a folder of photos is not the one of a training run."""
    if SKETCHES in (str(folder), trained_on):
        return str(folder) != SKETCHES
    here, there = (os.path.realpath(os.path.expanduser(path)) for path in (folder, trained_on))
    return here != there


def photos_seen(trained_on: Mapping[str, Any], progress: bool = True) -> list[Path] | None:
    """Return the files that a network was trained and validated on; None if they are gone.

    Args:
        trained_on: the arguments of :func:`catdog_lib.data.load` that chose them.
        progress: show a bar while photos are decoded, if they are no longer in the cache.
    """
    source = Path(trained_on["source"])
    if trained_on["source"] == SKETCHES:
        return []
    try:
        splits = load(**trained_on, progress=progress)
    except CatdogError:
        return None
    return [source / name for part in (splits.train, splits.validation) for name in part.names]


def new_photos(
    folder: str | os.PathLike,
    size: int,
    resize: str,
    progress: bool = True,
    seen: Sequence[Path] = (),
) -> tuple[ImageSet, str]:
    """Load the test photos of a folder, or all of its photos if none are marked as such.

    Args:
        folder: of any layout (:mod:`catdog_lib.data.folders`); it needs no training photos.
        size, resize: as for :func:`catdog_lib.data.load`.
        progress: show a bar while photos are decoded.
        seen: files that the network knows (:func:`photos_seen`): they are left out, and so are
            their copies.

    Returns:
        the images, and which they are in words.

    Raises:
        CatdogError: the folder cannot be used, or has no usable photo of one of the classes.
    """
    found = scan(folder)
    tests = [photo for photo in found.photos if photo.split == "test"]
    chosen = _without_copies(found.folder, tests or found.photos, seen)
    known = len(tests or found.photos) - len(chosen)
    splits, skipped = decode_groups(found, {"test": chosen}, size, resize, progress)
    known_in_words = f", without {known:,} that the network learned from" if known else ""
    for word, count in splits["test"].counts().items():
        if count == 0:
            raise CatdogError(
                f"{str(folder)!r} leaves no usable {word} to test with{known_in_words}; add some."
            )
    files = f"{len(skipped):,} file{'s' if len(skipped) > 1 else ''}"
    left_out = f", without {files} that cannot be used" if skipped else ""
    which = "the test photos" if tests else "all photos"
    return splits["test"], f"{which} in {os.path.realpath(found.folder)}{known_in_words}{left_out}"


def without_seen(images: ImageSet, folder: str | os.PathLike, seen: Sequence[Path]) -> ImageSet:
    """Return the images of a folder without the files that were seen, and without their copies."""
    used = [photo for photo in scan(folder).photos if photo.name in set(images.names)]
    new = {photo.name for photo in _without_copies(Path(folder), used, seen)}
    return images.subset(torch.tensor([i for i, name in enumerate(images.names) if name in new]))


def _without_copies(folder: Path, photos: Sequence[Photo], seen: Sequence[Path]) -> Sequence[Photo]:
    """Return the photos whose files are equal to none that was seen, byte for byte."""
    by_size: dict[int, list[Path]] = defaultdict(list)
    for file in seen:
        with suppress(OSError):
            by_size[file.stat().st_size].append(file)
    contents = cache(_digest)
    return [
        photo
        for photo in photos
        if contents(folder / photo.name) not in map(contents, by_size.get(photo.bytes, ()))
    ]


def _digest(file: Path) -> bytes:
    """Return a checksum of a file; a different one for each that cannot be read."""
    try:
        return blake2b(file.read_bytes()).digest()
    except OSError:
        return os.fsencode(file)
