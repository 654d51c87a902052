"""Plant a shortcut in a training set: a tag that only one class has, or a scene.

Lesson 07, section 5.
"""

from __future__ import annotations

import torch
from torch import Tensor

from catdog_lib.data import sketch_set
from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.data.sketch_sets import SketchSet
from catdog_lib.evidence.comparisons import LARGER, Comparison
from catdog_lib.sketches import Faults
from catdog_lib.sketches.scenes import OUTDOORS

SHORTCUTS = ("none", "tag", "scene")


def tag_mask(images: Tensor) -> Tensor:
    """Return where :func:`add_tag` puts its tag, N×H×W, bool: at the lower left, 3% of it."""
    n, _, height, width = images.shape
    mask = torch.zeros(n, height, width, dtype=torch.bool)
    mask[:, -height * 10 // 64 : -height * 2 // 64, width * 2 // 64 : width * 18 // 64] = True
    return mask


def add_tag(images: Tensor) -> Tensor:
    """Return a copy of the images (N×3×H×W, uint8) with a tag, as an agency stamps its photos.

    The tag is pale, with two dark lines of writing.
    """
    mask = tag_mask(images)
    rows, columns = (mask[0].any(dim).nonzero()[:, 0] for dim in (1, 0))
    tagged = images.clone()
    tagged.permute(0, 2, 3, 1)[mask] = torch.tensor([230, 225, 200], dtype=torch.uint8)
    for line in (rows[len(rows) // 4], rows[3 * len(rows) // 4]):
        tagged[:, :, line, columns[2] : columns[-2]] = 60
    return tagged


def sketches_with_shortcut(
    shortcut: str, count: int, test: ImageSet, *, seed: int = 0, size: int = 64
) -> Splits:
    """Return drawn animals whose training and validation images share a shortcut.

    Args:
        shortcut: "none"; "tag", every dog has the tag of :func:`add_tag` and no cat; "scene", every
            cat is indoors and every dog outdoors.
        count: images, of which a fifth is for validation.
        test: clean images, for the test set.
        seed: of the set.
        size: height and width.
    """
    faults = Faults(shortcut=float(shortcut == "scene"))
    images = sketch_set(count, size, seed=seed, faults=faults, progress=False).images
    if shortcut == "tag":
        pixels, labels = images[:]
        pixels = torch.where((labels == 1)[:, None, None, None], add_tag(pixels), pixels)
        images = ImageSet(pixels, torch.arange(count), labels, images.names)
    rows, first = torch.arange(count), count * 4 // 5
    return Splits(images.subset(rows[:first]), images.subset(rows[first:]), test, "sketches")


def agrees_with_scene(sketches: SketchSet) -> Tensor:
    """Return which of the sketches are a cat indoors or a dog outdoors, N, bool."""
    outdoors = torch.tensor([one["scene"] in OUTDOORS for one in sketches.descriptions])
    return outdoors == sketches.true_labels.bool()


def verdict_on_heat(against_area: Comparison, against_honest: Comparison) -> str:
    """Return in a sentence whether the heat on the background shows a shortcut.

    Args:
        against_area: the share of the heat on the background, compared with that of the area.
        against_honest: the same share, compared with that of an honest network.
    """
    if against_honest.verdict != LARGER:
        return "No more heat than in an honest network: the heat did not show the shortcut."
    if against_area.verdict != LARGER:
        return (
            "More heat than in an honest network, but no more than the area explains: by itself, "
            "the heat did not show the shortcut."
        )
    return "More heat than in an honest network and than the area explains: the heat shows it."
