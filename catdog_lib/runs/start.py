"""Start a training run from the weights of another one.

A network that has learned from many drawings, or from other photos, needs fewer photos of one's own
(lesson 06).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from torch import nn

from catdog_lib.errors import CatdogError
from catdog_lib.runs.run_folder import Run, load_run


def start_from(network: nn.Module, folder: str | os.PathLike) -> None:
    """Give the network the weights of a run: its training goes on from what that has learned.

    Raises:
        CatdogError: there is no such run, or it has another network.
    """
    run = load_run(folder)
    try:
        network.load_state_dict(run.model.state_dict())
    except RuntimeError:
        settings = ", ".join(f"{name}={value!r}" for name, value in run.config["settings"].items())
        raise CatdogError(
            f"The run {str(folder)!r} cannot be the start of another network: it holds the weights "
            f"of {run.config['model']} ({settings}); use the same network, width and size."
        ) from None


def learned_from(run: Run) -> list[Mapping[str, Any] | None]:
    """Return what chose the images that a run has learned from, its own first.

    Those of the run that it started from come next, and so on. None stands for a run that is no
    longer there, and for all before it.
    """
    found, config, starts = [run.config["data"]], run.config, set()
    while start := config.get("start"):
        try:
            if start in starts:  # a folder was trained once more, from what had started from it
                raise CatdogError(f"The run {start!r} is not the one that it was.")
            config = load_run(start).config
        except CatdogError:
            return [*found, None]
        starts.add(start)
        found.append(config["data"])
    return found
