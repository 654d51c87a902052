"""TrivialAugment: one of fourteen operations for each image, of any strength; nothing to tune.

Lesson 00, section 5.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from catdog_lib.data.augment import colour
from catdog_lib.data.augment.batch import apply_by_group, batch_transform
from catdog_lib.data.augment.warp import rotations, shears, translations, warp

LEVELS = 31
# Where the strength of each starts, how far it goes from there, and whether it goes both ways.
# In slope (shear), pixels (translate), degrees (rotate), factors (brightness to sharpness), bits
# that are kept (posterize), and the threshold (solarize). The values are those of
# TrivialAugmentWide.
OPERATIONS = {
    "identity": (0, 0, False),
    "shear x": (0, 0.99, True),
    "shear y": (0, 0.99, True),
    "translate x": (0, 32, True),
    "translate y": (0, 32, True),
    "rotate": (0, 135, True),
    "brightness": (1, 0.99, True),
    "saturation": (1, 0.99, True),
    "contrast": (1, 0.99, True),
    "sharpness": (1, 0.99, True),
    "posterize": (8, -6, False),
    "solarize": (1, -1, False),
    "autocontrast": (0, 0, False),
    "equalize": (0, 0, False),
}
NAMES = tuple(OPERATIONS)
LAST_GEOMETRIC = NAMES.index("rotate")  # the operations up to here move pixels


@batch_transform
def trivial_augment(images: Tensor, generator: Generator | None = None) -> Tensor:
    """Change each image by one of 14 operations (``TrivialAugmentWide``, nearest, black outside).

    Müller and Hutter 2021, "TrivialAugment: tuning-free yet state-of-the-art data augmentation",
    arXiv 2103.10158. It moves images by up to 32 pixels, whatever their size: at 64 pixels, half
    of the animal may be gone.
    """
    return apply_operations(images, *sample_operations(len(images), generator))


def sample_operations(count: int, generator: Generator | None) -> tuple[Tensor, Tensor]:
    """Sample for each image an operation, its place in NAMES (int64), and its strength (float)."""
    operation = torch.randint(len(NAMES), (count,), generator=generator)
    level = torch.randint(LEVELS, (count,), generator=generator) / (LEVELS - 1)
    sign = torch.randint(2, (count,), generator=generator) * 2 - 1
    start, reach, both_ways = torch.tensor(list(OPERATIONS.values()))[operation].unbind(1)
    return operation, start + level * reach * torch.where(both_ways == 1, sign, 1)


def apply_operations(images: Tensor, operation: Tensor, strength: Tensor) -> Tensor:
    """Change float32 images, N×3×H×W, by what :func:`sample_operations` samples."""
    height, width = images.shape[2:]
    none = torch.zeros_like(strength)
    geometric = (  # in the order of NAMES
        translations(none, none),
        shears(strength, none, height, width),
        shears(none, strength, height, width),
        translations(strength.trunc(), none),
        translations(none, strength.trunc()),
        rotations(strength),
    )
    matrix = torch.stack(geometric)[operation.clamp(max=LAST_GEOMETRIC), torch.arange(len(images))]
    # The five that move pixels are one group, since all they differ in is the matrix.
    group = torch.where(
        operation <= LAST_GEOMETRIC, operation.clamp(max=1), operation - LAST_GEOMETRIC + 1
    )
    transforms = (
        lambda some, by, matrix: some,
        lambda some, by, matrix: warp(some, matrix, mode="nearest"),
        lambda some, by, matrix: colour.brightness(some, by),
        lambda some, by, matrix: colour.saturation(some, by),
        lambda some, by, matrix: colour.contrast(some, by),
        lambda some, by, matrix: colour.sharpness(some, by),
        lambda some, by, matrix: colour.posterize(some, by.round()),
        lambda some, by, matrix: colour.solarize(some, by),
        lambda some, by, matrix: colour.autocontrast(some),
        lambda some, by, matrix: colour.equalize(some),
    )
    return apply_by_group(images.contiguous(), group, transforms, strength, matrix)
