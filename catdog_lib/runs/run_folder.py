"""A run folder: all that a training run leaves behind, complete and movable.

``weights.pt`` (a state dict, loaded with ``weights_only=True``), ``run.json`` (which network, which
recipe, which images, what came out), ``history.json`` and ``history.png``. While the training
lasts there are ``run.json``, without the result, and ``checkpoint.pt``, from which it can go on;
the result is written last, so it marks a finished run. Longer than 200 lines because what writes
a folder and what reads it belong together.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from inspect import signature
from io import BytesIO
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout
from torch import Tensor, nn

from catdog_lib import models
from catdog_lib.atomic_write import write
from catdog_lib.data.decode import RESIZES
from catdog_lib.data.loading import load
from catdog_lib.errors import CatdogError
from catdog_lib.runs.typed_path import typed
from catdog_lib.training import checkpoint as checkpoints
from catdog_lib.training.history import History
from catdog_lib.training.recipe import Recipe

_FORMAT = 1


@dataclass(frozen=True)
class Run:
    """A trained network with its configuration and history.

    Attributes:
        model: in evaluation mode, on the CPU when loaded.
        config: "model" (a name in :data:`catdog_lib.models.MODELS`), "settings" of its class,
            "recipe", "data" (the arguments of :func:`catdog_lib.data.load`) and, once it is
            finished, "result".
        history: epoch by epoch.
    """

    model: nn.Module
    config: dict[str, Any]
    history: History

    @property
    def recipe(self) -> Recipe:
        """How it was trained."""
        return Recipe(**self.config["recipe"])

    @property
    def finished(self) -> bool:
        """Whether the training came to its end; if not, the weights are those kept so far."""
        return "result" in self.config


class RunFolder:
    """A run folder while its training lasts: a context in which no other process trains there.

    A folder that is left before the first epoch was completed disappears again. A KeyboardInterrupt
    is passed on with a sentence that says how to go on.

    Attributes:
        path: the folder.
        checkpoint: the file in it from which the training can go on.

    Raises:
        CatdogError: on entering, if it holds a finished run or something else, another process
            trains there, or it cannot be written.
    """

    def __init__(self, path: str | os.PathLike):
        self.path = Path(path)
        self.checkpoint = self.path / "checkpoint.pt"
        self._lock = FileLock(self.path / "lock", timeout=0)

    def __enter__(self) -> RunFolder:
        """Make the folder and keep other processes out."""
        self._require_free()
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            self._lock.acquire()
            self._require_free()  # meanwhile another process may have finished
        except Timeout:
            raise CatdogError(
                f"Another process is training in {str(self.path)!r}; wait for it, or use another "
                "--out."
            ) from None
        except OSError as error:
            raise CatdogError(
                f"The run cannot be written to {str(self.path)!r} ({error}); use another --out."
            ) from None
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Let other processes in; remove the folder if no epoch was completed."""
        try:
            if kind is KeyboardInterrupt:
                raise KeyboardInterrupt(self._how_to_go_on()) from None
        finally:
            with suppress(CatdogError):  # a damaged checkpoint is left for its owner to look at
                if not is_finished(self.path) and not _epochs(checkpoints.load(self.checkpoint)):
                    for name in ("run.json", "checkpoint.pt"):
                        (self.path / name).unlink(missing_ok=True)
            with suppress(OSError):  # the folder is not empty, as a rule
                # While it is locked: then it is not another process's. (Windows removes the file.)
                (self.path / "lock").unlink(missing_ok=True)
                self.path.rmdir()
            self._lock.release()

    def begin(self, config: dict[str, Any]) -> int:
        """Note what is to be trained, or make sure that it is what was begun here.

        Returns:
            how many epochs are done already.

        Raises:
            CatdogError: it was begun with other settings; the sentence names the first.
        """
        config = {"format": _FORMAT, **config}
        if epochs := _epochs(checkpoints.load(self.checkpoint)):
            begun, asked = _read(self.path), json.loads(_json(config))
            begun.pop("result", None)  # killed at the very end
            what = f"The run {str(self.path)!r}"
            checkpoints.check_settings_match(begun, asked, what, "use another --out")
            return epochs
        self.checkpoint.unlink(missing_ok=True)  # killed in its first epoch: nothing to lose
        self._write("run.json", _json(config))
        return 0

    def finish(self, run: Run, picture: bytes) -> None:
        """Complete the folder with the weights, the history and the result.

        Args:
            run: what was trained.
            picture: contents of its ``history.png``.
        """
        weights = {name: value.cpu() for name, value in run.model.state_dict().items()}
        buffer = BytesIO()
        torch.save(weights, buffer)
        self._write("weights.pt", buffer.getvalue())
        self._write("history.json", run.history.to_json().encode())
        self._write("history.png", picture)
        self._write("run.json", _json({"format": _FORMAT, **run.config}))
        self.checkpoint.unlink()  # only now is the run finished

    def _require_free(self) -> None:
        """Raise :class:`CatdogError` unless there is nothing yet, or an unfinished run."""
        if is_finished(self.path):
            raise CatdogError(
                f"{str(self.path)!r} already exists and holds a finished run; use another --out, "
                "or remove it first."
            )
        left = {"run.json.part", "lock"}  # by a process that was killed; its lock is empty
        holds = self.path.is_dir() and not _is_ours(self.path) and self.path.iterdir()
        foreign = any(
            entry.name not in left or (entry.name == "lock" and entry.stat().st_size)
            for entry in holds or ()
        )
        if foreign or (self.path.exists() and not self.path.is_dir()):
            raise CatdogError(
                f"{str(self.path)!r} already exists and is not a run folder; use another --out."
            )

    def _write(self, name: str, contents: bytes) -> None:
        """Write a file of the folder, all or nothing."""
        write(contents, self.path / name)

    def _how_to_go_on(self) -> str:
        """Return the sentence for a user who has interrupted the run."""
        if not (epochs := _epochs(checkpoints.load(self.checkpoint))):
            return "interrupted before the first epoch was completed; the same command starts again"
        return (
            f"interrupted after epoch {epochs} of {_read(self.path)['recipe']['epochs']}; the same "
            f"command goes on from there; catdog predict {typed(self.path)} PHOTO uses its weights"
        )


