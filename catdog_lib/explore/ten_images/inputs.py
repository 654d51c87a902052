"""What a page of ten images is given: features that fit, few directions of them, and a choice."""

from __future__ import annotations

import torch
from torch import Tensor

from catdog_lib.data.image_set import ImageSet
from catdog_lib.errors import CatdogError
from catdog_lib.explore.convert import shape_text, to_tensor

LIMIT = 10  # images to learn from
MOST_IMAGES = 300  # their thumbnails and features travel to the page as text
DIRECTIONS = 32  # of the features, those of the largest spread
_STEPS = 10_000  # the largest coordinate, as an integer


def check_chosen(chosen: object, count: int) -> list[int]:
    """Return the positions of chosen images as a list.

    Args:
        chosen: at most ten positions, all different; a list, a tensor, or what torch makes one of.
        count: of the images there are.

    Raises:
        CatdogError: they are not such positions.
    """
    try:
        positions = torch.as_tensor(chosen).tolist()
    except (TypeError, ValueError, RuntimeError):
        positions = None
    fits = isinstance(positions, list) and all(
        isinstance(one, int) and not isinstance(one, bool) and 0 <= one < count for one in positions
    )
    if not (positions == [] or fits) or len(positions) > len(set(positions)):
        raise CatdogError(
            f"chosen is {chosen!r}; pass different positions of images, integers from 0 to "
            f"{count - 1}."
        )
    if len(positions) > LIMIT:
        raise CatdogError(f"chosen holds {len(positions)} images; the head learns from {LIMIT}.")
    return positions


def checked(images: ImageSet, features: Tensor) -> Tensor:
    """Return the features as float64; raise a CatdogError if they or the images do not fit."""
    count = len(images)
    if not LIMIT + 2 <= count <= MOST_IMAGES:
        raise CatdogError(
            f"images holds {count:,} images; the page takes {LIMIT + 2} to {MOST_IMAGES}, so pass "
            "dataset.sample(200) and the features of these."
        )
    if min(images.counts().values()) == 0:
        raise CatdogError("images are all of one class; the head needs cats and dogs.")
    numbers = to_tensor(features, "features")
    if numbers.ndim != 2 or len(numbers) != count:
        raise CatdogError(
            f"features has the shape {shape_text(numbers)}; pass a row of features for each of the "
            f"{count} images, in their order."
        )
    return numbers


def reduced(features: Tensor) -> tuple[Tensor, float]:
    """Return N×K integer coordinates along the K directions of largest spread, and its share."""
    centred = features - features.mean(0)
    _, sizes, directions = torch.linalg.svd(centred, full_matrices=False)
    if sizes[0] < 1e-12:
        raise CatdogError("features are the same for all images; nothing can be learned from them.")
    coordinates = centred @ directions[:DIRECTIONS].T
    extremes = coordinates.gather(0, coordinates.abs().argmax(0)[None])
    coordinates = coordinates * extremes.sign()  # a direction's sign is free: fix it
    kept = sizes[:DIRECTIONS].square().sum() / sizes.square().sum()
    whole = (coordinates * (_STEPS / coordinates.abs().max())).round().long()
    return whole, kept.item()
