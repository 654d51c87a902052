"""Fine-tuning: the backbone goes on learning, from the weights that it has; and draws of images.

Lesson 06, section 6.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.models import TransferClassifier, freeze
from catdog_lib.training.fit import fit
from catdog_lib.training.recipe import Recipe


def fine_tune(
    data: Splits,
    recipe: Recipe,
    head: nn.Linear | None = None,
    *,
    frozen: int = 0,
    device: str | None = None,
) -> TransferClassifier:
    """Return the offline backbone and a head, both trained on ``data.train``.

    Every BatchNorm keeps its statistics, its scale and its shift: a few small batches say little
    about the mean and variance of a channel, and the backbone's own come from a million photos.

    Args:
        data: the images; nothing is chosen on ``data.validation``, so a few will do.
        recipe: how to train; its seed is also that of a new head's weights.
        head: begin with this one, such as a linear probe; None begins with random weights.
        frozen: how many of the backbone's stages do not learn.
        device: cuda, mps or cpu; None takes the fastest here.
    """
    torch.manual_seed(recipe.seed)
    classifier = TransferClassifier()
    if head is not None:
        classifier.head.load_state_dict(head.state_dict())
    classifier.freeze_up_to(frozen)
    for layer in classifier.modules():
        if isinstance(layer, nn.BatchNorm2d):
            freeze(layer)
    fit(classifier, data, replace(recipe, keep="last"), device=device, progress=False)
    return classifier


def resized(dataset: ImageSet, size: int) -> ImageSet:
    """Return the same images at another size, N×3×size×size, uint8, in the same order."""
    parts = [
        F.interpolate(images.float(), (size, size), mode="bilinear", antialias=True)
        for images in dataset.store[dataset.rows].split(64)
    ]
    return dataset.with_images(torch.cat([part.round().byte() for part in parts]))


def positions(dataset: ImageSet, count: int, seed: int) -> Tensor:
    """Return the positions of ``count`` images drawn at random, as many cats as dogs.

    They are the same at every image size, so that several ways to train can share their draws.
    """
    numbered = replace(dataset, rows=torch.arange(len(dataset)))
    return numbered.sample(count, seed).rows
