"""One training run from name to result.

Loads the images, builds the network, trains it, and opens the test set once.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, replace
from io import BytesIO
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import nn

from catdog_lib import models
from catdog_lib.budget import choose
from catdog_lib.data.image_set import Splits
from catdog_lib.data.loading import load
from catdog_lib.data.splitting import checksum_of_names
from catdog_lib.device import describe
from catdog_lib.runs.run_folder import Run, RunFolder
from catdog_lib.runs.settings import default_recipe
from catdog_lib.runs.start import start_from
from catdog_lib.training.distributed import dist_context
from catdog_lib.training.evaluate import evaluate
from catdog_lib.training.fit import fit
from catdog_lib.training.history import Epoch, History
from catdog_lib.training.metrics import Evaluation
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.unfit_networks import require_sizes
from catdog_lib.transfer.cached_training import on_features, repeats_itself


def train_run(
    model: str,
    source: str | None = None,
    *,
    size: int = 64,
    settings: Mapping[str, Any] | None = None,
    start: str | os.PathLike | None = None,
    max_train: int | None = None,
    validation: float = 0.15,
    recipe: Recipe | None = None,
    device: str | None = None,
    out: str | os.PathLike | None = None,
    progress: bool = True,
    log: Callable[[str], None] = print,
    on_event: Callable[[dict[str, Any]], None] = lambda event: None,
) -> Run:
    """Train the network of this name and evaluate the weights that the recipe keeps.

    Args:
        model: a name in :data:`catdog_lib.models.MODELS`.
        source, size, max_train, validation: of the images (:func:`catdog_lib.data.load`).
        settings: of the network's class, such as its width; what is left out takes its default.
        start: a run folder whose weights the network starts from; None starts from random ones.
        recipe: how to train; None takes the budget's
            (:func:`catdog_lib.runs.settings.default_recipe`). With a ``start``, or a
            pretrained network, nothing is whitened: the first convolution has its filters.
        device, progress: as in :func:`catdog_lib.training.fit.fit`.
        out: the run folder to write (:mod:`catdog_lib.runs.run_folder`). If it holds an unfinished
            run of the same settings, that goes on; an interruption, even a power cut, costs the
            epoch that it falls into and no more.
        log: is given a line of text at each stage.
        on_event: is given a dict when training starts and after each epoch, "started" and "epoch"
            in :mod:`catdog_lib.runs.worker`.

    Raises:
        CatdogError: something asked for is unavailable, or ``out`` is taken.
        KeyboardInterrupt: the run was interrupted and has an ``out``, or has not completed its
            first epoch.
    """
    recipe = recipe or default_recipe()
    context = dist_context()
    folder = RunFolder(out) if out else None
    with folder if folder and context.is_main else nullcontext():
        torch.manual_seed(recipe.seed)
        network = models.build(model, size=size, **(settings or {}))
        require_sizes(network, [size, *recipe.train_sizes, *recipe.test_sizes])
        if start:
            start_from(network, start)
        if start or network.settings.get("pretrained"):
            recipe = replace(recipe, whiten=False)
        most = choose(quick=600, standard=None, full=None)
        arguments = {
            "source": source,
            "size": size,
            "resize": "squash",
            "validation": validation,
            "max_train": most if max_train is None else max_train,
            "max_test": choose(quick=200, standard=None, full=None),
        }
        with context.main_process_first():
            data = load(**arguments, progress=progress)
        config = {
            "model": model,
            "settings": network.settings,
            "recipe": asdict(recipe),
            "data": {**arguments, "source": data.source},
            **({"start": str(Path(start).resolve())} if start else {}),
        }
        log(str(data))
        log(f"{model}, {models.count_parameters(network):,} parameters; {recipe.epochs} epochs")
        done = folder.begin(config) if folder and context.is_main else 0
        if done:
            log(f"going on after epoch {done} of the run in {folder.path}")
        on_event({"event": "started", "epochs": recipe.epochs, "done": done})

        def on_epoch(record: Epoch) -> None:
            """Pass on that an epoch is completed."""
            accuracy = record.validation_accuracy
            progress = {"epoch": record.epoch, "epochs": recipe.epochs}
            on_event({"event": "epoch", **progress, "validation_accuracy": accuracy})

        trainee, begun, features_took = network, perf_counter(), 0.0
        if repeats_itself(network, recipe):
            log("the backbone is frozen: its features are computed once, and kept on disk")
            with context.main_process_first():
                options = {"device": device, "dtype": getattr(torch, recipe.precision, None)}
                trainee, data = on_features(network, data, progress=progress, **options)
            features_took = perf_counter() - begun
        history = fit(
            trainee,
            data,
            recipe,
            device=device,
            checkpoint=folder and folder.checkpoint,
            progress=progress,
            on_epoch=on_epoch,
        )
        if history.interrupted and folder:
            raise KeyboardInterrupt
        dtype = getattr(torch, history.dtype)
        test = evaluate(trainee, data.test, dtype, flip=recipe.test_flip, sizes=recipe.test_sizes)
        result = _result(network, data, history, test, recipe.keep, features_took)
        run = Run(network, {**config, "result": {**result, "processes": context.size}}, history)
        if folder and context.is_main:
            folder.finish(run, _picture(history))
    return run


def _result(
    network: nn.Module,
    data: Splits,
    history: History,
    test: Evaluation,
    keep: str,
    features_took: float,
) -> dict[str, Any]:
    """Return what came out of a run, for its ``run.json``.

    The time that frozen features took, in seconds, is a part of the training.
    """
    kept = history.kept(keep)
    seconds = history.seconds + features_took
    return {
        "parameters": models.count_parameters(network),
        "train_images": len(data.train),
        "test_images": test.count,
        "names_checksum": checksum_of_names(data),
        "test_accuracy": test.accuracy,
        "test_loss": test.loss,
        "validation_accuracy": kept.validation_accuracy,
        "epochs": len(history.epochs),
        "kept_epoch": kept.epoch,
        "interrupted": history.interrupted,
        "train_seconds": seconds,
        "images_per_second": len(history.epochs) * history.train_images / seconds,
        "device": describe(torch.device(history.device)),
        "dtype": history.dtype,
    }


def _picture(history: History) -> bytes:
    """Return the history's curves as a PNG file."""
    from catdog_lib import plots  # matplotlib takes its time

    file = BytesIO()
    with plots.style():
        plots.history(history).savefig(file, format="png")
    return file.getvalue()
