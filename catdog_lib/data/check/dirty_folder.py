"""A small folder of drawn animals with every fault that real collections have, and the truth about
each file.

``catdog data check`` must find all of them, and its tests use it; lesson 00 lets students look for
them first.
"""

from __future__ import annotations

import os
import struct
import zlib
from dataclasses import dataclass
from io import BytesIO
from itertools import cycle
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from catdog_lib.classes import CLASSES
from catdog_lib.errors import CatdogError
from catdog_lib.sketches import draw_image

CLEAN = "clean"
_SIDE = 144  # pixels
_SHAPES = (
    (240, 180),
    (180, 240),
    (270, 180),
    (200, 200),
    (160, 240),
    (256, 192),
    (150, 112),
    (210, 280),
)
_DIFFICULTY = 0.2  # no animal may hide: a fault must be the file's
_CAT, _DOG = range(len(CLASSES))
_CLEAN = {("train", _CAT): 8, ("train", _DOG): 4, ("test", _CAT): 3, ("test", _DOG): 2}


@dataclass(frozen=True)
class _File:
    kind: str  # a key of findings.KINDS, or CLEAN
    label: int
    content: bytes
    suffix: str = ".jpg"
    split: str = "train"


def make_dirty_folder(folder: str | os.PathLike, seed: int = 0) -> dict[str, str]:
    """Write a small collection of photos with one of every fault into a new folder.

    Nothing in a name tells what is wrong with the file. Of copies, every one is named as a fault.
    The training part holds about twice as many cats as dogs: an imbalance, which is no file's own
    fault.

    Returns:
        What is wrong with each file, by its name below the folder: a kind of
            :mod:`catdog_lib.data.check.findings`, or
        "clean".

    Raises:
        CatdogError: the folder exists and is not empty.
    """
    folder = Path(folder)
    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise CatdogError(f"{str(folder)!r} exists already; name a folder that does not.")
    files = _files(seed)
    truth = {}
    for split, label in _CLEAN:
        here = [file for file in files if (file.split, file.label) == (split, label)]
        order = np.random.default_rng([seed, label]).permutation(len(here))
        for number, which in enumerate(order):
            word, file = CLASSES[label], here[which]
            name = f"{split}/{word}s/{word}.{number:02}{file.suffix}"
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
            truth[name] = file.kind
    return truth


def _files(seed: int) -> list[_File]:
    fresh = iter(range(1000 * seed, 1000 * seed + 1000))  # no scene is drawn twice

    def image(label: int, size: int = _SIDE) -> Image.Image:
        return draw_image(next(fresh), label, size, _DIFFICULTY)

    shapes = cycle(_SHAPES)
    files = [
        _File(CLEAN, label, _saved(_framed(image(label, 2 * _SIDE), *next(shapes))), split=split)
        for (split, label), count in _CLEAN.items()
        for _ in range(count)
    ]
    cut = _saved(image(_CAT))
    grey16 = np.asarray(image(_DOG).convert("L")).astype(np.uint16) * 257
    sideways = Image.Exif()
    sideways[0x0112] = 6  # the image is stored a quarter turn to the left of upright
    files += [
        _File("truncated", _CAT, cut[: len(cut) // 2]),
        _File("empty file", _DOG, b""),
        _File("not an image", _CAT, b"milk, tuna, one scratching post\n"),
        _File("not an image", _DOG, b"%PDF-1.7\n% the vet's bill\n"),
        _File("damaged", _DOG, _broken_png(image(_DOG)), ".png"),
        _File("more pixels than a photo has", _DOG, _bomb(), ".png"),
        _File("wrong extension", _CAT, _saved(image(_CAT), "PNG")),
        _File("grey", _DOG, _saved(image(_DOG).convert("L"))),
        _File("CMYK", _CAT, _saved(image(_CAT).convert("CMYK"))),
        _File("palette", _CAT, _saved(image(_CAT), "GIF"), ".gif"),
        _File("palette", _DOG, _saved(image(_DOG).quantize(64), "PNG"), ".png"),
        _File("transparent", _CAT, _saved(_sticker(image(_CAT)), "PNG"), ".png"),
        _File("16-bit", _DOG, _saved(Image.fromarray(grey16), "PNG"), ".png"),
        _File(
            "turned",
            _CAT,
            _saved(image(_CAT).transpose(Image.Transpose.ROTATE_90), exif=sideways),
        ),
        _File("tiny", _CAT, _saved(image(_CAT, 32))),
        _File("long", _DOG, _saved(image(_DOG, 4 * _SIDE).crop((0, 200, 4 * _SIDE, 300)))),
    ]
    return files + _copies(image)


def _copies(image) -> list[_File]:
    files = []

    def pair(kind: str, first: tuple[int, bytes], second: tuple[int, bytes], **where) -> None:
        files.append(_File(kind, *first))
        files.append(_File(kind, *second, **where))

    cat = _saved(image(_CAT))
    pair("duplicate", (_CAT, cat), (_CAT, cat))
    dog = _saved(image(_DOG))
    pixels = _saved(Image.open(BytesIO(dog)), "PNG")
    pair("duplicate", (_DOG, dog), (_DOG, pixels), suffix=".png")
    cat = image(_CAT)
    small = _saved(cat.resize((100, 100), Image.Resampling.LANCZOS), quality=60)
    pair("near duplicate", (_CAT, _saved(cat)), (_CAT, small))
    cat = image(_CAT)
    pair("near duplicate", (_CAT, _saved(cat)), (_CAT, _saved(ImageOps.mirror(cat))))
    cat = _saved(image(_CAT))
    pair("leak", (_CAT, cat), (_CAT, cat), split="test")
    dog = image(_DOG)
    lighter = _saved(dog.point(lambda value: min(255, value * 1.15)), quality=70)
    pair("leak", (_DOG, _saved(dog)), (_DOG, lighter), split="test")
    cat = _saved(image(_CAT))
    pair("label conflict", (_CAT, cat), (_DOG, cat))
    return files


def _saved(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    buffer = BytesIO()
    options = {"quality": 90, **options} if kind == "JPEG" else options
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _framed(image: Image.Image, width: int, height: int) -> Image.Image:
    """The upper middle of a square image, where the animal is, in the proportions of a photo."""
    scale = image.width / max(width, height)
    left = round((image.width - width * scale) / 2)
    box = (left, 0, left + round(width * scale), round(height * scale))
    return image.resize((width, height), Image.Resampling.LANCZOS, box)


def _sticker(image: Image.Image) -> Image.Image:
    """The image in an oval with nothing around it."""
    size = image.width
    y, x = np.mgrid[-1 : 1 : size * 1j, -1 : 1 : size * 1j]
    alpha = np.where(x**2 + y**2 < 1, 255, 0).astype(np.uint8)
    sticker = image.convert("RGBA")
    sticker.putalpha(Image.fromarray(alpha))
    return sticker


def _broken_png(image: Image.Image) -> bytes:
    """A PNG file of full length with a hole where its pixels begin, as a failing disk gives
    back.
    """
    content = bytearray(_saved(image, "PNG"))
    hole = content.index(b"IDAT") + 4
    content[hole : hole + 64] = bytes(64)
    return bytes(content)


def _bomb() -> bytes:
    """A PNG file of a few bytes that claims 30,000 × 30,000 pixels: 2.7 GB to whoever believes
    it.
    """

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)  # 8 bits, RGB
    rows = zlib.compress(bytes(90_001))  # the first row only
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks
