"""The nearest training images: those whose features point in the most similar direction."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.errors import CatdogError

_CHUNK = 1024  # queries at a time: their similarities to 8,000 images take 33 MB


class Neighbours(NamedTuple):
    """The K nearest of M images for each of N, the nearest first.

    Attributes:
        position: among the M, N×K.
        similarity: the cosine of the angle between the features, N×K, from −1 to 1.
    """

    position: Tensor
    similarity: Tensor


def nearest(features: Tensor, others: Tensor, count: int = 5) -> Neighbours:
    """Find the ``count`` most similar of ``others`` for each image, exactly.

    The similarity is the cosine of the angle between two lists of features: their product after
    each has been divided by its length. How bright or how rich in contrast an image is may change
    the length of its features; it does not count.

    Args:
        features: N×D.
        others: M×D; 8,000 images are searched in milliseconds.
        count: at most M.

    Raises:
        CatdogError: the shapes do not fit, or ``count`` is out of range.
    """
    if features.ndim != 2 or others.ndim != 2 or features.shape[1] != others.shape[1]:
        raise CatdogError(
            f"The features have the shapes {tuple(features.shape)} and {tuple(others.shape)}; give "
            "N×D and M×D."
        )
    if not 1 <= count <= len(others):
        raise CatdogError(f"count is {count}; there are {len(others)} images to choose from.")
    directions = F.normalize(others.float(), dim=1)
    found = [
        (F.normalize(some.float(), dim=1) @ directions.T).topk(count, dim=1)
        for some in features.split(_CHUNK)
    ]
    similarity, position = (torch.cat(parts) for parts in zip(*found, strict=True))
    return Neighbours(position, similarity)
