"""What opening a photo once can say: how it is stored, and what its copies are found by.

Worker processes do this.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from catdog_lib.data.check.perceptual_hash import thumbnail
from catdog_lib.data.photo_file import DecodeError, ImageInfo, open_photo, read_photo


@dataclass(frozen=True)
class PhotoRecord:
    """One usable photo.

    Attributes:
        stored: how the file holds it.
        digest: of the file's bytes.
        thumb: 16×16 grey values, uint8.
    """

    stored: ImageInfo
    digest: bytes
    thumb: np.ndarray


def examine_rows(first: int, paths: Sequence[str]) -> list[tuple[int, PhotoRecord | str]]:
    """Open ``paths``, numbered from ``first``.

    Returns each number with a :class:`PhotoRecord`, or with the reason why there is none.
    """
    return [(row, _examine(path)) for row, path in enumerate(paths, start=first)]


def _examine(path: str) -> PhotoRecord | str:
    try:
        image, stored = read_photo(path, at_least=64)
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, _digest).digest()
        return PhotoRecord(stored, digest, thumbnail(image))
    except DecodeError as reason:
        return str(reason)
    except OSError as error:  # it was removed in the meantime
        return f"cannot be read: {error.strerror}"


def pixel_digest_rows(first: int, paths: Sequence[str]) -> list[tuple[int, bytes]]:
    """Return a digest of every pixel of ``paths`` at full size.

    Each comes with its number, counted from ``first``.
    """
    digests = []
    for row, path in enumerate(paths, start=first):
        try:
            image = open_photo(path)
        except DecodeError:  # usable at a smaller size only, or gone: it equals nothing
            continue
        digests.append((row, _digest(repr(image.size).encode() + image.tobytes()).digest()))
    return digests


def _digest(data: bytes = b"") -> hashlib.blake2b:
    return hashlib.blake2b(data, digest_size=16)
