"""The images that a run is tested on again: none that its network has learned from.

A network may have learned from the images of other runs as well, that it started from.
"""

from __future__ import annotations

from pathlib import Path

from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.data.loading import load
from catdog_lib.data.new_photos import is_another, new_photos, photos_seen, without_seen
from catdog_lib.data.sources import SKETCHES
from catdog_lib.data.splitting import checksum_of_names
from catdog_lib.runs.run_folder import Run
from catdog_lib.runs.start import learned_from


def of_another_folder(run: Run, folder: str, progress: bool) -> tuple[ImageSet, str]:
    """Return the photos of a folder that the run does not know, and which they are in words.

    Raises:
        CatdogError: the folder cannot be used, or leaves no photo of one of the classes.
    """
    data = run.config["data"]
    seen, gone = _seen(learned_from(run), progress)
    images, which = new_photos(folder, data["size"], data["resize"], progress, seen)
    return images, f"{which}{_perhaps(gone)}"


def of_the_run(run: Run, folder: str | None, progress: bool) -> tuple[ImageSet, str, str]:
    """Return the run's own test images, which they are in words, and where they come from.

    Args:
        run: its folder is cut exactly as it was for training, so none is tested on that it has
            learned from; one that a run before it has learned from is left out.
        folder: where its images are now; None takes where they were.
        progress: show a bar while photos are decoded.

    Raises:
        CatdogError: the folder cannot be used.
    """
    data = run.config["data"]
    splits = load(**{**data, **({"source": folder} if folder else {})}, progress=progress)
    images, which = splits.test, f"the test images of {splits.source}"
    others = [one for one in learned_from(run)[1:] if one is None or _is_of_others(one, data)]
    seen, gone = _seen(others, progress)
    if seen and splits.source != SKETCHES:
        images = without_seen(splits.test, splits.source, seen)
        if known := len(splits.test) - len(images):
            which += f", without {known:,} that the run it started from has learned from"
    result = run.config.get("result", {})
    if result and not are_of(splits, run):
        count = result["train_images"]
        which += f" (it has changed since the training, on {count:,} images: some may be known)"
    return images, f"{which}{_perhaps(gone)}", splits.source


def has_learned_from(run: Run, splits: Splits) -> bool:
    """Tell whether a run has learned from these images: as many, of the same names."""
    found, result = checksum_of_names(splits), run.config.get("result", {})
    count = result.get("train_images", run.history.train_images)
    # An older run has noted no checksum, and one that is not finished has no result.
    return count == len(splits.train) and result.get("names_checksum", found) == found


def are_of(splits: Splits, run: Run) -> bool:
    """Tell whether these are the images of a finished run: it was tested on as many, too."""
    tested = run.config["result"]["test_images"]
    return has_learned_from(run, splits) and tested == len(splits.test)


def _is_of_others(one: dict, data: dict) -> bool:
    """Tell whether a run learned from other images than those that a folder's split gives."""
    return is_another(one["source"], str(data["source"]))


def _seen(learned: list, progress: bool) -> tuple[list[Path], list[str]]:
    """Return the files that were learned from, and what is no longer there."""
    files, gone = [], []
    for one in learned:
        found = None if one is None else photos_seen(one, progress)
        if found is None:
            gone.append("a run that it started from" if one is None else str(one["source"]))
        files += found or []
    return files, gone


def _perhaps(gone: list[str]) -> str:
    """Return what to add to the words for images of which some may be known."""
    return f" (perhaps trained on some: {', '.join(gone)} is no longer there)" if gone else ""
