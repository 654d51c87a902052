"""From a file to pixels: open a photo of any kind, turn it upright, make it square.

This file does not import PyTorch, so that the processes that decode thousands of photos start at once.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

RESIZES = ("squash", "crop", "pad")
_FORMATS = (
    "JPEG",
    "PNG",
    "WEBP",
    "GIF",
    "BMP",
    "TIFF",
    "PPM",
)  # those that open without outside programs


class Unusable(Exception):
    """A file that gives no picture; the message is the reason, in a few words."""


def open_photo(path: str | os.PathLike, at_least: int | None = None) -> Image.Image:
    """Open and fully decode one photo, upright, in RGB.

    Args:
        path: the file.
        at_least: let a JPEG be decoded at a half, a quarter or an eighth of its size as long as both sides keep this
            many pixels; several times faster for large photos.

    Raises:
        Unusable: the file is missing, empty, truncated, too large, or not an image at all.
    """
    path = Path(path)
    try:
        if path.stat().st_size == 0:
            raise Unusable("empty file")
        with Image.open(path, formats=_FORMATS) as image:
            if at_least is not None:
                image.draft("RGB", (at_least, at_least))
            return _to_rgb(ImageOps.exif_transpose(image))
    except UnidentifiedImageError:
        raise Unusable("not an image") from None
    except FileNotFoundError:
        raise Unusable("no such file") from None
    except Image.DecompressionBombError:
        raise Unusable("more pixels than a photo has") from None
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
    ) as error:  # what Pillow raises for damaged files
        raise Unusable(
            "truncated" if "truncated" in str(error).lower() else f"damaged: {error}"
        ) from None


def _to_rgb(image: Image.Image) -> Image.Image:
    """RGB from grey, palette, CMYK, 16-bit and transparent pictures (these over white)."""
    if image.mode.startswith("I"):  # 16 bits a pixel: Pillow's own conversion would clip at 255
        image = Image.fromarray((np.asarray(image) / 257).clip(0, 255).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def to_square(image: Image.Image, size: int, resize: str = "squash") -> Image.Image:
    """Make a picture ``size`` × ``size`` pixels.

    ``squash`` changes its proportions, ``crop`` keeps the largest centred square, ``pad`` adds black bars.
    """
    if resize == "crop":
        return ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    if resize == "pad":
        return ImageOps.pad(image, (size, size), Image.Resampling.BICUBIC)
    return image.resize((size, size), Image.Resampling.BICUBIC)


def decode(path: str | os.PathLike, size: int, resize: str = "squash") -> np.ndarray:
    """One photo as a uint8 array, 3×size×size.

    Raises:
        Unusable: see :func:`open_photo`.
    """
    return np.asarray(to_square(open_photo(path, at_least=size), size, resize)).transpose(2, 0, 1)


def decode_rows(
    store: str, first: int, paths: Sequence[str], *, size: int, resize: str
) -> list[tuple[int, str]]:
    """Decode ``paths`` into rows ``first``, ``first + 1``, … of the array file ``store``; the work of one process.

    Returns the rows that gave no picture, each with the reason.
    """
    array = np.lib.format.open_memmap(store, mode="r+")
    unusable = []
    for row, path in enumerate(paths, start=first):
        try:
            array[row] = decode(path, size, resize)
        except Unusable as reason:
            unusable.append((row, str(reason)))
    array.flush()
    return unusable


def unusable_rows(first: int, paths: Sequence[str]) -> list[tuple[int, str]]:
    """Open ``paths``, numbered from ``first``, and return those that give no picture, each with the reason."""
    unusable = []
    for row, path in enumerate(paths, start=first):
        try:
            open_photo(path, at_least=64)
        except Unusable as reason:
            unusable.append((row, str(reason)))
    return unusable
