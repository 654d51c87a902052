"""Copies of an image: in the training set and in the test set, or under two labels.

Sets that are too large for the memory are read piece by piece: what is kept of an image is its
:class:`Fingerprints`, 1 kB.

Lesson 08, section 5.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from catdog_lib.data.check.perceptual_hash import THUMB, similar_pairs
from catdog_lib.diagnose.finding import CERTAIN, LIKELY, Finding

_PIECE = 64  # images


@dataclass(frozen=True)
class Fingerprints:
    """What tells whether two images are copies.

    Attributes:
        digests: of each image, equal for images that are equal in every number; N.
        thumbnails: N×16×16 grey values, in the scale of the images; None for features, N×D.
    """

    digests: list[bytes]
    thumbnails: Tensor | None


def fingerprints(pieces: Iterable[Tensor]) -> Fingerprints:
    """Return the fingerprints of a set of images, or of features.

    Args:
        pieces: the set, cut into n×3×H×W or n×D. One piece after the other is read.
    """
    digests: list[bytes] = []
    thumbnails: list[Tensor] = []
    for piece in pieces:
        rows = piece.cpu().contiguous().flatten(1).view(torch.uint8).numpy()
        digests += [hashlib.blake2b(row, digest_size=16).digest() for row in rows]
        if piece.ndim == 4:
            thumbnails.append(F.adaptive_avg_pool2d(piece.float().mean(1), THUMB).cpu())
    return Fingerprints(digests, torch.cat(thumbnails) if thumbnails else None)


def leaked_images(
    train_images: Tensor, test_images: Tensor, names: Sequence[str] | None = None
) -> list[Finding]:
    """Find images that are in the training set and in the test set, exactly or nearly.

    Exact copies agree in every pixel. Near copies are found as ``catdog data check`` finds them, by
    a perceptual hash and the correlation of the grey values; of 7 pairs that it named among 10,000
    photos, all 7 were one photo twice (:mod:`catdog_lib.data.check.perceptual_hash`).

    Args:
        train_images, test_images: N×3×H×W and M×3×H×W, before augmentation and in the same scale;
            features, N×D, are searched for exact copies.
        names: of the test images, M, to say which they are; None numbers them from 0.
    """
    sets = (fingerprints(images.split(_PIECE)) for images in (train_images, test_images))
    return leaks_between(*sets, names)


def leaks_between(
    train: Fingerprints, test: Fingerprints, names: Sequence[str] | None = None
) -> list[Finding]:
    """Find the same as :func:`leaked_images`, in the fingerprints of two sets."""
    known, count = set(train.digests), len(test.digests)
    exact = [row for row, found in enumerate(test.digests) if found in known]
    near = sorted(_near_copies(train.thumbnails, test.thumbnails) - set(exact))
    findings = []
    for found, certainty, what in (
        (exact, CERTAIN, "are in the training set, too, pixel for pixel"),
        (
            near,
            LIKELY,
            "have a near copy in the training set (resized, mirrored, lighter, darker)",
        ),
    ):
        if found:
            named = [names[i] if names else f"no. {i}" for i in found[:3]]
            saw = (
                f"{len(found)} of {count} test images {what}: {', '.join(named)}"
                f"{' …' if len(found) > len(named) else ''}."
            )
            advice = (
                "Split the files before anything else is done with them, and keep all copies of a "
                "photo in one split; catdog data check finds copies in a folder."
            )
            numbers = {"copies": len(found), "test_images": count, "rows": found}
            findings.append(Finding("leaked_images", saw, certainty, advice, numbers))
    return findings


def _near_copies(train: Tensor | None, test: Tensor | None) -> set[int]:
    """Return which test images look like a training image, by their thumbnails."""
    if train is None or test is None:
        return set()
    grey = torch.cat([train, test])
    low, high = grey.min(), grey.max()
    pixels = ((grey - low) / (high - low).clamp(min=1e-12) * 255).to(torch.uint8).numpy()
    pairs, count = similar_pairs(pixels), len(grey)
    ends = np.array([(pair.first, pair.second) for pair in pairs]).reshape(-1, 2).T
    # Of many copies not every pair is named; those that pairs connect are copies of one image.
    _, group = connected_components(coo_array((np.ones(len(pairs)), tuple(ends)), (count, count)))
    known = set(group[: len(train)].tolist())
    return {row for row, one in enumerate(group[len(train) :].tolist()) if one in known}


def conflicting_labels(train_images: Tensor, train_labels: Tensor) -> list[Finding]:
    """Find images that occur with different labels, pixel for pixel the same.

    Give it two passes over your training batches, one after the other and without augmentation: if
    images and labels are shuffled apart, most images get another label in the second pass.

    Args:
        train_images: N×…, with the copies or passes together.
        train_labels: N.
    """
    return conflicts_among(fingerprints(train_images.split(_PIECE)), train_labels)


def conflicts_among(train: Fingerprints, labels: Tensor) -> list[Finding]:
    """Find the same as :func:`conflicting_labels`, in the fingerprints of a set; labels are N."""
    seen: dict[bytes, set[int]] = {}
    for found, label in zip(train.digests, labels.tolist(), strict=True):
        seen.setdefault(found, set()).add(label)
    conflicts = sum(len(each) > 1 for each in seen.values())
    if not conflicts:
        return []
    saw = f"{conflicts} of {len(seen)} different images occur with more than one label."
    advice = (
        "If they are copies, correct their labels. If they come from two passes over the same "
        "data, images and labels are shuffled apart: index both with the same permutation."
    )
    numbers = {"conflicts": conflicts, "images": len(seen)}
    return [Finding("conflicting_labels", saw, CERTAIN, advice, numbers)]
