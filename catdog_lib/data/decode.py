"""From a file to pixels: open a photo of any kind, turn it upright, make it square.

This file does not import PyTorch, so that the processes that decode thousands of photos start at
once.

Lesson 00, section 2; Lesson 00, section 3.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

RESIZES = ("squash", "crop", "pad")
# Those that open without outside programs.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
# To hold at once. A transparent image takes most memory, 0.8 GB at the limit while it becomes RGB.
_MAX_PIXELS = 50_000_000
_ORIENTATION = 0x0112  # EXIF: how the camera was held
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


class DecodeError(Exception):
    """A file that holds no readable image; the message is the reason, in a few words."""


@dataclass(frozen=True)
class ImageInfo:
    """How a file holds its image, before :func:`read_photo` turns it into upright RGB of 8 bits.

    Attributes:
        format, mode: Pillow's names, such as JPEG and CMYK.
        width, height: in pixels, upright.
        turned: EXIF says that the camera was held sideways, upside down or mirrored.
        deep: 16 bits a value.
        transparent: some of it may be transparent.
    """

    format: str
    mode: str
    width: int
    height: int
    turned: bool
    deep: bool
    transparent: bool


def open_photo(path: str | os.PathLike, at_least: int | None = None) -> Image.Image:
    """Open and fully decode one photo, upright, in RGB.

    Args:
        path: the file.
        at_least: let a JPEG be decoded at a half, a quarter or an eighth of its size as long as
            both sides keep this many pixels; several times faster for large photos.

    Raises:
        DecodeError: the file is missing, unreadable, empty, truncated, damaged, too large, or
            not an image at all.
    """
    return read_photo(path, at_least)[0]


def read_photo(
    path: str | os.PathLike, at_least: int | None = None
) -> tuple[Image.Image, ImageInfo]:
    """Return what :func:`open_photo` returns, and how the file holds it."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            raise DecodeError("not a file")  # opening a pipe would wait for ever
        if status.st_size == 0:
            raise DecodeError("empty file")
        with warnings.catch_warnings():  # about what is checked here: many pixels, broken EXIF
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as image:
                return _read(image, at_least)
    except (DecodeError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise DecodeError("not an image") from None
    except FileNotFoundError:
        raise DecodeError("no such file") from None
    except PermissionError:
        raise DecodeError("no permission to read it") from None
    except Image.DecompressionBombError:
        raise DecodeError("more pixels than a photo has") from None
    except Exception as error:  # for damaged files Pillow raises nearly everything
        truncated = "truncated" in str(error).lower()
        raise DecodeError("truncated" if truncated else f"damaged: {error}") from None


def _read(image: Image.Image, at_least: int | None) -> tuple[Image.Image, ImageInfo]:
    # MPO is a JPEG followed by a second image: a preview, or the other eye's view.
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    mode, (width, height) = image.mode, image.size
    deep = mode.startswith("I") or ";16" in str(image.tile)  # 16-bit RGB is opened as 8-bit
    if at_least is not None:
        image.draft("RGB", (at_least, at_least))
    if image.width * image.height > _MAX_PIXELS:
        raise DecodeError("more pixels than a photo has")
    tiff_turned = kind == "TIFF" and _orientation(image) != 1  # load() turns it and forgets
    image.load()  # first: asking a PNG for its EXIF may load it, and hide that this failed
    orientation = _orientation(image)
    if orientation >= 5:  # held sideways
        width, height = height, width
    turned = orientation != 1 or tiff_turned
    stored = ImageInfo(kind, mode, width, height, turned, deep, image.has_transparency_data)
    rgb = _to_rgb(image)
    return (rgb if orientation == 1 else rgb.transpose(_TRANSPOSES[orientation])), stored


def _orientation(image: Image.Image) -> int:
    """Return 1 for upright, 2 to 8 for the transposes above."""
    orientation = image.getexif().get(_ORIENTATION)
    return orientation if orientation in _TRANSPOSES else 1


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert grey, palette, CMYK, 16-bit and transparent images (these over white) to RGB."""
    if image.mode.startswith("I"):  # 16 bits a pixel: Pillow's own conversion would clip at 255
        values = np.asarray(image).clip(0, 65535) // 257
        image = Image.fromarray(values.astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def to_square(image: Image.Image, size: int, resize: str = "squash") -> Image.Image:
    """Make an image ``size`` × ``size`` pixels.

    ``squash`` changes its proportions, ``crop`` keeps the largest centred square, ``pad`` adds
    black bars.
    """
    if resize == "crop":
        return ImageOps.fit(image, (size, size), Image.Resampling.BICUBIC)
    if resize == "pad":
        return ImageOps.pad(image, (size, size), Image.Resampling.BICUBIC)
    return image.resize((size, size), Image.Resampling.BICUBIC)


def decode(path: str | os.PathLike, size: int, resize: str = "squash") -> np.ndarray:
    """Decode one photo to a uint8 array, 3×size×size.

    Raises:
        DecodeError: see :func:`open_photo`.
    """
    return np.asarray(to_square(open_photo(path, at_least=size), size, resize)).transpose(2, 0, 1)


def decode_rows(
    store: str, first: int, paths: Sequence[str], *, size: int, resize: str
) -> list[tuple[int, str]]:
    """Decode ``paths`` into rows ``first``, ``first + 1``, … of the array file ``store``.

    This is the work of one process.

    Returns the rows of files that hold no image, each with the reason.
    """
    array = np.lib.format.open_memmap(store, mode="r+")
    unusable = []
    for row, path in enumerate(paths, start=first):
        try:
            array[row] = decode(path, size, resize)
        except DecodeError as reason:
            unusable.append((row, str(reason)))
    array.flush()
    return unusable
