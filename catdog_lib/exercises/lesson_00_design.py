"""Checkers of lesson 00, Meet the data: two designs (00.4 and 00.6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from catdog_lib.exercises.checking import as_float64, is_integer
from catdog_lib.exercises.registry import exercise, require
from catdog_lib.training.metrics import wilson_interval

# task → change → why it does not keep the label; None if it does
_CHANGES = {
    "cat or dog?": {
        "mirror": None,
        "colour jitter": None,
        "small rotation": None,
        "translation": None,
    },
    "facing left or right?": {
        "mirror": "a mirrored animal faces the other way",
        "colour jitter": None,
        "small rotation": None,
        "translation": None,
    },
    "ginger or grey?": {
        "mirror": None,
        "colour jitter": "a strong change of hue or saturation gives a coat another colour",
        "small rotation": None,
        "translation": None,
    },
    "left or right half?": {
        "mirror": "a mirrored animal is in the other half",
        "colour jitter": None,
        "small rotation": None,
        "translation": "a moved animal may end in the other half",
    },
}


@exercise("00.4")
def keeps_label(answer: Mapping[str, object]) -> None:
    """Check a dict of tasks: the changes that leave every label of each task true."""
    require(isinstance(answer, Mapping), "Give a dict: each task with a list of changes.")
    other = [task for task in answer if task not in _CHANGES]
    require(
        not other or len(answer) <= 4,
        f"{''.join(map(str, other[:1]))!r} is not one of the four tasks.",
    )
    for task, changes in _CHANGES.items():
        require(task in answer, f"The task {task!r} is missing, or is spelled differently.")
        given = answer[task]
        listed = isinstance(given, Collection) and all(isinstance(change, str) for change in given)
        listed = listed and not isinstance(given, str)
        require(listed, f"{task!r}: give a list of one or more changes.")
        given = [change.strip().lower() for change in given]
        for change in given:
            known = ", ".join(map(repr, changes))
            require(change in changes, f"{task!r}: {change!r} is not one of the changes {known}.")
            why = changes[change]
            require(why is None, f"{task!r}: look at {change!r} again: {why}.")
        missing = [change for change, why in changes.items() if why is None and change not in given]
        more = f"{task!r}: your list is incomplete; what about {''.join(missing[:1])!r}?"
        require(not missing, more)


@exercise("00.6")
def test_images(answer: int) -> str:
    """Check a number of test images: Wilson's interval of 90%, 0.02 wide."""
    value = as_float64(answer)
    require(value.numel() == 1, "Give one number of images.")
    require(
        is_integer(answer) or value.item().is_integer(),
        "Give an integer: there is no such thing as half an image.",
    )
    count = int(value.item())
    require(count > 0, "Give a number of images above 0.")
    low, high = wilson_interval(0.9 * count, count)
    width = 100 * (high - low)
    said = f"With {count:,} images the interval is about {width:.2f} percentage points wide"
    require(width <= 2.06, f"{said}, and 2 are wanted: too few.")
    require(width >= 1.94, f"{said}: more images than you need.")
    return f"{said}."
