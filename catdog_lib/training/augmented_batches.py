"""The batches that a recipe trains on: shuffled, and augmented as it says for the epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Generator, Tensor

from catdog_lib.data import augment
from catdog_lib.data.image_set import ImageSet, batches
from catdog_lib.training.recipe import Recipe


def augmented_batches(
    dataset: ImageSet, recipe: Recipe, epoch: int, generator: Generator, device: torch.device
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield the batches of one epoch: images N×3×H×W and labels N, on ``device``.

    Args:
        dataset: every image comes once.
        recipe: its batch size, augmentation and training sizes.
        epoch: counted from 1; the size of the images may depend on it.
        generator: draws the order and the augmentation.
        device: where to.
    """
    transforms = augmentations(recipe, epoch)
    for images, labels in batches(dataset, recipe.batch_size, shuffle=generator, device=device):
        for transform in transforms:
            images = transform(images, generator)
        yield images, labels


def augmentations(recipe: Recipe, epoch: int) -> list[Callable[[Tensor, Generator], Tensor]]:
    """Return the functions that change the training images of an epoch, in order."""
    crop = partial(augment.flip_and_crop, smallest=recipe.min_crop, size=recipe.size_in(epoch))
    return [crop if name == "flip_and_crop" else getattr(augment, name) for name in recipe.augment]
