"""Does the heat lie where the truth is? On drawn animals it is known what each pixel shows."""

from __future__ import annotations

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.sketches.canvas import BODY_PARTS


def heat_by_part(heat: Tensor, parts: Tensor) -> Tensor:
    """The share of a map's heat that lies on each part of the picture.

    Heat below 0 does not count. A map without any heat above 0 tells nothing of places: it counts
    as even.

    Args:
        heat: N×H×W.
        parts: what each pixel shows, N×H×W, as in :class:`catdog_lib.data.sketch_sets.SketchSet`.

    Returns:
        N×P, one column for each of :data:`BODY_PARTS`: background, body, ears, eyes, muzzle; each row
        sums to 1.

    Raises:
        CatdogError: heat and parts differ in shape.
    """
    _same_shape(heat, parts, "parts")
    positive = heat.double().clamp(min=0)
    empty = positive.flatten(1).sum(1) == 0
    positive[empty] = 1
    on_part = [(positive * (parts == i)).flatten(1).sum(1) for i in range(len(BODY_PARTS))]
    shares = torch.stack(on_part, dim=1)
    return (shares / shares.sum(1, keepdim=True)).float()


def area_by_part(parts: Tensor) -> Tensor:
    """The share of the picture's area that each part takes, N×P: what heat that knows nothing would
    give.
    """
    return heat_by_part(torch.ones(parts.shape, device=parts.device), parts)


def pointing_game(heat: Tensor, mask: Tensor) -> float:
    """In which share of the maps does the hottest pixel lie on the mask? From 0 to 1.

    A map whose values are all the same points nowhere, and does not hit. Source: J. Zhang et al.
    2016, "Top-down neural attention by excitation backprop", arXiv 1608.00507, there with a margin
    of 15 pixels around the mask.

    Args:
        heat: N×H×W.
        mask: N×H×W, True where the object is, such as ``parts > 0`` for the animal.

    Raises:
        CatdogError: heat and mask differ in shape.
    """
    _same_shape(heat, mask, "mask")
    values, hits = heat.flatten(1), mask.flatten(1).bool()
    pointed = values.amax(1) > values.amin(1)
    hit = hits.gather(1, values.argmax(1, keepdim=True))[:, 0]
    return (hit & pointed).double().mean().item()


def _same_shape(heat: Tensor, other: Tensor, name: str) -> None:
    if heat.ndim != 3 or heat.shape != other.shape:
        raise CatdogError(
            f"heat has the shape {tuple(heat.shape)} and {name} {tuple(other.shape)}; both must be "
            "N×H×W."
        )
