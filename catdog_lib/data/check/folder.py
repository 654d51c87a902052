"""Look through a folder of photos: how many are usable, and what is wrong.

Lesson 00, section 2.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from catdog_lib.classes import CLASSES
from catdog_lib.data.check.duplicates import find_copies
from catdog_lib.data.check.examine import PhotoRecord, examine_rows
from catdog_lib.data.check.findings import (
    KINDS,
    MAX_IMBALANCE,
    MAX_RATIO,
    TINY,
    UNUSABLE,
    FolderFinding,
)
from catdog_lib.data.folders import Photo, count_by_split, scan
from catdog_lib.data.parallel import parallel_map
from catdog_lib.data.photo_file import ImageInfo

_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "AVIF": (".avif", ".avifs"),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "PPM": (".ppm", ".pgm", ".pbm", ".pnm"),
}
_MODES = {"1": "grey", "L": "grey", "LA": "grey", "P": "palette", "PA": "palette", "CMYK": "CMYK"}
_MAX_SHIFT = 0.1  # by which the share of dogs may differ between splits


@dataclass(frozen=True)
class Report:
    """What :func:`check_folder` found.

    Attributes:
        folder: as given.
        files: how many there are, without hidden ones.
        usable: how many of them hold an image and have a class.
        counts: of the usable, by split and class: ``{"train, cats": 4000, …}``.
        findings: the worst kinds first.
    """

    folder: str
    files: int
    usable: int
    counts: dict[str, int]
    findings: tuple[FolderFinding, ...]

    @property
    def unusable(self) -> tuple[FolderFinding, ...]:
        """The findings that cost a file."""
        return tuple(finding for finding in self.findings if finding.severity == UNUSABLE)


def check_folder(folder: str | os.PathLike, progress: bool = True) -> Report:
    """Decode every photo, and look for what spoils training or a test: cut files, leaks, …

    A photo turned by a quarter in its pixels, cropped by more than a few per cent, or framed is not
    recognized as a copy (:func:`catdog_lib.data.check.perceptual_hash.similar_pairs` has the
    figures).

    Raises:
        CatdogError: see :func:`catdog_lib.data.scan`.
    """
    found = scan(folder)
    paths = [str(found.folder / photo.name) for photo in found.photos]
    records: dict[int, PhotoRecord] = {}
    findings = [_finding(item.name, item.reason) for item in found.skipped]
    for row, record in parallel_map(examine_rows, paths, "Checking", "photo", progress):
        name = found.photos[row].name
        if isinstance(record, PhotoRecord):
            records[row] = record
            findings += [
                FolderFinding(kind, (name,), text) for kind, text in _notes(name, record.stored)
            ]
        else:
            findings.append(_finding(name, record))
    findings += find_copies(found.photos, records, paths, progress)
    usable = [found.photos[row] for row in sorted(records)]
    findings += [FolderFinding("imbalance", (), text) for text in _imbalance(usable)]
    order = list(KINDS)
    return Report(
        folder=str(found.folder),
        files=len(found.photos) + len(found.skipped),
        usable=len(usable),
        counts=count_by_split(usable),
        findings=tuple(sorted(findings, key=lambda f: (order.index(f.kind), f.files))),
    )


def _finding(name: str, reason: str) -> FolderFinding:
    """Return the finding about a file that is not used, for a reason such as "damaged: …"."""
    kind, _, detail = reason.partition(": ")
    return FolderFinding(
        *((kind, (name,), detail) if kind in KINDS else ("no class", (name,), reason))
    )


def _notes(name: str, stored: ImageInfo) -> Iterator[tuple[str, str]]:
    """Yield the kind and detail of all that is unusual about a usable photo."""
    suffix = Path(name).suffix
    if suffix.lower() not in _SUFFIXES.get(stored.format, ()):
        yield "wrong extension", f"a {stored.format} file named {suffix or 'without an ending'}"
    if stored.deep:
        yield "16-bit", ""
    elif stored.mode in _MODES:
        yield _MODES[stored.mode], ""
    if stored.transparent:
        yield "transparent", ""
    if stored.turned:
        yield "turned", ""
    short, long = sorted((stored.width, stored.height))
    pixels = f"{stored.width}×{stored.height}"
    if short < TINY:
        yield "tiny", pixels
    if long > MAX_RATIO * short:
        yield "long", pixels


def _imbalance(photos: Sequence[Photo]) -> Iterator[str]:
    """Yield a sentence for each imbalance of classes, within or between splits."""
    by_split: dict[str, list[int]] = {}
    for photo in photos:
        by_split.setdefault(photo.split or "not split", []).append(photo.label)
    for split, labels in by_split.items():
        dogs = sum(labels)
        cats = len(labels) - dogs
        if max(cats, dogs) > MAX_IMBALANCE * min(cats, dogs):
            yield f"{split}: {cats:,} {CLASSES[0]}s, {dogs:,} {CLASSES[1]}s"
    if by_split and not {"train", "not split"} & set(by_split):
        yield f"{' and '.join(by_split)} only: there are no photos to train on"
    train = by_split.pop("train", [])
    for split, labels in by_split.items():
        if not train or split == "not split":
            continue
        train_share, share = sum(train) / len(train), sum(labels) / len(labels)
        # Three standard errors of the difference between two shares: less may be random variation.
        margin = 3 * sqrt(0.25 * (1 / len(train) + 1 / len(labels)))
        if abs(share - train_share) > max(_MAX_SHIFT, margin):
            yield f"{CLASSES[1]}s are {train_share:.0%} of train and {share:.0%} of {split}"
