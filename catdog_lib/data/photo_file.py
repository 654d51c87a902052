"""Open a photo file that nobody vouches for: an image of any kind, upright, or the reason why not.

What a file says about itself is limited before it is believed: its pixels, its bytes, its time.

This file does not import PyTorch, so that the processes that decode thousands of photos start at
once.

Lesson 00, section 2.
"""

from __future__ import annotations

import errno
import os
import re
import stat
import struct
import warnings
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from PIL import Image, ImageFile, PngImagePlugin, UnidentifiedImageError

from catdog_lib.data.jpeg_stream import jpeg_layout, load_whole

# Those that open without outside programs. Pillow reads AVIF from its version 11.3 on.
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
_FORMATS += ("AVIF",) if find_spec("PIL.AvifImagePlugin") else ()
_HEIC = re.compile(rb"....ftyp(?:hei[cxms]|hev[cx]|mif1|msf1)", re.DOTALL)
# To hold at once. A transparent WebP takes most memory, 1.2 GB at the limit while it becomes RGB.
_MAX_PIXELS = 50_000_000
MAX_BYTES = 400_000_000  # an image of 16 bits a value, uncompressed, has 300 MB at most
# Each scan of a progressive JPEG goes through all its pixels again: these take 3 seconds.
_MAX_SCANNED_PIXELS = 2_000_000_000
_MAX_TEXT_BYTES = 4_000_000  # of pixels written as text: these take 3 seconds, too
PngImagePlugin.MAX_TEXT_CHUNK = 32 << 20  # bytes of a remark or a colour profile, unpacked
_ORIENTATION = 0x0112  # EXIF: how the camera was held
# Links that lead in a circle, through a file, or to a name that is too long: they stay so.
_LINKS = (errno.ELOOP, errno.ENOTDIR, errno.ENAMETOOLONG)
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
    """A file that holds no readable image; the message is the reason, in a few words.

    Attributes:
        temporary: it may be readable the next time, although nobody has changed it.
    """

    def __init__(self, reason: str, temporary: bool = False):
        super().__init__(reason)
        self.temporary = temporary


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
        if status.st_size > MAX_BYTES:
            raise DecodeError("more bytes than a photo has")
        with warnings.catch_warnings():  # about what is checked here: many pixels, broken EXIF
            warnings.simplefilter("ignore")
            with Image.open(path, formats=_FORMATS) as image:
                return _read(image, status.st_size, at_least)
    except (DecodeError, MemoryError):
        raise
    except UnidentifiedImageError:
        raise DecodeError(_unidentified(path)) from None
    except FileNotFoundError:
        raise DecodeError("no such file") from None  # a link to nowhere; the cache's key knows it
    except PermissionError:
        raise DecodeError("no permission to read it", temporary=True) from None
    except Image.DecompressionBombError:
        raise DecodeError("more pixels than a photo has") from None
    except Exception as error:  # for damaged files Pillow raises nearly everything
        if isinstance(error, OSError) and error.errno is not None:  # the disk, or the network
            reason = f"cannot be read: {error.strerror}"
            raise DecodeError(reason, temporary=error.errno not in _LINKS) from None
        truncated = "truncated" in str(error).lower()
        raise DecodeError("truncated" if truncated else f"damaged: {error}") from None


def _unidentified(path: str | os.PathLike) -> str:
    """Return why a file is not taken for an image."""
    with open(path, "rb") as file:
        return "unknown format: HEIC" if _HEIC.match(file.read(12)) else "not an image"


def _read(
    image: ImageFile.ImageFile, size: int, at_least: int | None
) -> tuple[Image.Image, ImageInfo]:
    """Decode an image that is open; its file has ``size`` bytes."""
    # MPO is a JPEG followed by a second image: a preview, or the other eye's view.
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    mode, (width, height) = image.mode, image.size
    deep = mode.startswith("I") or ";16" in str(image.tile)  # 16-bit RGB is opened as 8-bit
    if mode == "F":  # nothing says which number is white
        raise DecodeError("unknown format: floating-point numbers")
    if at_least is not None:
        image.draft("RGB", (at_least, at_least))
    if image.width * image.height > _MAX_PIXELS:
        raise DecodeError("more pixels than a photo has")
    tiff_turned = kind == "TIFF" and _orientation(image) != 1  # load() turns it and forgets
    # First: asking a PNG for its EXIF may load it, and hide that this failed.
    if kind == "JPEG":
        _load_jpeg(image, width * height)
    elif "ppm_plain" in str(image.tile) and size > _MAX_TEXT_BYTES:
        raise DecodeError("takes too long to decode")
    else:
        image.load()
    orientation = _orientation(image)
    if orientation >= 5:  # held sideways
        width, height = height, width
    turned = orientation != 1 or tiff_turned
    stored = ImageInfo(kind, mode, width, height, turned, deep, image.has_transparency_data)
    rgb = _to_rgb(image)
    return (rgb if orientation == 1 else rgb.transpose(_TRANSPOSES[orientation])), stored


def _load_jpeg(image: ImageFile.ImageFile, pixels: int) -> None:
    """Decode an open JPEG file if it is whole; it has this many ``pixels``."""
    image.fp.seek(0)
    content = image.fp.read()
    layout = jpeg_layout(content)
    if layout.scans * pixels > _MAX_SCANNED_PIXELS:
        raise DecodeError("takes too long to decode")
    load_whole(image, content, layout)


def _orientation(image: Image.Image) -> int:
    """Return 1 for upright, 2 to 8 for the transposes above."""
    if isinstance(image.info.get("xmp"), str):  # a PNG's remark; Pillow takes it for XMP's bytes
        del image.info["xmp"]
    try:
        orientation = image.getexif().get(_ORIENTATION)
    except (SyntaxError, ValueError, struct.error):  # it is damaged; the pixels are not
        return 1
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
