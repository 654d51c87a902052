"""Start a training run from the weights of another one.

A network that has learned from many drawings, or from other photos, needs fewer photos of one's own
(lesson 06).
"""

from __future__ import annotations

import os

from torch import nn

from catdog_lib.errors import CatdogError
from catdog_lib.runs.run_folder import load_run


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
