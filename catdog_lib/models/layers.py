"""Layers that the course's networks share.

Lesson 00, section 6; Lesson 01, section 5.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError

# Mean and standard deviation of red, green and blue over ImageNet's photos, for pixels in [0, 1].
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


class Normalize(nn.Module):
    """Bring pixels to mean 0 and standard deviation 1: ``(pixel − mean) / std``, by channel.

    It is the first layer of every network here, so training and prediction cannot normalize
    differently.

    Shape: N×3×H×W, uint8 or float in [0, 1]  →  the same, float32.
    """

    def __init__(
        self, mean: tuple[float, ...] = IMAGENET_MEAN, std: tuple[float, ...] = IMAGENET_STD
    ):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean, dtype=torch.float32).view(-1, 1, 1))
        self.register_buffer("std", torch.tensor(std, dtype=torch.float32).view(-1, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        if images.dtype == torch.uint8:
            images = images.float() / 255
        elif not images.is_floating_point():
            raise CatdogError(f"images is {images.dtype}; give uint8, or float in [0, 1].")
        return (images.to(self.mean.dtype) - self.mean) / self.std
