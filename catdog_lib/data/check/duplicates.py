"""Copies of one photo: the same bytes, the same pixels, or nearly the same image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from catdog_lib.classes import CLASSES
from catdog_lib.data.check.examine import PhotoRecord, pixel_digest_rows
from catdog_lib.data.check.findings import FolderFinding
from catdog_lib.data.check.perceptual_hash import SimilarPair, similar_pairs
from catdog_lib.data.folders import Photo
from catdog_lib.data.parallel import parallel_map

_SAME_BYTES, _SAME_PIXELS = "the same bytes", "the same pixels"


def find_copies(
    photos: Sequence[Photo],
    records: Mapping[int, PhotoRecord],
    paths: Sequence[str],
    progress: bool,
) -> list[FolderFinding]:
    """Find leaks, label conflicts, duplicates and near duplicates.

    Args:
        photos, paths: all photos of the folder, and where they are.
        records: of the usable photos, by their row in ``photos``.
    """
    rows = sorted(records)
    by_bytes = _same_digest(rows, {row: records[row].digest for row in rows})
    found = [(group[0], copy, _SAME_BYTES) for group in by_bytes for copy in group[1:]]
    copies = {copy for _, copy, _ in found}
    distinct = [row for row in rows if row not in copies]
    if len(distinct) > 1:
        pairs = similar_pairs(np.stack([records[row].thumb for row in distinct]))
        same = _same_pixels(
            [p for p in pairs if not p.mirrored], distinct, records, paths, progress
        )
        for pair in pairs:
            a, b = distinct[pair.first], distinct[pair.second]
            found.append((a, b, _SAME_PIXELS if (a, b) in same else _similarity_text(pair)))
    return [
        finding for group, how in _groups(found) for finding in _classify_group(group, how, photos)
    ]


def _similarity_text(pair: SimilarPair) -> str:
    mirrored = ", mirrored" if pair.mirrored else ""
    return f"nearly the same{mirrored} ({pair.bits} of 64 bits differ)"


def _same_digest(rows: Iterable[int], digests: Mapping[int, bytes]) -> list[list[int]]:
    groups = defaultdict(list)
    for row in rows:
        groups[digests[row]].append(row)
    return [group for group in groups.values() if len(group) > 1]


def _same_pixels(
    pairs: Sequence[SimilarPair],
    distinct: Sequence[int],
    records: Mapping[int, PhotoRecord],
    paths: Sequence[str],
    progress: bool,
) -> set[tuple[int, int]]:
    """Return the pairs, as rows of photos, that agree in every pixel at full size."""

    def size(row: int) -> tuple[int, int]:
        return records[row].stored.width, records[row].stored.height

    pairs = [(distinct[pair.first], distinct[pair.second]) for pair in pairs]
    pairs = [(a, b) for a, b in pairs if size(a) == size(b)]
    rows = sorted({row for pair in pairs for row in pair})
    work = parallel_map(
        pixel_digest_rows, [paths[row] for row in rows], "Comparing", "photo", progress
    )
    digests = {rows[i]: digest for i, digest in work}
    return {(a, b) for a, b in pairs if a in digests and digests[a] == digests.get(b)}


def _groups(found: Sequence[tuple[int, int, str]]) -> list[tuple[list[int], list[str]]]:
    """Join the pairs that share a photo: the rows of each group, and how its photos are alike."""
    parent: dict[int, int] = {}

    def root(row: int) -> int:
        while parent.setdefault(row, row) != row:
            row = parent[row]
        return row

    for a, b, _ in found:
        first, second = sorted((root(a), root(b)))
        parent[second] = first
    rows, hows = defaultdict(list), defaultdict(list)
    for row in sorted(parent):
        rows[root(row)].append(row)
    for a, _, how in found:
        if how not in hows[root(a)]:
            hows[root(a)].append(how)
    return [(rows[row], hows[row]) for row in sorted(rows)]


def _classify_group(
    group: list[int], hows: list[str], photos: Sequence[Photo]
) -> list[FolderFinding]:
    names = tuple(photos[row].name for row in group)
    splits = sorted({split for row in group if (split := photos[row].split)})
    labels = sorted({photos[row].label for row in group})
    how = "; ".join(hows)
    findings = []
    if len(labels) > 1:
        words = " and ".join(CLASSES[label] for label in labels)
        findings.append(FolderFinding("label conflict", names, f"{words}; {how}"))
    if len(splits) > 1:
        findings.append(FolderFinding("leak", names, f"{' and '.join(splits)}; {how}"))
    if not findings:
        exact = set(hows) <= {_SAME_BYTES, _SAME_PIXELS}
        findings.append(FolderFinding("duplicate" if exact else "near duplicate", names, how))
    return findings
