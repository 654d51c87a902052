"""The random parameters of the augmentations: sampled on the CPU, separately for each image.

They are kept apart from what is done with them, so that they can be inspected and compared with
those of torchvision.
"""

from __future__ import annotations

import math
from numbers import Real

import torch
from torch import Generator, Tensor

from catdog_lib.errors import CatdogError

Range = tuple[float, float]  # from, to
TRIES = 10  # as torchvision


def uniform(count: int, low: float, high: float, generator: Generator | None) -> Tensor:
    """Sample ``count`` numbers from the uniform distribution from ``low`` to ``high``."""
    return low + (high - low) * torch.rand(count, generator=generator)


def bernoulli(count: int, probability: float, generator: Generator | None) -> Tensor:
    """Sample ``count`` booleans, each True with this probability.

    Raises:
        CatdogError: the probability is not one.
    """
    require(0 <= probability <= 1, "probability", probability, "a number from 0 to 1")
    return torch.rand(count, generator=generator) < probability


def require(condition: bool, name: str, value: object, requirement: str) -> None:
    """Raise an error that says what an argument must be, unless the condition holds.

    Raises:
        CatdogError: the condition does not hold.
    """
    if not condition:
        raise CatdogError(f"{name} is {value!r}; it must be {requirement}.")


def sample_crops(
    shape: torch.Size, area: Range, ratio: Range, generator: Generator | None
) -> Tensor:
    """Sample boxes inside images, as ``RandomResizedCrop`` does.

    A box that would stick out is sampled again; after ten tries the largest central one is taken.

    Args:
        shape: of the batch, N×3×H×W.
        area: of a box, as a share of H·W.
        ratio: of its width to its height.
        generator: of the random numbers.

    Returns:
        N×4: top, left, height and width, integer pixels.

    Raises:
        CatdogError: the area or the ratio is impossible.
    """
    height, width = shape[2:]
    wide, tall = _sample_sides(shape, area, ratio, generator)
    fits = (wide >= 1) & (wide <= width) & (tall >= 1) & (tall <= height)
    tall, wide, found = _first(tall, wide, fits)
    nearest = min(max(width / height, ratio[0]), ratio[1])
    tall = torch.where(found, tall, min(height, round(width / nearest)))
    wide = torch.where(found, wide, min(width, round(height * nearest)))
    top, left = _sample_corners(height - tall, width - wide, generator)
    top = torch.where(found, top, (height - tall) // 2)
    left = torch.where(found, left, (width - wide) // 2)
    return torch.stack((top, left, tall, wide), 1)


def sample_erase_boxes(
    shape: torch.Size, probability: float, area: Range, ratio: Range, generator: Generator | None
) -> Tensor:
    """Sample boxes to erase, as ``RandomErasing`` does.

    A box that leaves no row or no column free is sampled again; after ten tries nothing is covered.

    Args:
        shape: of the batch, N×3×H×W.
        probability: that anything is covered.
        area: of a box, as a share of H·W.
        ratio: of its height to its width.
        generator: of the random numbers.

    Returns:
        N×4: top, left, height and width, integer pixels; height and width are 0 for no box.

    Raises:
        CatdogError: the probability, the area or the ratio is impossible.
    """
    count, _, height, width = shape
    tall, wide = _sample_sides(shape, area, ratio, generator)
    tall, wide, found = _first(tall, wide, (tall < height) & (wide < width))
    covered = found & bernoulli(count, probability, generator)
    tall, wide = tall * covered, wide * covered
    top, left = _sample_corners(height - tall, width - wide, generator)
    return torch.stack((top, left, tall, wide), 1)


def sample_jitter(
    count: int, strengths: dict[str, float], generator: Generator | None
) -> tuple[Tensor, Tensor]:
    """Sample factors and the order to apply them in, as ``ColorJitter`` does.

    Args:
        count: of images.
        strengths: of brightness, contrast, saturation and hue: how far from the factor that
            changes nothing, which is 1, or 0 for hue.
        generator: of the random numbers.

    Returns:
        Factors, N×4; order, 4 int64: the column of the first transform, of the second, … The images
        of a batch share it, so that each transform is done once, to all of them.

    Raises:
        CatdogError: a strength is negative, or the hue's above ½.
    """
    for name, strength in strengths.items():
        limit = 0.5 if name == "hue" else math.inf
        holds = isinstance(strength, Real) and 0 <= strength <= limit  # torchvision takes a range
        require(holds, name, strength, f"a number from 0 to {limit}")
    factors = [
        uniform(count, -strength, strength, generator)
        if name == "hue"
        else uniform(count, max(0, 1 - strength), 1 + strength, generator)
        for name, strength in strengths.items()
    ]
    return torch.stack(factors, 1), torch.randperm(len(factors), generator=generator)


def _sample_sides(
    shape: torch.Size, area: Range, ratio: Range, generator: Generator | None
) -> tuple[Tensor, Tensor]:
    """Sample both sides of ten boxes for each image, N×10; ``ratio`` is the first to the second."""
    require(0 <= area[0] <= area[1] <= 1, "area", area, "two rising numbers from 0 to 1")
    require(0 < ratio[0] <= ratio[1], "ratio", ratio, "two rising numbers above 0")
    count, _, height, width = shape
    areas = height * width * uniform(count * TRIES, *area, generator).view(count, TRIES)
    # By the logarithm: then 3 to 4 is as likely as 4 to 3.
    logs = uniform(count * TRIES, math.log(ratio[0]), math.log(ratio[1]), generator)
    ratios = logs.exp().view(count, TRIES)
    return (areas * ratios).sqrt().round(), (areas / ratios).sqrt().round()


def _first(tall: Tensor, wide: Tensor, fits: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return the sides of each image's first box that fits, and whether there is one; N each."""
    chosen = fits.int().argmax(1, keepdim=True)
    return tall.gather(1, chosen)[:, 0], wide.gather(1, chosen)[:, 0], fits.any(1)


def _sample_corners(
    down: Tensor, right: Tensor, generator: Generator | None
) -> tuple[Tensor, Tensor]:
    """Sample integers from 0 to ``down``, and from 0 to ``right``, uniformly."""
    fractions = torch.rand(2, len(down), generator=generator, dtype=torch.float64)
    top, left = (fractions * (torch.stack((down, right)) + 1)).floor().to(down.dtype)
    return top, left
