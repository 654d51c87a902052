"""From a source of images to the three splits that a lesson trains on.

Longer than 200 lines because every way to load, and the checks that they share, stand together.

Lesson 00, section 1; Lesson 00, section 6; Lesson 10, section 2.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from numbers import Integral
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.data import cache
from catdog_lib.data.decode import RESIZES, decode, decode_files
from catdog_lib.data.folders import Photo, Scan, Skipped, scan
from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.data.photo_file import DecodeError
from catdog_lib.data.sketch_sets import sketch_set
from catdog_lib.data.sources import SKETCHES, default_source
from catdog_lib.data.splitting import sample_photos, split_images, split_photos
from catdog_lib.errors import CatdogError
from catdog_lib.sketches import draw_image

# What leaves more images to a split.
_ROOM = {
    "train": "ask for smaller shares for validation and test, or for a larger max_train",
    "validation": "ask for a larger share for it",
    "test": "ask for a larger share or max_test",
}


def load(
    source: str | os.PathLike | None = None,
    size: int = 64,
    *,
    resize: str = "squash",
    validation: float = 0.15,
    test: float = 0.2,
    max_train: int | None = None,
    max_test: int | None = None,
    seed: int = 0,
    progress: bool = True,
) -> Splits:
    """Load cats and dogs as square uint8 images, in three splits.

    Validation is split off the training photos, class by class, unless the folder brings its own. A
    folder without a test split gives up some of its photos for one. Every split is by file and
    random, from ``seed``. Photos are decoded once and kept in the cache.

    Args:
        source: a folder of photos (layouts: :mod:`catdog_lib.data.folders`) or "sketches";
            None asks ``CATDOG_DATA``, then the project's ``data`` folder, then takes
            sketches.
        size: height and width, in pixels.
        resize: squash, crop or pad (:func:`catdog_lib.data.decode.to_square`).
        validation, test: share of the photos taken for each, between 0 and 1.
        max_train, max_test: use at most this many random photos for training with validation, and
            for testing; a validation folder is used whole.
        seed: of the splits.
        progress: show a bar while photos are decoded.

    Raises:
        CatdogError: the source or an argument cannot be used; the sentence says what to do.
    """
    _check_arguments(size, resize, validation, test, max_train, max_test)
    source = str(default_source() if source is None else source)
    if source == SKETCHES:
        splits, skipped = _sketches(size, max_train, max_test, progress), []
    else:
        source = str(Path(os.path.expanduser(source)).resolve())  # absolute, since a run records it
        splits, skipped = _photos(
            scan(source), size, resize, test, max_train, max_test, seed, progress
        )
    if "validation" not in splits:
        splits["validation"], splits["train"] = split_images(splits["train"], validation, seed)
    for name, dataset in splits.items():
        for word, count in dataset.counts().items():
            if count == 0:
                raise CatdogError(
                    f"{source!r} leaves no usable {word} for the {name} split; add more photos of "
                    f"{word}s, or {_ROOM[name]}."
                )
    return Splits(splits["train"], splits["validation"], splits["test"], source, tuple(skipped))


def load_image(path: str | os.PathLike, size: int, resize: str = "squash") -> Tensor:
    """Load one photo as a uint8 tensor, 3×size×size, made as :func:`load` makes them.

    Raises:
        CatdogError: the file holds no image, and the sentence names it and the reason; or there is
            no such size or way to resize.
    """
    _check_size(size, resize)
    try:
        return _tensor(decode(os.path.expanduser(path), size, resize))
    except DecodeError as reason:
        raise CatdogError(
            f"{str(path)!r} cannot be used as a photo ({reason}); give a JPEG, PNG or WebP file."
        ) from None


def example_pair(source: str | os.PathLike | None = None, size: int = 64) -> Tensor:
    """Return the cat and the dog of every lesson: the first usable one of each in the source.

    Returns:
        uint8, 2×3×size×size: the cat, then the dog.

    Raises:
        CatdogError: the source cannot be used, or has no usable photo of one of them.
    """
    source = str(default_source() if source is None else source)
    if source == SKETCHES:
        sketches = [draw_image(seed, label, size, 0.2) for label, seed in enumerate((10, 53))]
        return torch.stack([_tensor(np.asarray(s).transpose(2, 0, 1)) for s in sketches])
    found = scan(source)
    return torch.stack([_first_usable(found, label, size) for label in range(len(CLASSES))])


def _first_usable(found: Scan, label: int, size: int) -> Tensor:
    for photo in found.photos:
        if photo.label == label:
            try:
                return _tensor(decode(found.folder / photo.name, size))
            except DecodeError:
                continue
    raise CatdogError(
        f"{str(found.folder)!r} holds no usable photo of a {CLASSES[label]}; add some."
    )


def _tensor(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(np.array(pixels))  # a copy: the array may be read-only


def _check_size(size: int, resize: str) -> None:
    if not isinstance(size, Integral) or not 8 <= size <= 1024:
        raise CatdogError(f"size is {size!r}; images may be 8 to 1,024 pixels wide.")
    if resize not in RESIZES:
        raise CatdogError(f"resize is {resize!r}; use one of {', '.join(RESIZES)}.")


def _check_arguments(size, resize, validation, test, max_train, max_test) -> None:
    _check_size(size, resize)
    for name, share in (("validation", validation), ("test", test)):
        if not 0 < share < 1:
            raise CatdogError(f"{name} is {share}; it is a share of the photos, between 0 and 1.")
    for name, limit in (("max_train", max_train), ("max_test", max_test)):
        if limit is not None and limit < 4:
            raise CatdogError(f"{name} is {limit}; at least 4 images are needed.")


def _sketches(
    size: int, max_train: int | None, max_test: int | None, progress: bool
) -> dict[str, ImageSet]:
    counts = {
        "train": 2000 if max_train is None else max_train,
        "test": 1000 if max_test is None else max_test,
    }
    return {
        name: sketch_set(count, size, seed=seed, progress=progress).images
        for seed, (name, count) in enumerate(counts.items())
    }


def _photos(
    found: Scan,
    size: int,
    resize: str,
    test: float,
    max_train: int | None,
    max_test: int | None,
    seed: int,
    progress: bool,
) -> tuple[dict[str, ImageSet], list[Skipped]]:
    groups: dict[str, list[Photo]] = {}
    for photo in found.photos:
        groups.setdefault(photo.split or "train", []).append(photo)
    if "train" not in groups:
        raise CatdogError(
            f"{str(found.folder)!r} has a {' and a '.join(groups)} folder but no train folder; add "
            "one."
        )
    if "test" not in groups:
        groups["test"], groups["train"] = split_photos(groups["train"], test, seed)
    for name, limit in (("train", max_train), ("test", max_test)):
        if limit is not None and groups[name]:
            groups[name] = sample_photos(groups[name], limit, seed + 1)

    return decode_groups(found, groups, size, resize, progress)


def decode_groups(
    found: Scan, groups: Mapping[str, Sequence[Photo]], size: int, resize: str, progress: bool
) -> tuple[dict[str, ImageSet], list[Skipped]]:
    """Return the images of each group of a folder's photos, and the files that are not used."""
    selected = [photo for group in groups.values() for photo in group]
    facts = [(photo.name, photo.bytes, photo.modified_ns, photo.changed_ns) for photo in selected]
    key = cache.cache_key("photos", str(found.folder.resolve()), size, resize, facts)
    paths = [str(found.folder / photo.name) for photo in selected]
    pixels, notes = cache.cached(
        key, (len(selected), 3, size, size), decode_files(paths, size, resize, progress)
    )
    if any(temporary for _, _, temporary in notes):
        cache.forget(key)
    unusable = {row: reason for row, reason, _ in notes}

    splits, first = {}, 0
    for name, group in groups.items():
        rows = [first + i for i in range(len(group)) if first + i not in unusable]
        splits[name] = _image_set(
            pixels, rows, [selected[r].label for r in rows], [selected[r].name for r in rows]
        )
        first += len(group)
    return splits, [
        *found.skipped,
        *(Skipped(selected[row].name, reason) for row, reason in unusable.items()),
    ]


def _image_set(
    pixels: np.ndarray, rows: Sequence[int], labels: Sequence[int], names: Sequence[str]
) -> ImageSet:
    return ImageSet(
        torch.from_numpy(pixels), torch.tensor(rows), torch.tensor(labels), tuple(names)
    )
