"""Does the heat lie where the truth is? On sketches it is known what each pixel shows.

Lesson 07, section 5.
"""

from __future__ import annotations

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.sketches.canvas import BODY_PARTS


def heat_by_part(heatmaps: Tensor, parts: Tensor) -> Tensor:
    """Return the share of each map's heat that lies on each part of the image.

    Heat below 0 does not count. A heatmap without any heat above 0 tells nothing of places: it
    counts as even.

    Args:
        heatmaps: N×H×W.
        parts: what each pixel shows, N×H×W, as in :class:`catdog_lib.data.sketch_sets.SketchSet`.

    Returns:
        N×P, a column for each of :data:`BODY_PARTS`: background, body, ears, eyes, muzzle; each row
        sums to 1.

    Raises:
        CatdogError: heatmaps and parts differ in shape.
    """
    _same_shape(heatmaps, parts, "parts")
    positive, parts = heatmaps.cpu().double().clamp(min=0), parts.cpu()
    empty = positive.flatten(1).sum(1) == 0
    positive[empty] = 1
    on_part = [(positive * (parts == i)).flatten(1).sum(1) for i in range(len(BODY_PARTS))]
    shares = torch.stack(on_part, dim=1)
    return (shares / shares.sum(1, keepdim=True)).float()


def area_by_part(parts: Tensor) -> Tensor:
    """Return each part's share of the image's area, N×P: what a heatmap without knowledge gives."""
    return heat_by_part(torch.ones(parts.shape), parts)


def pointing_game(heatmaps: Tensor, mask: Tensor) -> float:
    """Return the share of the heatmaps, 0 to 1, whose hottest pixel lies on the mask.

    A heatmap whose values are all the same points nowhere, and does not hit. Source: J. Zhang et
    al. 2016, "Top-down neural attention by excitation backprop", arXiv 1608.00507, there with a
    margin of 15 pixels around the mask.

    Args:
        heatmaps: N×H×W.
        mask: N×H×W, True where the object is, such as ``parts > 0`` for the animal.

    Raises:
        CatdogError: heatmaps and mask differ in shape.
    """
    _same_shape(heatmaps, mask, "mask")
    values, hits = heatmaps.cpu().flatten(1), mask.cpu().flatten(1).bool()
    pointed = values.amax(1) > values.amin(1)
    hit = hits.gather(1, values.argmax(1, keepdim=True))[:, 0]
    return (hit & pointed).double().mean().item()


def _same_shape(heatmaps: Tensor, other: Tensor, name: str) -> None:
    if heatmaps.ndim != 3 or heatmaps.shape != other.shape:
        raise CatdogError(
            f"heatmaps has the shape {tuple(heatmaps.shape)} and {name} {tuple(other.shape)}; both "
            "must be N×H×W."
        )
