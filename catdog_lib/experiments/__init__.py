"""Experiments that take longer than a lesson: each is run by ``catdog experiment NAME``."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

from catdog_lib.errors import CatdogError


def measured(name: str) -> dict[str, Any]:
    """Return the results of a long run of an experiment that come with the library.

    They hold the command, the hardware, the date and all numbers.

    Args:
        name: of the experiment, such as "l1" (:func:`catdog_lib.experiments.l1.run` says what its
            results hold).

    Raises:
        CatdogError: there are none of this name.
    """
    folder = files(__package__) / "measured"
    file = folder / f"{name}.json"
    if not file.is_file():
        names = sorted(entry.name.removesuffix(".json") for entry in folder.iterdir())
        raise CatdogError(f"No experiment {name!r} has been measured; there is {', '.join(names)}.")
    return json.loads(file.read_text(encoding="utf-8"))
