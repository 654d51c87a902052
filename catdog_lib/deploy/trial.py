"""The run to be given away, and images to try it on."""

from __future__ import annotations

import os

import torch
from torch import Tensor

from catdog_lib.data.folders import Photo, scan
from catdog_lib.data.image_set import Splits
from catdog_lib.data.loading import load, load_image
from catdog_lib.data.sketch_sets import sketch_set
from catdog_lib.data.sources import SKETCHES
from catdog_lib.errors import CatdogError
from catdog_lib.runs.evaluation_images import are_of
from catdog_lib.runs.run_folder import Run, load_run


def finished_run(folder: str | os.PathLike) -> Run:
    """Load a run folder whose training came to its end.

    Raises:
        CatdogError: it did not, or the folder is none or damaged.
    """
    run = load_run(folder)
    if not run.finished:
        raise CatdogError(
            f"The run {str(folder)!r} is not finished, so its network has not been tested; repeat "
            "the catdog train command that began it, which goes on from there."
        )
    return run


def run_images(
    run: Run, source: str | os.PathLike | None = None, *, progress: bool = True
) -> Splits:
    """Load the images that a run has learned from, with those that it was tested on.

    Of another folder, or a changed one, the network may know photos that are test photos now.

    Args:
        run: whose images they are.
        source: where they are now; None takes where they came from.
        progress: show a bar while photos are decoded.

    Raises:
        CatdogError: the folder cannot be used, or gives other images than the run had.
    """
    arguments = {**run.config["data"], **({} if source is None else {"source": source})}
    splits, result = load(**arguments, progress=progress), run.config["result"]
    if not are_of(splits, run):
        found = len(splits.train), len(splits.test)
        had = result["train_images"], result["test_images"]
        what = f"the run had {had[0]:,} and {had[1]:,}" if found != had else "not the run's"
        raise CatdogError(
            f"{splits.source!r} gives {found[0]:,} training and {found[1]:,} test images, {what}; "
            "a card or a demo needs the run's own images, and `catdog evaluate` tests on others."
        )
    return splits


def trial_images(run: Run, count: int, source: str | os.PathLike | None = None) -> Tensor:
    """Return images as the run's network takes them, to compare outputs on: uint8, N×3×size×size.

    They are spread over the folder's photos; files that cannot be used are passed over.

    Args:
        run: whose size and way of resizing are used.
        count: how many at most.
        source: a folder of photos, or "sketches"; None takes where the run's images came from.

    Raises:
        CatdogError: the folder cannot be used, or holds no usable photo.
    """
    data = run.config["data"]
    source = str(data["source"] if source is None else source)
    if source == SKETCHES:
        return sketch_set(count, data["size"], seed=2, progress=False).images[:][0]
    found = scan(source)
    images: list[Tensor] = []
    for photo in _spread(found.photos, count):
        try:
            images.append(load_image(found.folder / photo.name, data["size"], data["resize"]))
        except CatdogError:
            continue
    if not images:
        raise CatdogError(f"{source!r} holds no usable photo; catdog data check says why.")
    return torch.stack(images)


def _spread(photos: tuple[Photo, ...], count: int) -> list[Photo]:
    """Return at most ``count`` photos, evenly spread over all of them."""
    count = min(count, len(photos))
    return [photos[i * len(photos) // count] for i in range(count)]
