"""One training run from name to result: load the pictures, build the network, train, open the test set once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import torch

from catdog_lib import models
from catdog_lib.budget import choose
from catdog_lib.data.loading import load
from catdog_lib.device import describe
from catdog_lib.errors import CatdogError
from catdog_lib.evaluate import evaluate
from catdog_lib.runs import Run
from catdog_lib.train import Recipe, fit


def train_run(
    model: str,
    source: str | None = None,
    *,
    size: int = 64,
    width: int | None = None,
    max_train: int | None = None,
    recipe: Mapping[str, Any] | None = None,
    device: str | None = None,
    progress: bool = True,
    report: Callable[[str], None] = print,
) -> Run:
    """Train the network of this name and evaluate its best epoch on the test pictures.

    Args:
        model: a name in :data:`catdog_lib.models.MODELS`.
        source, size, max_train: of the pictures (:func:`catdog_lib.data.load`).
        width: of the network; None takes its default.
        recipe: fields of :class:`catdog_lib.train.Recipe` that differ from the budget's defaults.
        device, progress: as in :func:`catdog_lib.train.fit`.
        report: is given a line of text at each stage.

    Raises:
        CatdogError: something asked for cannot be had, or the run was interrupted before its first epoch ended.
    """
    plan = Recipe(**{**_defaults(), **(recipe or {})})
    torch.manual_seed(plan.seed)
    network = models.build(model, size=size, **({} if width is None else {"width": width}))
    limits = {"max_train": max_train or choose(quick=600, standard=None, full=None)}
    limits["max_test"] = choose(quick=200, standard=None, full=None)
    arguments = {"source": source, "size": size, "resize": "squash", **limits}
    data = load(**arguments, progress=progress)
    report(str(data))
    report(f"{model}, {models.count_parameters(network):,} parameters; {plan.epochs} epochs")

    history = fit(network, data, plan, device=device, progress=progress)
    if not history.epochs:
        raise CatdogError(
            "The run was interrupted before its first epoch ended, so there is nothing to save; start it again."
        )
    test = evaluate(network, data.test)
    result = {
        "parameters": models.count_parameters(network),
        "train_images": len(data.train),
        "test_images": test.count,
        "test_accuracy": test.accuracy,
        "test_loss": test.loss,
        "validation_accuracy": history.best.validation_accuracy,
        "epochs": len(history.epochs),
        "best_epoch": history.best.epoch,
        "interrupted": history.interrupted,
        "train_seconds": history.seconds,
        "images_per_second": history.images_per_second,
        "device": describe(torch.device(history.device)),
        "dtype": history.dtype,
    }
    config = {
        "model": model, "settings": network.settings, "recipe": asdict(plan),
        "data": {**arguments, "source": data.source}, "result": result,
    }  # fmt: skip
    return Run(network, config, history)


def _defaults() -> dict[str, Any]:
    return {
        "epochs": choose(quick=2, standard=10, full=20),
        "schedule": "one_cycle",
        "augment": ("flip_and_crop",),
    }
