"""Change the pictures of a whole batch at once, at random, without changing what they show."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def flip_and_crop(
    pictures: Tensor, generator: torch.Generator | None = None, smallest: float = 0.6
) -> Tensor:
    """Mirror each picture with probability one half, and cut out a random part of it, scaled back to full size.

    Args:
        pictures: N×3×H×W, uint8 or float in [0, 1].
        generator: draws the random numbers, on the CPU, so that every device gets the same ones.
        smallest: side of the smallest cut, as a share of the picture's.

    Returns:
        Float pictures in [0, 1], N×3×H×W.
    """
    count, device = len(pictures), pictures.device
    side = smallest + (1 - smallest) * torch.rand(count, generator=generator)
    mirror = torch.randint(2, (count,), generator=generator) * 2 - 1
    offset = (2 * torch.rand(count, 2, generator=generator) - 1) * (1 - side)[:, None]
    # Each row maps a point of the new picture to one of the old, both running from −1 to 1: old = scale · new + offset.
    affine = torch.zeros(count, 2, 3)
    affine[:, 0, 0], affine[:, 1, 1], affine[:, :, 2] = side * mirror, side, offset
    floats = pictures.float() / 255 if pictures.dtype == torch.uint8 else pictures
    grid = F.affine_grid(affine.to(device), list(pictures.shape), align_corners=False)
    return F.grid_sample(
        floats, grid.to(floats.dtype), padding_mode="reflection", align_corners=False
    )
