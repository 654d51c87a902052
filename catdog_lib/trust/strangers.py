"""Strangers: images of neither cat nor dog, to see what a network of two classes makes of them."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from catdog_lib.data.image_set import ImageSet
from catdog_lib.sketches.strangers import STRANGERS, draw_stranger

NEITHER = -1  # the label of a stranger
_SEEDS = 100_000  # between two sets: no drawing is in both


def stranger_sets(pets: Tensor, count: int, seed: int = 0) -> dict[str, ImageSet]:
    """Make ``count`` images of each kind of stranger, as large as the pets.

    - scene, thing, horse: drawings (:func:`catdog_lib.sketches.strangers.draw_stranger`), in the
      scenes, light and noise of the drawn cats and dogs.
    - cloud: the pets themselves with random phases. As much of each spatial frequency as there was
      and nearly the same colours, but no shape is left.
    - noise: every value is random.

    None of them is a photo of another animal, which may be harder to reject.

    Args:
        pets: uint8, M×3×S×S; clouds are made from the first of them, again and again if there are
            fewer than ``count``.
        count: images of each kind.
        seed: of all that is random.

    Returns:
        kind → its images, each with the label −1.
    """
    size = pets.shape[-1]
    sets = {}
    for kind in STRANGERS:
        drawn = [draw_stranger(kind, _SEEDS * seed + i, size) for i in range(count)]
        pixels = np.stack([np.asarray(one).transpose(2, 0, 1) for one in drawn])
        sets[kind] = torch.from_numpy(pixels)
    generator = torch.Generator().manual_seed(seed)
    sets["cloud"] = _random_phases(pets[torch.arange(count) % len(pets)], generator)
    shape = (count, 3, size, size)
    sets["noise"] = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    return {kind: _image_set(kind, images) for kind, images in sets.items()}


def _random_phases(images: Tensor, generator: torch.Generator) -> Tensor:
    """Add random phases to the Fourier transform of each image, the same to its three channels.

    The mean of a channel and the amount of each frequency stay; where the frequencies meet changes.
    The phases are those of real noise, so that the result is real, too.
    """
    height, width = images.shape[2:]
    noise = torch.rand(len(images), 1, height, width, generator=generator)
    phases = torch.fft.rfft2(noise).angle()  # 0 for the mean, since the noise is not negative
    spectrum = torch.fft.rfft2(images.float())
    turned = spectrum * torch.polar(torch.ones_like(phases), phases)
    values = torch.fft.irfft2(turned, s=(height, width))
    return values.clamp(0, 255).round().to(torch.uint8)


def _image_set(kind: str, images: Tensor) -> ImageSet:
    count = len(images)
    names = tuple(f"{kind}.{i}" for i in range(count))
    return ImageSet(images, torch.arange(count), torch.full((count,), NEITHER), names)
