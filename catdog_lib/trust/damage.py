"""Damage: spoil images step by step, and see from which step on the answers suffer.

Lesson 09, section 5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.data.augment.colour import brightness, greyscale
from catdog_lib.data.augment.warp import crops, rotations, warp
from catdog_lib.errors import CatdogError
from catdog_lib.sketches.camera import compress_jpeg


@dataclass(frozen=True)
class Damage:
    """One kind of damage, and how strong it may be.

    Attributes:
        apply: takes float images in [0, 1], N×3×H×W, and a strength; returns such images.
        strengths: from weak to strong.
        unit: of the strengths, in words.
        most: the largest strength that has a meaning.
    """

    apply: Callable[[Tensor, float], Tensor]
    strengths: tuple[float, ...]
    unit: str
    most: float


def _crop(images: Tensor, cut: float) -> Tensor:
    """Cut this share of each side away, half of it at each end, and enlarge the rest."""
    count, _, height, width = images.shape
    tall, wide = (1 - cut) * height, (1 - cut) * width
    box = torch.tensor([(height - tall) / 2, (width - wide) / 2, tall, wide])
    return warp(images, crops(box.expand(count, 4), height, width), padding="border")


def _blur(images: Tensor, deviation: float) -> Tensor:
    """Convolve with a Gaussian whose standard deviation is given in hundredths of the width."""
    sigma = deviation / 100 * images.shape[3]
    reach = min(int(3 * sigma) + 1, min(images.shape[2:]) - 1)
    at = torch.arange(-reach, reach + 1, dtype=images.dtype)
    kernel = torch.exp(-0.5 * (at / max(sigma, 1e-6)) ** 2)  # with 0, the image stays as it is
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, -1)
    padded = F.pad(images, (reach,) * 4, mode="reflect")
    rows = F.conv2d(padded, kernel, groups=3)
    return F.conv2d(rows, kernel.transpose(2, 3), groups=3)


def _jpeg(images: Tensor, lost: float) -> Tensor:
    """Save each as a JPEG of quality 100 − ``lost`` and open it again."""
    pixels = (images * 255).round().to(torch.uint8).permute(0, 2, 3, 1).numpy()
    opened = [compress_jpeg(Image.fromarray(one), 100 - int(lost)) for one in pixels]
    return torch.from_numpy(np.stack([np.asarray(one) for one in opened])).permute(0, 3, 1, 2) / 255


def _rotate(images: Tensor, degrees: float) -> Tensor:
    """Turn anticlockwise about the centre; the corners show the mirrored image."""
    turn = rotations(torch.full((len(images),), float(degrees)))
    return warp(images, turn, padding="reflection")


def _noise(images: Tensor, deviation: float) -> Tensor:
    """Add independent normal noise to every value, its deviation in grey levels of 255."""
    noise = torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    return images + noise * deviation / 255


def _darken(images: Tensor, lost: float) -> Tensor:
    """Take this share of the light away."""
    return brightness(images, torch.full((len(images),), 1 - lost))


def _draw_lines(images: Tensor, share: float) -> Tensor:
    """Fade into a pencil drawing: dark lines on white where the brightness changes."""
    grey = greyscale(images)
    down, along = torch.gradient(grey, dim=(2, 3))
    edges = (down.square() + along.square()).sqrt()
    strongest = edges.flatten(1).quantile(0.98, dim=1).clamp(min=1e-6).view(-1, 1, 1, 1)
    drawing = 1 - (edges / strongest).clamp(max=1)
    return torch.lerp(images, drawing.expand_as(images), share)


DAMAGES = {
    "crop": Damage(_crop, (0.3, 0.5, 0.7), "share of each side cut away", 1),
    "blur": Damage(_blur, (1, 2, 4), "std. deviation, % of the width", 100),
    "JPEG": Damage(_jpeg, (70, 90, 97), "100 − quality", 100),
    "rotation": Damage(_rotate, (30, 90, 180), "degrees", 360),
    "noise": Damage(_noise, (15, 30, 60), "std. deviation, grey levels", 255),
    "darkness": Damage(_darken, (0.5, 0.8, 0.95), "share of the light lost", 1),
    "line drawing": Damage(_draw_lines, (0.5, 0.8, 1), "share of the drawing", 1),
}


def damage(images: Tensor, kind: str, strength: float) -> Tensor:
    """Return damaged copies of images.

    Args:
        images: uint8, N×3×H×W.
        kind: one of DAMAGES.
        strength: from 0 to the most of that kind, in its unit.

    Returns:
        uint8, N×3×H×W.

    Raises:
        CatdogError: there is no such kind, or it has no such strength.
    """
    if kind not in DAMAGES:
        raise CatdogError(f"There is no damage {kind!r}; use one of {', '.join(DAMAGES)}.")
    if not 0 <= strength <= DAMAGES[kind].most:
        raise CatdogError(
            f"strength is {strength}; for {kind!r} use 0 to {DAMAGES[kind].most} "
            f"({DAMAGES[kind].unit})."
        )
    changed = DAMAGES[kind].apply(images.cpu().float() / 255, strength)  # JPEG is the CPU's
    return (changed.clamp(0, 1) * 255).round().to(images.device, torch.uint8)
