"""A run folder: all that a training run leaves behind, complete and movable.

``weights.pt`` (a state dict, loaded with ``weights_only=True``), ``run.json`` (which network, which recipe, which
pictures, what came out), ``history.json``, and ``history.png``, which the command line draws.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from catdog_lib import models
from catdog_lib.errors import CatdogError
from catdog_lib.history import History

_FORMAT = 1


@dataclass(frozen=True)
class Run:
    """A trained network with its configuration and history.

    Attributes:
        model: in evaluation mode, on the CPU when loaded.
        config: "model" (a name in :data:`catdog_lib.models.MODELS`), "settings" of its class, "recipe", "data" (the
            arguments of :func:`catdog_lib.data.load`) and "result".
        history: epoch by epoch.
    """

    model: nn.Module
    config: dict[str, Any]
    history: History

    def save(self, folder: str | os.PathLike, picture: bytes) -> Path:
        """Write the run folder, with ``picture`` as its history.png; it appears at once and complete, or not at all.

        Raises:
            CatdogError: something of that name exists already, or the place cannot be written.
        """
        folder = require_new(folder)
        part = folder.with_name(f"{folder.name}.{os.getpid()}.part")
        try:
            part.mkdir(parents=True)
            weights = {name: value.cpu() for name, value in self.model.state_dict().items()}
            torch.save(weights, part / "weights.pt")
            (part / "run.json").write_text(
                json.dumps({"format": _FORMAT, **self.config}, indent=1), encoding="utf-8"
            )
            (part / "history.json").write_text(self.history.to_json(), encoding="utf-8")
            (part / "history.png").write_bytes(picture)
            part.rename(folder)
        except OSError as error:
            raise CatdogError(
                f"The run cannot be written to {str(folder)!r} ({error}); choose another --out."
            ) from None
        finally:
            shutil.rmtree(part, ignore_errors=True)
        return folder


def require_new(folder: str | os.PathLike) -> Path:
    """Raise :class:`CatdogError` if ``folder`` exists: a run is never overwritten."""
    folder = Path(folder)
    if folder.exists():
        raise CatdogError(
            f"{str(folder)!r} exists already; choose another --out, or remove it first."
        )
    return folder


def load_run(folder: str | os.PathLike) -> Run:
    """Read a run folder back.

    Raises:
        CatdogError: it is not one, or a file of it is missing or damaged.
    """
    folder = Path(folder)
    if not (folder / "run.json").is_file():
        raise CatdogError(
            f"{str(folder)!r} is not a run folder; give one that `catdog train --out` has made."
        )
    try:
        config = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        history = History.from_json((folder / "history.json").read_text(encoding="utf-8"))
        model = models.build(config["model"], **config["settings"])
        model.load_state_dict(
            torch.load(folder / "weights.pt", map_location="cpu", weights_only=True)
        )
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, EOFError) as error:
        raise CatdogError(
            f"The run folder {str(folder)!r} is damaged "
            f"({type(error).__name__}: {str(error).splitlines()[0]}); train it again."
        ) from None
    return Run(model.eval(), config, history)
