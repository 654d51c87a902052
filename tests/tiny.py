"""Tiny data and networks: images that are easy to tell apart, and a few hundred parameters."""

import torch
from torch import Tensor, nn

from catdog_lib import models
from catdog_lib.data.image_set import ImageSet, Splits


def image_set(count: int, seed: int, size: int = 8) -> ImageSet:
    """Return images of which cats are dark and dogs bright, all noisy."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    noise = torch.randint(0, 156, (count, 3, size, size), generator=generator)
    images = (noise + 100 * labels.view(-1, 1, 1, 1)).to(torch.uint8)
    return ImageSet(images, torch.arange(count), labels, tuple(map(str, range(count))))


def splits() -> Splits:
    """Return 90 images to learn from: with batches of 32 the last one of an epoch is smaller."""
    return Splits(image_set(90, 0), image_set(40, 1), image_set(40, 2), "test")


def batch(count: int, seed: int = 5) -> tuple[Tensor, Tensor]:
    """Return images N×3×8×8, channels last, and their labels."""
    images, labels = image_set(count, seed)[:]
    return images.to(memory_format=torch.channels_last), labels


def small(seed: int = 0) -> nn.Sequential:
    """Return a network with BatchNorm, for images of 8×8."""
    torch.manual_seed(seed)
    return nn.Sequential(
        models.Normalize(),
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(144, 2),
    )


def plain(seed: int = 0) -> nn.Sequential:
    """Return a network without BatchNorm, so each image's gradient is its own; for any size."""
    torch.manual_seed(seed)
    return nn.Sequential(
        models.Normalize(),
        nn.Conv2d(3, 4, 3),
        nn.Tanh(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 2),
    )


def copies(tensors) -> list[Tensor]:
    return [tensor.detach().clone() for tensor in tensors]
