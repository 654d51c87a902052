"""Photos for both loops: files for the plain one, decoded once for the course's, which is timed."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torchvision.datasets.folder import IMG_EXTENSIONS

from catdog_lib.classes import CLASSES
from catdog_lib.data.decode import decode_files
from catdog_lib.data.folders import scan
from catdog_lib.data.sources import SKETCHES
from catdog_lib.errors import CatdogError
from catdog_lib.sketches import draw_image

_SKETCH_SIDE = 400  # pixels, about as many as the photos of the published collections have


@dataclass(frozen=True)
class BenchPhotos:
    """The same photos, as files and decoded.

    Attributes:
        folder: of the files, with a subfolder for each class.
        pixels: size → file with the decoded photos, uint8, N×3×size×size.
        decoding: size → photos decoded in a second, by all cores.
        count: how many there are.
    """

    folder: Path
    pixels: dict[int, Path]
    decoding: dict[int, float]
    count: int


def gather(source: str, count: int, sizes: Iterable[int], work: Path) -> BenchPhotos:
    """Copy or draw ``count`` photos, as many cats as dogs, and decode them.

    Args:
        source: a folder of photos, or "sketches".
        count: how many.
        sizes: to decode them at, in pixels.
        work: an empty folder to put them into.

    Raises:
        CatdogError: the source cannot be used, or has too few photos that can be read.
    """
    folder = work / "photos"
    for name in CLASSES:
        (folder / name).mkdir(parents=True)
    if source == SKETCHES:
        for i in range(count):
            image = draw_image(i, i % 2, _SKETCH_SIDE)
            image.save(folder / CLASSES[i % 2] / f"{i}.jpg")
    else:
        _copy(source, count, folder)
    pixels, decoding = {}, {}
    for size in sorted(set(sizes)):
        pixels[size] = work / f"{size}.npy"
        rates = []
        for _ in range(2):  # the first time starts the processes that decode
            paths = [str(path) for path in sorted(folder.glob("*/*"))]
            np.lib.format.open_memmap(
                pixels[size], mode="w+", dtype=np.uint8, shape=(len(paths), 3, size, size)
            )
            start = time.perf_counter()
            unusable = decode_files(paths, size, "squash", progress=False)(pixels[size])
            rates.append(len(paths) / (time.perf_counter() - start))
            for row, *_ in unusable:  # the plain loop would end at it
                os.remove(paths[row])
        decoding[size] = max(rates)
    for name in CLASSES:
        if not any((folder / name).iterdir()):
            raise CatdogError(f"{source!r} has no {name} that can be read; choose other photos.")
    return BenchPhotos(folder, pixels, decoding, len(list(folder.glob("*/*"))))


def _copy(source: str, count: int, folder: Path) -> None:
    """Copy photos of each class that torchvision can read."""
    found = scan(source)
    for label, name in enumerate(CLASSES):
        paths = [found.folder / photo.name for photo in found.photos if photo.label == label]
        paths = [path for path in paths if path.suffix.lower() in IMG_EXTENSIONS]
        for number, path in enumerate(paths[: count // 2]):
            shutil.copy(path, folder / name / f"{number}{path.suffix.lower()}")
