"""Copies of one photo: the same bytes, the same pixels, or nearly the same image."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from catdog_lib.classes import CLASSES
from catdog_lib.data.cache import parallel_map
from catdog_lib.data.check.examine import PhotoRecord, pixel_digest_rows
from catdog_lib.data.check.findings import FolderFinding
from catdog_lib.data.check.perceptual_hash import Pair, similar_pairs
from catdog_lib.data.folders import Photo

_SAME_BYTES, _SAME_PIXELS = "the same bytes", "the same pixels"


def copies(
    photos: Sequence[Photo], looks: Mapping[int, PhotoRecord], paths: Sequence[str], progress: bool
) -> list[FolderFinding]:
    """Findings of leaks, label conflicts, duplicates and near duplicates.

    Args:
        photos, paths: all photos of the folder, and where they are.
        looks: of those that can be used, by their row in ``photos``.
    """
    rows = sorted(looks)
    by_bytes = _alike(rows, {row: looks[row].digest for row in rows})
    found = [(group[0], other, _SAME_BYTES) for group in by_bytes for other in group[1:]]
    again = {other for _, other, _ in found}
    single = [row for row in rows if row not in again]
    if len(single) > 1:
        pairs = similar_pairs(np.stack([looks[row].thumb for row in single]))
        same = _same_pixels([p for p in pairs if not p.mirrored], single, looks, paths, progress)
        for pair in pairs:
            a, b = single[pair.first], single[pair.second]
            found.append((a, b, _SAME_PIXELS if (a, b) in same else _likeness(pair)))
    return [
        finding for group, how in _groups(found) for finding in _classify_group(group, how, photos)
    ]


def _likeness(pair: Pair) -> str:
    mirrored = ", mirrored" if pair.mirrored else ""
    return f"nearly the same{mirrored} ({pair.bits} of 64 bits differ)"


def _alike(rows: Iterable[int], digests: Mapping[int, bytes]) -> list[list[int]]:
    groups = defaultdict(list)
    for row in rows:
        groups[digests[row]].append(row)
    return [group for group in groups.values() if len(group) > 1]


def _same_pixels(
    pairs: Sequence[Pair],
    single: Sequence[int],
    looks: Mapping[int, PhotoRecord],
    paths: Sequence[str],
    progress: bool,
) -> set[tuple[int, int]]:
    """Which of the pairs, as rows of photos, agree in every pixel at full size."""

    def size(row: int) -> tuple[int, int]:
        return looks[row].stored.width, looks[row].stored.height

    pairs = [(single[pair.first], single[pair.second]) for pair in pairs]
    pairs = [(a, b) for a, b in pairs if size(a) == size(b)]
    rows = sorted({row for pair in pairs for row in pair})
    work = parallel_map(
        pixel_digest_rows, [paths[row] for row in rows], "Comparing", "photo", progress
    )
    digests = {rows[i]: digest for i, digest in work}
    return {(a, b) for a, b in pairs if a in digests and digests[a] == digests.get(b)}


def _groups(found: Sequence[tuple[int, int, str]]) -> list[tuple[list[int], list[str]]]:
    """Join the pairs that share a photo: the rows of each group, and how its photos are alike."""
    leader: dict[int, int] = {}

    def lead(row: int) -> int:
        while leader.setdefault(row, row) != row:
            row = leader[row]
        return row

    for a, b, _ in found:
        first, second = sorted((lead(a), lead(b)))
        leader[second] = first
    rows, hows = defaultdict(list), defaultdict(list)
    for row in sorted(leader):
        rows[lead(row)].append(row)
    for a, _, how in found:
        if how not in hows[lead(a)]:
            hows[lead(a)].append(how)
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
