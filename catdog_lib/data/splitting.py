"""Split photos or images at random, class by class, so that a new file moves few others.

A split depends on the names of the files and a seed alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from zlib import crc32

import torch

from catdog_lib.classes import CLASSES
from catdog_lib.data.folders import Photo
from catdog_lib.data.image_set import ImageSet, Splits


def split_photos(photos: list[Photo], share: float, seed: int) -> tuple[list[Photo], list[Photo]]:
    """Split off a random ``share`` of each class; return these photos, and the rest."""
    sampled = _sample_of_each_class(
        [p.name for p in photos], [p.label for p in photos], share, seed
    )
    rest = [photo for i, photo in enumerate(photos) if i not in sampled]
    return [photo for i, photo in enumerate(photos) if i in sampled], rest


def sample_photos(photos: list[Photo], count: int, seed: int) -> list[Photo]:
    """Return at most ``count`` random photos, in the proportion of the classes."""
    share = min(1.0, count / len(photos))
    sampled = _sample_of_each_class(
        [p.name for p in photos], [p.label for p in photos], share, seed, most=count
    )
    return [photo for i, photo in enumerate(photos) if i in sampled]


def split_images(dataset: ImageSet, share: float, seed: int) -> tuple[ImageSet, ImageSet]:
    """Split off a random ``share`` of each class; return the set of these, and of the rest."""
    sampled = _sample_of_each_class(dataset.names, dataset.labels.tolist(), share, seed)
    is_sampled = torch.tensor([i in sampled for i in range(len(dataset))], dtype=torch.bool)
    return dataset.subset(is_sampled.nonzero()[:, 0]), dataset.subset((~is_sampled).nonzero()[:, 0])


def _sample_of_each_class(
    names: Sequence[str],
    labels: Sequence[int],
    share: float,
    seed: int,
    most: int | None = None,
) -> set[int]:
    """Return the positions of a random ``share`` of each class, but at least one.

    If both are rounded up to more than ``most``, the larger class gives one fewer.

    The order is a hash of each name by itself, so that adding a photo does not shuffle
    the rest: few of those that a network was trained on can then turn up in its test set.
    """
    order = sorted(range(len(names)), key=lambda i: blake2b(f"{seed}/{names[i]}".encode()).digest())
    members = [[i for i in order if labels[i] == label] for label in range(len(CLASSES))]
    counts = [min(len(each), max(1, round(share * len(each)))) for each in members]
    if most is not None and sum(counts) > most:
        counts[counts.index(max(counts))] -= 1
    return {i for each, count in zip(members, counts, strict=True) for i in each[:count]}


def checksum_of_names(data: Splits) -> int:
    """Return a checksum of the names of the training and validation images, in their order."""
    return crc32(repr((data.train.names, data.validation.names)).encode())
