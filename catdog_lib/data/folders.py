"""Find the photos in a folder and read class and split off their names.

All the layouts that students have follow one rule. A file's class is its innermost folder named
after a class (cat, cats, Dog, DOGS …), or else the word its own name starts with (``cat.0.jpg``).
Its split is any folder above it named like train, validation or test; a file with none of these is
cut into the three by :mod:`catdog_lib.data.loading`. Hidden folders, whose names begin with a dot,
and folders named ``masks`` outside the folder of a class are ignored.

Lesson 00, section 2.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from catdog_lib.classes import CLASSES, label_from_word
from catdog_lib.errors import CatdogError

# A row for each split.
_SPLIT_WORDS = {
    "train": "train", "training": "train", "trainval": "train",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
    "validate": "validation", "eval": "validation", "evaluation": "validation",
    "test": "test", "testing": "test",
}  # a row for each split  # fmt: skip


@dataclass(frozen=True)
class Photo:
    """One file that should hold a photo.

    Attributes:
        name: its path below the scanned folder, with forward slashes.
        label, split: as its name and its folders say; the split may be None.
        bytes: its size.
        modified_ns, changed_ns: when its contents were changed, and when anything about it was,
            such as its contents with the old date put back, or its permissions. (Windows has the
            first only, and gives the time of creation as the second.)
    """

    name: str
    label: int
    split: str | None
    bytes: int
    modified_ns: int
    changed_ns: int


@dataclass(frozen=True)
class Skipped:
    """One file or folder that is not used, and why."""

    name: str
    reason: str


@dataclass(frozen=True)
class Scan:
    """What a folder holds: its photos in the order of their names, and the ignored files."""

    folder: Path
    photos: tuple[Photo, ...]
    skipped: tuple[Skipped, ...]


def scan(folder: str | os.PathLike) -> Scan:
    """List the photos below ``folder`` by name alone; nothing is opened yet.

    Raises:
        CatdogError: the folder is missing, is a file, holds no photo, or holds no cats or no dogs.
    """
    folder = Path(os.path.expanduser(folder))
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise CatdogError(
            f"The photo folder {str(folder)!r} {what}; give the folder that holds your cats and "
            "dogs."
        )
    photos, skipped = [], []
    for path in _walk(folder, skipped):
        name = path.relative_to(folder).as_posix()
        label = _label(name)
        if not _is_unicode(name):
            skipped.append(Skipped(escaped(name), "unreadable name: it is not UTF-8"))
        elif label is None:
            skipped.append(Skipped(name, "neither its name nor its folder says cat or dog"))
        else:
            photos.append(Photo(name, label, _split(name), *_facts(path)))
    result = Scan(folder, tuple(photos), tuple(skipped))
    _require_both_classes(result)
    return result


def count_by_split(photos: Iterable[Photo]) -> dict[str, int]:
    """Count the photos of each split and class: ``{"train, cats": 4000, …}``."""
    return dict(Counter(f"{p.split or 'not split'}, {CLASSES[p.label]}s" for p in photos))


def _walk(folder: Path, skipped: list[Skipped]) -> Iterator[Path]:
    """Yield the files below a folder, also through links; note each folder that is left out."""

    def skip(path: str, reason: str) -> None:
        """Note a folder that is left out."""
        name = Path(path).relative_to(folder).as_posix()
        skipped.append(Skipped(escaped(name), f"unreadable folder: {reason}"))

    def skip_unreadable(error: OSError) -> None:
        """Note a folder that cannot be listed."""
        skip(error.filename, error.strerror)

    seen = set()
    for root, folders, files in os.walk(folder, onerror=skip_unreadable, followlinks=True):
        status = os.stat(root)
        if (status.st_dev, status.st_ino) in seen:  # a link that leads round in a circle, perhaps
            skip(root, "a link to a folder that is counted already")
            folders.clear()
            continue
        seen.add((status.st_dev, status.st_ino))
        in_class = any(
            label_from_word(word) is not None for word in Path(root).relative_to(folder).parts
        )
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and (name != "masks" or in_class)
        )
        for name in sorted(files, key=_natural):
            if not name.startswith("."):
                yield Path(root, name)


def _facts(path: Path) -> tuple[int, int, int]:
    """Return a file's size, and when its contents and anything about it were changed."""
    try:
        status = path.stat()
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns
    except OSError:  # a link to nothing: decoding it will say so
        return 0, 0, 0


def _is_unicode(name: str) -> bool:
    """Tell whether the bytes of a name are UTF-8; Python marks those that are not."""
    return not any("\ud800" <= letter <= "\udfff" for letter in name)


def escaped(name: str) -> str:
    """Return a name that can be printed and saved, with the bytes that are not UTF-8 as codes."""
    return name.encode("utf-8", "backslashreplace").decode()


def _natural(name: str) -> list:
    """Return a sort key that puts cat.2.jpg before cat.10.jpg."""
    return [
        (0, int(token), "") if token.isdecimal() else (1, 0, token)
        for token in re.split(r"(\d+)", name)
    ]


def _label(name: str) -> int | None:
    *folders, file = name.split("/")
    for word in reversed(folders):
        if (label := label_from_word(word)) is not None:
            return label
    return label_from_word(re.split(r"[^A-Za-z]", file, maxsplit=1)[0])


def _split(name: str) -> str | None:
    for word in name.lower().split("/")[:-1]:
        for part in re.split(r"[^a-z]+", word):  # such as seg_train and test_set
            if part in _SPLIT_WORDS:
                return _SPLIT_WORDS[part]
    return None


def _require_both_classes(found: Scan) -> None:
    where = f"The folder {str(found.folder)!r}"
    if not found.photos:
        raise CatdogError(
            f"{where} holds no photo that is named as a cat or a dog; put them in folders named "
            "cats and dogs, or name the files cat.0.jpg, dog.0.jpg and so on."
        )
    for label, name in enumerate(CLASSES):
        if not any(photo.label == label for photo in found.photos):
            raise CatdogError(
                f"{where} holds no {name}s; add a folder named {name}s, or files named "
                f"{name}.0.jpg."
            )
