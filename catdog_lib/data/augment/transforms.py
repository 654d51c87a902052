"""Change the pictures of a whole batch at random, each in its own way, but not what they show.

Every function takes a batch and a generator of random numbers, and returns a new batch. They are
put together in plain Python, with ``functools.partial`` to set a strength::

    for change in (random_flip, partial(random_rotation, degrees=15), trivial_augment):
        pictures = change(pictures, generator)

- **In:** N×3×H×W, uint8, or float in [0, 1]. It stays as it was.
- **Out:** the same shape, device and memory order; float in [0, 1], of the type that came in, or
  float32 for uint8. A CatdogError for what is no such batch, or for a strength that cannot be.
- **Random numbers:** each picture has its own. They are drawn on the CPU, so that every device gets
  the same ones; without a generator, from PyTorch's own.

Pixels and distributions are those of the class of ``torchvision.transforms.v2`` that each function
names. That class draws once for a whole batch, so it is used on single pictures, which is slow.
Thousands of pictures a second at 64 pixels, the best of several rounds in one run on 2 cores of an
AMD EPYC that other jobs used too:

==============================================  =============  ===============  =============
..                                              flip_and_crop  trivial_augment  colour_jitter
==============================================  =============  ===============  =============
here, uint8 channels-last, batches of 64                   56               30             29
torchvision on PIL pictures of 64 pixels                  5.9              4.8            2.5
torchvision on PIL pictures of full size                  3.2              1.8            1.4
torchvision on JPEG files, two loading workers            2.2              1.8            1.6
==============================================  =============  ===============  =============

(In the first column torchvision's is RandomResizedCrop and RandomHorizontalFlip.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial, wraps

import torch
from torch import Generator, Tensor

from catdog_lib.data.augment import colour
from catdog_lib.data.augment.random_params import (
    Range,
    chance,
    draw_covers,
    draw_crops,
    draw_jitter,
    require,
    uniform,
)
from catdog_lib.data.augment.warp import crops, rotations, translations, warp
from catdog_lib.errors import CatdogError


def whole_batch(change: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """Let a function of float32 pictures take and return what the head of this file says."""

    @wraps(change)
    def changed(pictures: Tensor, *arguments, **strengths) -> Tensor:
        if pictures.ndim != 4 or pictures.shape[1] != 3 or not len(pictures):
            raise CatdogError(
                f"pictures has the shape {tuple(pictures.shape)}; give a batch N×3×H×W "
                "(a single picture as picture[None])."
            )
        if pictures.dtype != torch.uint8 and not pictures.is_floating_point():
            raise CatdogError(f"pictures is {pictures.dtype}; give uint8, or float in [0, 1].")
        floats = pictures.float()  # half precision is too coarse to say where a pixel lies
        if pictures.dtype == torch.uint8:
            floats.div_(255)
        out = change(floats, *arguments, **strengths)
        if pictures.is_floating_point():
            out = out.to(pictures.dtype)
        last = torch.channels_last
        if pictures.is_contiguous(memory_format=last) and not out.is_contiguous(memory_format=last):
            out = torch.stack(out.unbind(1), -1).permute(0, 3, 1, 2)
        return out

    return changed


@whole_batch
def flip_and_crop(
    pictures: Tensor,
    generator: Generator | None = None,
    smallest: float = 0.6,
    *,
    size: int | None = None,
) -> Tensor:
    """Mirror each picture with probability ½, and blow up a random square part to its full size.

    Args:
        pictures: N×3×H×W.
        generator: of the random numbers.
        smallest: side of the smallest part, as a share of the picture's.
        size: height and width of the new pictures, in place of the old ones'.
    """
    require(0 < smallest <= 1, "smallest", smallest, "a number above 0, and 1 at most")
    count, _, height, width = pictures.shape
    side = uniform(count, smallest, 1, generator)
    mirror = torch.randint(2, (count,), generator=generator) * 2 - 1  # −1 or 1
    left, top = (1 - side) * torch.rand(count, 2, generator=generator).T
    boxes = torch.stack((top * height, left * width, side * height, side * width), 1)
    matrix = crops(boxes, height, width)
    matrix[:, 0, 0] *= mirror  # look to the left for what is to be on the right
    return warp(pictures, matrix, padding="border", size=size)


@whole_batch
def random_flip(
    pictures: Tensor, generator: Generator | None = None, *, probability: float = 0.5
) -> Tensor:
    """Swap left and right, with this probability (``RandomHorizontalFlip``)."""
    mirror = chance(len(pictures), probability, generator)
    return by_group(pictures, mirror.long(), (lambda some: some, lambda some: some.flip(3)))


@whole_batch
def random_resized_crop(
    pictures: Tensor,
    generator: Generator | None = None,
    *,
    area: Range = (0.08, 1.0),
    ratio: Range = (3 / 4, 4 / 3),
) -> Tensor:
    """Cut out a part and blow it up to the size of the picture (``RandomResizedCrop``).

    Szegedy et al. 2014, "Going deeper with convolutions", arXiv 1409.4842, section 6.

    Args:
        pictures: N×3×H×W.
        generator: of the random numbers.
        area: of the part, from and to, as a share of the picture's.
        ratio: of the part's width to its height, from and to.
    """
    boxes = draw_crops(pictures.shape, area, ratio, generator)
    return warp(pictures, crops(boxes, *pictures.shape[2:]), boxes=boxes)


@whole_batch
def random_rotation(
    pictures: Tensor,
    generator: Generator | None = None,
    *,
    degrees: float = 15.0,
    padding: str = "zeros",
) -> Tensor:
    """Turn about the middle, by an angle from −degrees to degrees (``RandomRotation``, bilinear).

    ``padding`` fills the corners: zeros (black, as in torchvision), border or reflection.
    """
    angles = uniform(len(pictures), -degrees, degrees, generator)
    return warp(pictures, rotations(angles), padding=padding)


@whole_batch
def random_translation(
    pictures: Tensor,
    generator: Generator | None = None,
    *,
    share: float = 0.1,
    padding: str = "zeros",
) -> Tensor:
    """Move by whole pixels, up to this share of each side (``RandomAffine(0, (share, share))``).

    ``padding`` fills what is left free: zeros (black, as in torchvision), border or reflection.
    """
    require(0 <= share <= 1, "share", share, "a number from 0 to 1")
    count, _, height, width = pictures.shape
    right = uniform(count, -share * width, share * width, generator).round()
    down = uniform(count, -share * height, share * height, generator).round()
    return warp(pictures, translations(right, down), padding=padding)


@whole_batch
def colour_jitter(
    pictures: Tensor,
    generator: Generator | None = None,
    *,
    brightness: float = 0.4,
    contrast: float = 0.4,
    saturation: float = 0.4,
    hue: float = 0.1,
) -> Tensor:
    """Change brightness, contrast, saturation and hue (``ColorJitter``).

    Each picture has its own factors; the order of the four is drawn too, but once for a batch.
    Howard 2013, "Some improvements on deep convolutional neural network based image
    classification", arXiv 1312.5402.

    Args:
        pictures: N×3×H×W.
        generator: of the random numbers.
        brightness: how far the factor may lie from 1; contrast and saturation likewise.
        hue: how far to turn the wheel of colours, either way, as a part of a full turn.
    """
    strengths = dict(brightness=brightness, contrast=contrast, saturation=saturation, hue=hue)
    return jitter(pictures, *draw_jitter(len(pictures), strengths, generator))


def jitter(pictures: Tensor, factors: Tensor, order: Tensor) -> Tensor:
    """Change float32 pictures, N×3×H×W, by these factors, in this order: see
    :func:`draw_jitter`.
    """
    changes = (colour.brightness, colour.contrast, colour.saturation, colour.hue)
    pictures = pictures.contiguous()  # one channel after the other: several times faster here
    for number in order.tolist():
        pictures = changes[number](pictures, factors[:, number])
    return pictures


@whole_batch
def random_erasing(
    pictures: Tensor,
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
        pictures: N×3×H×W.
        generator: of the random numbers.
        probability: that anything is covered.
        area: of the box, from and to, as a share of the picture's.
        ratio: of the box's height to its width, from and to.
        value: of the covered pixels. torchvision's 0 is meant for pictures that have been
            normalised, where it is the mean of all; that is about 0.5 here, and 0 is black.
    """
    height, width = pictures.shape[2:]
    boxes = draw_covers(pictures.shape, probability, area, ratio, generator)
    top, left, tall, wide = boxes.to(pictures.device, non_blocking=True).T[:, :, None]
    y = torch.arange(height, device=pictures.device)
    x = torch.arange(width, device=pictures.device)
    rows, columns = (y >= top) & (y < top + tall), (x >= left) & (x < left + wide)
    return pictures.masked_fill(rows[:, None, :, None] & columns[:, None, None, :], value)


def by_group(
    pictures: Tensor, group: Tensor, changes: Sequence[Callable[..., Tensor]], *strengths: Tensor
) -> Tensor:
    """Do to each picture what its group asks for.

    The pictures are sorted by group, so that every change gets a batch of its own, and put back in
    their places.

    Args:
        pictures: N×3×H×W.
        group: N, int64, on the CPU.
        changes: of group 0, 1, …; each takes n×3×H×W and n of each of the strengths.
        strengths: N numbers or matrices each, on the CPU.
    """
    to_device = partial(Tensor.to, device=pictures.device, non_blocking=True)
    order = group.argsort()
    sizes = group.bincount(minlength=len(changes)).tolist()
    columns = [pictures.index_select(0, to_device(order)), *(s[order] for s in strengths)]
    parts = zip(changes, *(column.split(sizes) for column in columns), strict=True)
    changed = torch.cat([change(some, *numbers) for change, some, *numbers in parts if len(some)])
    return changed.index_select(0, to_device(order.argsort()))
