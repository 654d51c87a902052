"""Sketches as tensors, kept in the cache, with the truth to check an explanation against.

Lesson 07, section 5.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor

from catdog_lib import sketches
from catdog_lib.classes import CLASSES
from catdog_lib.data import cache
from catdog_lib.data.draw import draw_rows
from catdog_lib.data.image_set import ImageSet
from catdog_lib.sketches import NO_FAULTS, Faults
from catdog_lib.sketches.dataset import check_arguments


@dataclass(frozen=True)
class SketchSet:
    """N sketches and the truth about them.

    Attributes:
        images: the images, with the labels that a student gets.
        body_parts: uint8, N×H×W: what each pixel shows, as a position in
            :data:`catdog_lib.sketches.BODY_PARTS`.
        true_labels: int64, N: what was drawn; differs from the labels where label noise was
            planted.
        duplicate_of: int64, N: the first image that this one repeats, or −1.
        descriptions: what is in each image, as nested dictionaries; the keys are those of
            :class:`catdog_lib.sketches.composition.Description`.
    """

    images: ImageSet
    body_parts: Tensor
    true_labels: Tensor
    duplicate_of: Tensor
    descriptions: tuple[dict, ...]


def sketch_set(
    count: int,
    size: int = 64,
    *,
    seed: int = 0,
    difficulty: float = 0.5,
    faults: Faults = NO_FAULTS,
    progress: bool = True,
) -> SketchSet:
    """Draw ``count`` sketches, on all cores, or take them from the cache.

    Args:
        size: height and width, in pixels.
        seed: of the set; take another one for a test set than for its training set.
        difficulty: 0, everything is plain to see, to 1.
        faults: planted on purpose (:class:`catdog_lib.sketches.faults.Faults`).
        progress: show a bar while they are drawn.

    Raises:
        CatdogError: an argument is out of range.
    """
    check_arguments(count, size, seed, difficulty)  # before a cache file is begun
    settings = (count, size, seed, difficulty, asdict(faults))
    # The source code is part of the key: after a change, the set is drawn again.
    modules = sorted(Path(sketches.__file__).parent.glob("*.py"))
    source_code = [module.read_text(encoding="utf-8") for module in modules]

    def fill(store: Path) -> list:
        # Not before there is something to draw: joblib takes time and memory.
        from catdog_lib.data.parallel import parallel_map

        work = partial(
            draw_rows, str(store), size=size, seed=seed, difficulty=difficulty, faults=faults
        )
        return parallel_map(work, range(count), "Drawing", "image", progress)

    # The map of body parts is kept as a fourth channel.
    array, truths = cache.cached(
        cache.cache_key("sketches", source_code, *settings), (count, 4, size, size), fill
    )
    labels, true_labels, duplicate_of, descriptions = zip(*truths, strict=True)
    names = tuple(f"sketch.{seed}/{CLASSES[label]}.{row}" for row, label in enumerate(labels))
    store = torch.from_numpy(array)
    images = ImageSet(store[:, :3], torch.arange(count), torch.tensor(labels), names)
    return SketchSet(
        images, store[:, 3], torch.tensor(true_labels), torch.tensor(duplicate_of), descriptions
    )
