"""From a large drawing to a photograph: light, a colour cast, blur, noise, JPEG.

The map of body parts is reduced in step with it.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageFilter

from catdog_lib.sketches.canvas import BODY_PARTS
from catdog_lib.sketches.sampling import Rng, ramp


@dataclass(frozen=True)
class CameraSettings:
    """How an image is taken. The distribution is the same for cats and dogs."""

    light: tuple[float, float, float, float]  # brightness of the four corners, in reading order
    cast: tuple[float, float, float]  # factors of red, green, blue
    haze: float  # added to every pixel, of 255
    defocus: float  # standard deviation of the blur, in 1/64 of the image
    motion: float  # half the length of the smear, in 1/64 of the image
    upward: bool  # the smear goes up and down, not left and right
    noise: float  # standard deviation, of 255
    quality: int  # of the JPEG file, 1 to 95

    @classmethod
    def sample(cls, rng: Rng, difficulty: float) -> CameraSettings:
        """Sample settings: even light and sharp at difficulty 0; dark, blurred and noisy at 1."""
        d = difficulty
        bright = rng.uniform(ramp(d, 0.95, 0.72, 0.45), ramp(d, 1.05, 1.15, 1.1))
        corners = np.clip(bright + rng.normal(0, ramp(d, 0.03, 0.15, 0.22), 4), 0.25, 1.35)
        moves = rng.random() < ramp(d, 0, 0.08, 0.4)
        return cls(
            light=tuple(corners.tolist()),
            cast=tuple(rng.normal(1, ramp(d, 0.01, 0.04, 0.07), 3).tolist()),
            haze=rng.uniform(0, ramp(d, 3, 14, 30)),
            defocus=rng.uniform(0, ramp(d, 0.2, 0.6, 1.2)),
            motion=rng.uniform(0.5, ramp(d, 0.5, 1.2, 2)) if moves else 0.0,
            upward=rng.random() < 0.3,
            noise=rng.uniform(ramp(d, 0, 1, 4), ramp(d, 1, 7, 16)),
            quality=int(rng.integers(ramp(d, 90, 60, 20), ramp(d, 96, 96, 70))),
        )


def photograph(drawing: Image.Image, size: int, camera: CameraSettings, rng: Rng) -> Image.Image:
    """Reduce a large drawing to `size` pixels, as `camera` says; `rng` samples the noise."""
    x = np.linspace(0, 1, size, dtype=np.float32)
    y = x[:, None]
    a, b, c, d = np.array(camera.light, np.float32)
    light = (a * (1 - x) + b * x) * (1 - y) + (c * (1 - x) + d * x) * y
    small = drawing.reduce(drawing.width // size)
    small = small.filter(ImageFilter.GaussianBlur(camera.defocus * size / 64))
    if camera.motion:
        smear = camera.motion * size / 64
        small = small.filter(ImageFilter.BoxBlur((0, smear) if camera.upward else (smear, 0)))
    pixels = np.asarray(small) * light[:, :, None] * np.array(camera.cast, np.float32)
    pixels += np.float32(camera.haze)
    pixels += rng.standard_normal(pixels.shape, np.float32) * np.float32(camera.noise)
    finished = Image.fromarray(np.clip(np.rint(pixels), 0, 255).astype(np.uint8))
    return compress_jpeg(finished, camera.quality)


def compress_jpeg(image: Image.Image, quality: int) -> Image.Image:
    """Return what is left of an image in a JPEG file of this quality, 1 to 95."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    reopened = Image.open(file, formats=("JPEG",))
    reopened.load()
    return reopened


def near_duplicate(pixels: np.ndarray, rng: Rng) -> np.ndarray:
    """Return a near duplicate of an image, 3×S×S uint8: lighter or darker, and a new JPEG."""
    change = int(rng.integers(4, 13)) * (1 if rng.random() < 0.5 else -1)
    shifted = np.clip(pixels.astype(np.int16) + change, 0, 255).astype(np.uint8)
    reopened = compress_jpeg(Image.fromarray(shifted.transpose(1, 2, 0)), int(rng.integers(60, 91)))
    return np.asarray(reopened).transpose(2, 0, 1)


def downsample_map(part_map: Image.Image, margin: int, size: int) -> np.ndarray:
    """Reduce the map of a :class:`canvas.Canvas`, cut to the image, to `size` pixels.

    Each pixel is given to the part that covers most of it; of two that cover as much, to the later
    one in BODY_PARTS.

    Returns:
        uint8, size×size, indices into BODY_PARTS.
    """
    edge = part_map.width - margin
    big = part_map.crop((margin, margin, edge, edge))
    factor, parts_drawn = big.width // size, np.asarray(big)
    body_parts = np.zeros((size, size), np.uint8)
    most = np.zeros((size, size), np.uint8)
    for part in range(len(BODY_PARTS)):
        covered = Image.fromarray((parts_drawn == part).view(np.uint8) * np.uint8(255))
        share = np.asarray(covered.reduce(factor))
        body_parts[share >= most] = part
        most = np.maximum(most, share)
    return body_parts
