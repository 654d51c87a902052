"""A tiny training: pictures that are easy to tell apart, and networks of a few hundred
parameters.
"""

import torch
from torch import Tensor, nn

from catdog_lib import models
from catdog_lib.data.image_set import ImageSet, Splits


def images(count: int, seed: int, size: int = 8) -> ImageSet:
    """Cats are dark, dogs bright, both noisy."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    noise = torch.randint(0, 156, (count, 3, size, size), generator=generator)
    pictures = (noise + 100 * labels.view(-1, 1, 1, 1)).to(torch.uint8)
    return ImageSet(pictures, torch.arange(count), labels, tuple(map(str, range(count))))


def splits() -> Splits:
    """90 pictures to learn from: with batches of 32 the last one of an epoch is smaller."""
    return Splits(images(90, 0), images(40, 1), images(40, 2), "test")


def batch(count: int, seed: int = 5) -> tuple[Tensor, Tensor]:
    """Pictures N×3×8×8, channels last, and their labels."""
    pictures, labels = images(count, seed)[:]
    return pictures.to(memory_format=torch.channels_last), labels


def small(seed: int = 0) -> nn.Sequential:
    """With BatchNorm, for pictures of 8×8."""
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
    """Without BatchNorm, so each picture's gradient is its own; for pictures of any size."""
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