def _is_ours(folder: Path) -> bool:
    """Tell whether the folder's ``run.json`` is one that a training run has written."""
    with suppress(CatdogError):
        return "format" in _read(folder)
    return False


def is_finished(folder: str | os.PathLike) -> bool:
    """Tell whether ``folder`` is a run folder whose training came to its end."""
    folder = Path(folder)
    begun = _is_ours(folder) and not (folder / "checkpoint.pt").exists()
    return begun and "result" in _read(folder)


def load_run(folder: str | os.PathLike) -> Run:
    """Load a run folder; an unfinished run comes with the weights that it keeps so far.

    Raises:
        CatdogError: it is not a run folder, has not completed its first epoch, or a file of it is
            missing or damaged.
    """
    folder = Path(folder)
    if not (folder / "run.json").is_file():
        raise CatdogError(
            f"{str(folder)!r} is not a run folder; give one that `catdog train --out` has made."
        )
    # Before run.json: if it has gone because the run has just been finished, run.json says so.
    saved = checkpoints.load(folder / "checkpoint.pt")
    config = _read(folder)
    if "result" not in config and not _epochs(saved):
        raise CatdogError(
            f"The run {str(folder)!r} has not completed its first epoch; wait, or train it again."
        )
    try:
        if "result" in config:
            history = (folder / "history.json").read_text(encoding="utf-8")
            weights = _weights(folder / "weights.pt")
        else:
            history, weights = saved["history"], saved["kept_weights"]
        _require_usable(config)
        return Run(_network(config, weights).eval(), config, History.from_json(history))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RuntimeError) as error:
        raise _damaged(folder, error) from None


def _weights(path: Path) -> dict[str, Tensor]:
    """Return the weights in a file that may come from a stranger.

    Raises:
        ValueError: they are damaged, or not numbers that a network can compute with.
    """
    try:
        weights = checkpoints.read_data(path)
        finite = all(value.isfinite().all() for value in weights.values())
    except (OSError, MemoryError):
        raise
    except Exception:  # what a damaged file does to its reader is beyond listing
        raise ValueError("weights.pt is damaged, or holds something else than weights") from None
    if not finite:
        raise ValueError("a weight in weights.pt is not finite")
    return weights


def _require_usable(config: dict[str, Any]) -> None:
    """Raise a ValueError, KeyError or TypeError if a setting makes no sense."""
    Recipe(**config["recipe"])
    size, resize = config["data"]["size"], config["data"]["resize"]
    if not isinstance(size, int) or not 8 <= size <= 1024 or resize not in RESIZES:
        raise ValueError(f"its images cannot have the size {size!r} and be made by {resize!r}")
    if not isinstance(config["settings"], dict):
        raise TypeError("its settings are not an object")
    if unknown := set(config["data"]) - set(signature(load).parameters):
        raise ValueError(f"its data names {', '.join(sorted(unknown))}")
    if (type(config["data"]["source"]), type(config.get("result", {}))) != (str, dict):
        raise TypeError("its source is not a name, or its result is not an object")


def _network(config: dict[str, Any], weights: dict[str, Tensor]) -> nn.Module:
    """Return the network of a run with its weights."""
    model = models.rebuild(config["model"], config["settings"])
    if set(weights) < set(model.state_dict()):  # a head on cached features, in training
        model = models.build(config["model"], **config["settings"])
        weights = {**model.state_dict(), **weights}
    model.load_state_dict(weights)
    return model


def _epochs(saved: dict[str, Any] | None) -> int:
    """Return how many epochs a checkpoint holds; 0 without one."""
    return len(History.from_json(saved["history"]).epochs) if saved else 0


def _read(folder: Path) -> dict[str, Any]:
    """Return the contents of ``run.json``."""
    try:
        config = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        if not isinstance(config, dict):
            raise ValueError("run.json holds no object")
        return config
    except (OSError, ValueError, RecursionError) as error:
        raise _damaged(folder, error) from None


def _json(contents: dict[str, Any]) -> bytes:
    """Return the contents as a JSON file."""
    return json.dumps(contents, indent=1).encode()


def _damaged(folder: Path, error: Exception) -> CatdogError:
    """Return an error that says what is damaged."""
    return CatdogError(
        f"The run folder {str(folder)!r} is damaged, or another version of this course wrote it "
        f"({type(error).__name__}: {(str(error).splitlines() or [''])[0]}); train it again."
    )
