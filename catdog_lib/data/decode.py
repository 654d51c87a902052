"""From a file to pixels: open a photo of any kind, turn it upright, make it square.

This file does not import PyTorch, so that the processes that decode thousands of photos start at
once.

Lesson 00, section 2; Lesson 00, section 3.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from catdog_lib.data.photo_file import DecodeError, open_photo

RESIZES = ("squash", "crop", "pad")


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
) -> list[tuple[int, str, bool]]:
    """Decode ``paths`` into rows ``first``, ``first + 1``, … of the array file ``store``.

    This is the work of one process.

    Returns the rows of files that hold no image, each with the reason, and whether it may pass.
    """
    array = np.lib.format.open_memmap(store, mode="r+")
    unusable = []
    for row, path in enumerate(paths, start=first):
        try:
            array[row] = decode(path, size, resize)
        except DecodeError as reason:
            unusable.append((row, str(reason), reason.temporary))
    array.flush()
    return unusable


def decode_files(
    paths: Sequence[str], size: int, resize: str, progress: bool
) -> Callable[[Path], list]:
    """Return a ``fill`` for :func:`catdog_lib.data.cache.cached` that decodes files.

    Its notes are the rows without an image, each with the reason and whether that may pass.
    """

    def fill(store: Path) -> list[tuple[int, str, bool]]:
        # Not before there is something to decode: joblib takes time and memory.
        from catdog_lib.data.parallel import parallel_map

        work = partial(decode_rows, str(store), size=size, resize=resize)
        return parallel_map(work, paths, "Decoding", "photo", progress)

    return fill
