"""A small folder of sketches with every fault of real collections, and the truth about each.

``catdog data check`` must find all of them, and its tests use it; lesson 00 lets students look for
them first.

Lesson 00, section 2.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable
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
_DIFFICULTY = 0.2  # no animal is hidden: every fault is the file's
_CAT, _DOG = range(len(CLASSES))
_CLEAN = {("train", _CAT): 8, ("train", _DOG): 4, ("test", _CAT): 3, ("test", _DOG): 2}


@dataclass(frozen=True)
class _PlantedFile:
    kind: str  # a key of findings.KINDS, or CLEAN
    label: int
    content: bytes
    suffix: str = ".jpg"
    split: str = "train"


def make_dirty_folder(folder: str | os.PathLike, seed: int = 0) -> dict[str, str]:
    """Write a small collection of photos with one of every fault into a new folder.

    Nothing in a name says what is wrong with the file. Of copies, every one is named as a fault.
    The training split holds about twice as many cats as dogs: an imbalance, which is not the fault
    of any file.

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
        in_folder = [file for file in files if (file.split, file.label) == (split, label)]
        order = np.random.default_rng([seed, label]).permutation(len(in_folder))
        for number, index in enumerate(order):
            word, file = CLASSES[label], in_folder[index]
            name = f"{split}/{word}s/{word}.{number:02}{file.suffix}"
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.content)
            truth[name] = file.kind
    return truth


def _files(seed: int) -> list[_PlantedFile]:
    seeds = iter(range(1000 * seed, 1000 * seed + 1000))  # a new one for every sketch

    def sketch(label: int, size: int = _SIDE) -> Image.Image:
        return draw_image(next(seeds), label, size, _DIFFICULTY)

    shapes = cycle(_SHAPES)
    files = [
        _PlantedFile(
            CLEAN, label, _saved(_framed(sketch(label, 2 * _SIDE), *next(shapes))), split=split
        )
        for (split, label), count in _CLEAN.items()
        for _ in range(count)
    ]
    cut = _saved(sketch(_CAT))
    grey16 = np.asarray(sketch(_DOG).convert("L")).astype(np.uint16) * 257
    sideways = Image.Exif()
    sideways[0x0112] = 6  # the image is stored a quarter turn to the left of upright
    files += [
        _PlantedFile("truncated", _CAT, cut[: len(cut) // 2]),
        _PlantedFile("empty file", _DOG, b""),
        _PlantedFile("not an image", _CAT, b"milk, tuna, one scratching post\n"),
        _PlantedFile("not an image", _DOG, b"%PDF-1.7\n% the vet's bill\n"),
        _PlantedFile("damaged", _DOG, _broken_png(sketch(_DOG)), ".png"),
        _PlantedFile("more pixels than a photo has", _DOG, _bomb(), ".png"),
        _PlantedFile("wrong extension", _CAT, _saved(sketch(_CAT), "PNG")),
        _PlantedFile("grey", _DOG, _saved(sketch(_DOG).convert("L"))),
        _PlantedFile("CMYK", _CAT, _saved(sketch(_CAT).convert("CMYK"))),
        _PlantedFile("palette", _CAT, _saved(sketch(_CAT), "GIF"), ".gif"),
        _PlantedFile("palette", _DOG, _saved(sketch(_DOG).quantize(64), "PNG"), ".png"),
        _PlantedFile("transparent", _CAT, _saved(_sticker(sketch(_CAT)), "PNG"), ".png"),
        _PlantedFile("16-bit", _DOG, _saved(Image.fromarray(grey16), "PNG"), ".png"),
        _PlantedFile(
            "turned",
            _CAT,
            _saved(sketch(_CAT).transpose(Image.Transpose.ROTATE_90), exif=sideways),
        ),
        _PlantedFile("tiny", _CAT, _saved(sketch(_CAT, 32))),
        _PlantedFile("long", _DOG, _saved(sketch(_DOG, 4 * _SIDE).crop((0, 200, 4 * _SIDE, 300)))),
    ]
    return files + _copies(sketch)


def _copies(sketch: Callable[..., Image.Image]) -> list[_PlantedFile]:
    files = []

    def pair(kind: str, first: tuple[int, bytes], second: tuple[int, bytes], **where) -> None:
        files.append(_PlantedFile(kind, *first))
        files.append(_PlantedFile(kind, *second, **where))

    cat = _saved(sketch(_CAT))
    pair("duplicate", (_CAT, cat), (_CAT, cat))
    dog = _saved(sketch(_DOG))
    pixels = _saved(Image.open(BytesIO(dog)), "PNG")
    pair("duplicate", (_DOG, dog), (_DOG, pixels), suffix=".png")
    cat = sketch(_CAT)
    small = _saved(cat.resize((100, 100), Image.Resampling.LANCZOS), quality=60)
    pair("near duplicate", (_CAT, _saved(cat)), (_CAT, small))
    cat = sketch(_CAT)
    pair("near duplicate", (_CAT, _saved(cat)), (_CAT, _saved(ImageOps.mirror(cat))))
    cat = _saved(sketch(_CAT))
    pair("leak", (_CAT, cat), (_CAT, cat), split="test")
    dog = sketch(_DOG)
    lighter = _saved(dog.point(lambda value: min(255, value * 1.15)), quality=70)
    pair("leak", (_DOG, _saved(dog)), (_DOG, lighter), split="test")
    cat = _saved(sketch(_CAT))
    pair("label conflict", (_CAT, cat), (_DOG, cat))
    return files


def _saved(image: Image.Image, kind: str = "JPEG", **options) -> bytes:
    """Return the bytes of an image file."""
    buffer = BytesIO()
    options = {"quality": 90, **options} if kind == "JPEG" else options
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def _framed(image: Image.Image, width: int, height: int) -> Image.Image:
    """Crop the upper middle of a square image, where the animal is, to the shape of a photo."""
    scale = image.width / max(width, height)
    left = round((image.width - width * scale) / 2)
    box = (left, 0, left + round(width * scale), round(height * scale))
    return image.resize((width, height), Image.Resampling.LANCZOS, box)


def _sticker(image: Image.Image) -> Image.Image:
    """Return the image in an oval, with invisible junk around it, as editors leave it."""
    y, x = np.mgrid[-1 : 1 : image.width * 1j, -1 : 1 : image.width * 1j]
    alpha = np.where(x**2 + y**2 < 1, 255, 0).astype(np.uint8)
    mask, junk = Image.fromarray(alpha), Image.new("RGB", image.size, "magenta")
    sticker = Image.composite(image.convert("RGB"), junk, mask)
    sticker.putalpha(mask)
    return sticker


def _broken_png(image: Image.Image) -> bytes:
    """Return a PNG file with a hole where its pixels begin, as a failing disk gives back."""
    content = bytearray(_saved(image, "PNG"))
    hole = content.index(b"IDAT") + 4
    content[hole : hole + 64] = bytes(64)
    return bytes(content)


def _bomb() -> bytes:
    """Return a tiny PNG file that claims 30,000 × 30,000 pixels, 2.7 GB when decoded."""

    def chunk(name: bytes, data: bytes) -> bytes:
        check = zlib.crc32(name + data)
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)  # 8 bits, RGB
    rows = zlib.compress(bytes(90_001))  # the first row only
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks
