"""Change the images of a whole batch at random, each in its own way, but not what they show.

Every function takes a batch and a generator of random numbers, and returns a new batch. They are
put together in plain Python, with ``functools.partial`` to set a strength::

    for transform in (random_flip, partial(random_rotation, degrees=15), trivial_augment):
        images = transform(images, generator)

- **In:** N×3×H×W, uint8, or float in [0, 1]. It stays as it was.
- **Out:** the same shape, device and memory order; float in [0, 1], of the type that came in, or
  float32 for uint8. A CatdogError for anything but such a batch, or for an impossible strength.
- **Random numbers:** each image has its own. They are sampled on the CPU, so that every device gets
  the same ones; without a generator, from PyTorch's own.

Pixels and distributions are those of the class of ``torchvision.transforms.v2`` that each function
names. That class samples once for a whole batch, so it is used on single images, which is slow.
Thousands of images a second at 64 pixels, the best of several rounds in one run on 2 cores of an
AMD EPYC that other jobs used too:

==============================================  =============  ===============  =============
..                                              flip_and_crop  trivial_augment  colour_jitter
==============================================  =============  ===============  =============
here, uint8 channels-last, batches of 64                   56               30             29
torchvision on PIL images of 64 pixels                    5.9              4.8            2.5
torchvision on PIL images of full size                    3.2              1.8            1.4
torchvision on JPEG files, two loading workers            2.2              1.8            1.6
==============================================  =============  ===============  =============

(In the first column torchvision's is RandomResizedCrop and RandomHorizontalFlip.)

Lesson 00, section 5; Lesson 10, section 2.

Longer than 200 lines because each function is short and all read the same way.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

from catdog_lib.data.augment import colour
from catdog_lib.data.augment.batch import batch_transform
from catdog_lib.data.augment.random_params import (
    Range,
    bernoulli,
    require,
    sample_crops,
    sample_erase_boxes,
    sample_jitter,
    uniform,
)
from catdog_lib.data.augment.warp import crops, rotations, translations, warp
from catdog_lib.device import copy_to


@batch_transform
def flip_and_crop(
    images: Tensor,
    generator: Generator | None = None,
    smallest: float = 0.6,
    *,
    size: int | None = None,
) -> Tensor:
    """Mirror each image with probability ½, and enlarge a random square crop to its full size.

    Args:
        images: N×3×H×W.
        generator: of the random numbers.
        smallest: side of the smallest crop, as a share of the image's.
        size: height and width of the new images, in place of the old size.
    """
    require(0 < smallest <= 1, "smallest", smallest, "a number above 0, and 1 at most")
    require(size is None or size >= 1, "size", size, "1 pixel or more, or None")
    count, _, height, width = images.shape
    side = uniform(count, smallest, 1, generator)
    mirror = torch.randint(2, (count,), generator=generator) * 2 - 1  # −1 or 1
    left, top = (1 - side) * torch.rand(count, 2, generator=generator).T
    boxes = torch.stack((top * height, left * width, side * height, side * width), 1)
    matrix = crops(boxes, height, width)
    matrix[:, 0, 0] *= mirror  # look to the left for what is to be on the right
    return warp(images, matrix, padding="border", size=size)


@batch_transform
def random_flip(
    images: Tensor, generator: Generator | None = None, *, probability: float = 0.5
) -> Tensor:
    """Swap left and right, with this probability (``RandomHorizontalFlip``)."""
    mirror = bernoulli(len(images), probability, generator)
    mirror = copy_to(mirror.view(-1, 1, 1, 1), images.device)
    return torch.where(mirror, images.flip(3), images)


@batch_transform
def random_resized_crop(
    images: Tensor,
    generator: Generator | None = None,
    *,
    area: Range = (0.08, 1.0),
    ratio: Range = (3 / 4, 4 / 3),
) -> Tensor:
    """Enlarge a random crop to the size of the image (``RandomResizedCrop``).

    Szegedy et al. 2014, "Going deeper with convolutions", arXiv 1409.4842, section 6.

    Args:
        images: N×3×H×W.
        generator: of the random numbers.
        area: of the crop, from and to, as a share of the image's.
        ratio: of the crop's width to its height, from and to.
    """
    boxes = sample_crops(images.shape, area, ratio, generator)
    return warp(images, crops(boxes, *images.shape[2:]), boxes=boxes)


@batch_transform
def random_rotation(
    images: Tensor,
    generator: Generator | None = None,
    *,
    degrees: float = 15.0,
    padding: str = "zeros",
) -> Tensor:
    """Rotate about the centre, by an angle from −degrees to degrees (``RandomRotation``, bilinear).

    ``padding`` fills the corners: zeros (black, as in torchvision), border or reflection.
    """
    require(math.isfinite(degrees), "degrees", degrees, "a finite number")
    angles = uniform(len(images), -degrees, degrees, generator)
    return warp(images, rotations(angles), padding=padding)


@batch_transform
def random_translation(
    images: Tensor,
    generator: Generator | None = None,
    *,
    share: float = 0.1,
    padding: str = "zeros",
) -> Tensor:
    """Move by an integer number of pixels (``RandomAffine(0, (share, share))``).

    The shift is at most ``share`` of each side. ``padding`` fills what is left free: zeros (black,
    as in torchvision), border or reflection.
    """
    require(0 <= share <= 1, "share", share, "a number from 0 to 1")
    count, _, height, width = images.shape
    right = uniform(count, -share * width, share * width, generator).round()
    down = uniform(count, -share * height, share * height, generator).round()
    return warp(images, translations(right, down), padding=padding)


@batch_transform
def colour_jitter(
    images: Tensor,
    generator: Generator | None = None,
    *,
    brightness: float = 0.4,
    contrast: float = 0.4,
    saturation: float = 0.4,
    hue: float = 0.1,
) -> Tensor:
    """Change brightness, contrast, saturation and hue (``ColorJitter``).

    Each image has its own factors; the order of the four is random too, but sampled once for a
    batch. Howard 2013, "Some improvements on deep convolutional neural network based image
    classification", arXiv 1312.5402.

    Args:
        images: N×3×H×W.
        generator: of the random numbers.
        brightness: how far the factor may lie from 1; contrast and saturation likewise.
        hue: how far to turn the wheel of colours, either way, as a fraction of a full turn.
    """
    strengths = dict(brightness=brightness, contrast=contrast, saturation=saturation, hue=hue)
    return colour.jitter(images, *sample_jitter(len(images), strengths, generator))


@batch_transform
def random_erasing(
    images: Tensor,
    generator: Generator | None = None,
    *,
    probability: float = 0.5,
    area: Range = (0.02, 0.33),
    ratio: Range = (0.3, 3.3),
    value: float = 0.0,
) -> Tensor:
    """Cover a box with one value, with this probability (``RandomErasing``).

    Zhong et al. 2017, "Random erasing data augmentation", arXiv 1708.04896.

    Args:
        images: N×3×H×W.
        generator: of the random numbers.
        probability: that anything is covered.
        area: of the box, from and to, as a share of the image's.
        ratio: of the box's height to its width, from and to.
        value: of the covered pixels. torchvision's 0 is meant for images that have been
            normalized, where it is the mean of all; it is about 0.5 here, and 0 is black.
    """
    require(0 <= value <= 1, "value", value, "a number from 0 to 1")
    height, width = images.shape[2:]
    boxes = sample_erase_boxes(images.shape, probability, area, ratio, generator)
    top, left, tall, wide = copy_to(boxes, images.device).T[:, :, None]
    y = torch.arange(height, device=images.device)
    x = torch.arange(width, device=images.device)
    rows, columns = (y >= top) & (y < top + tall), (x >= left) & (x < left + wide)
    return images.masked_fill(rows[:, None, :, None] & columns[:, None, None, :], value)
