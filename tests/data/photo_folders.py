"""Folders of small photos for the tests."""

from pathlib import Path

import numpy as np
from PIL import Image


def photo(path: Path, colour=(200, 80, 40), size=(90, 70), **options) -> Path:
    """Write a real JPEG file with some texture, different for each path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(abs(hash(str(path))) % 2**32).integers(
        0, 40, (size[1], size[0], 3)
    )
    Image.fromarray((np.array(colour) + noise - 20).clip(0, 255).astype(np.uint8)).save(
        path, **options
    )
    return path


def fill(root: Path, pattern: str, count: int, words=("cat", "dog")) -> None:
    """Write ``count`` photos of each class, red cats and blue dogs, named after a pattern."""
    for word, colour in zip(words, ((200, 80, 40), (40, 80, 200)), strict=True):
        for i in range(count):
            photo(root / pattern.format(word=word, i=i), colour)
