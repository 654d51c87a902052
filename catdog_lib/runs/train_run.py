"""One training run from name to result: load the pictures, build the network, train, open the test
set once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import asdict
from io import BytesIO

import torch

from catdog_lib import models
from catdog_lib.budget import choose
from catdog_lib.data.loading import load
from catdog_lib.device import describe
from catdog_lib.runs.run_folder import Run, RunFolder
from catdog_lib.training.distributed import team
from catdog_lib.training.evaluate import evaluate
from catdog_lib.training.fit import fit
from catdog_lib.training.history import History
from catdog_lib.training.recipe import Recipe


def train_run(
    model: str,
    source: str | None = None,
    *,
    size: int = 64,
    width: int | None = None,
    max_train: int | None = None,
    validation: float = 0.15,
    recipe: Recipe | None = None,
    device: str | None = None,
    out: str | os.PathLike | None = None,
    progress: bool = True,
    report: Callable[[str], None] = print,
) -> Run:
    """Train the network of this name and evaluate the weights that the recipe keeps on the test
    pictures.

    Args:
        model: a name in :data:`catdog_lib.models.MODELS`.
        source, size, max_train, validation: of the pictures (:func:`catdog_lib.data.load`).
        width: of the network; None takes its default.
        recipe: how to train; None takes the budget's (:func:`default_recipe`).
        device, progress: as in :func:`catdog_lib.training.fit.fit`.
        out: the run folder to write (:mod:`catdog_lib.runs.run_folder`). If it holds an unfinished
            run of the same settings, that goes on; an interruption, even a power cut, costs the
            epoch that it falls into and no more.
        report: is given a line of text at each stage.

    Raises:
        CatdogError: something asked for cannot be had, or ``out`` is taken.
        KeyboardInterrupt: the run was interrupted and has an ``out``, or has not completed its
            first epoch.
    """
    plan = recipe or default_recipe()
    together = team()
    folder = RunFolder(out) if out else None
    with folder if folder and together.leads else nullcontext():
        torch.manual_seed(plan.seed)
        network = models.build(model, size=size, **({} if width is None else {"width": width}))
        limits = {"max_train": max_train or choose(quick=600, standard=None, full=None)}
        limits["max_test"] = choose(quick=200, standard=None, full=None)
        arguments = {
            "source": source,
            "size": size,
            "resize": "squash",
            "validation": validation,
            **limits,
        }
        with together.main_process_first():
            data = load(**arguments, progress=progress)
        config = {
            "model": model, "settings": network.settings, "recipe": asdict(plan),
            "data": {**arguments, "source": data.source},
        }  # fmt: skip
        report(str(data))
        report(f"{model}, {models.count_parameters(network):,} parameters; {plan.epochs} epochs")
        if folder and together.leads and (done := folder.begin(config)):
            report(f"going on after epoch {done} of the run in {folder.path}")

        history = fit(
            network, data, plan, device=device, checkpoint=folder and folder.checkpoint,
            progress=progress,
        )  # fmt: skip
        if history.interrupted and (folder or not history.epochs):
            raise KeyboardInterrupt
        test = evaluate(
            network, data.test, getattr(torch, history.dtype), flip=plan.test_flip, sizes=plan.test_sizes
        )  # fmt: skip
        kept = history.kept(plan.keep)
        result = {
            "parameters": models.count_parameters(network),
            "train_images": len(data.train),
            "test_images": test.count,
            "test_accuracy": test.accuracy,
            "test_loss": test.loss,
            "validation_accuracy": kept.validation_accuracy,
            "epochs": len(history.epochs),
            "kept_epoch": kept.epoch,
            "interrupted": history.interrupted,
            "train_seconds": history.seconds,
            "images_per_second": history.images_per_second,
            "device": describe(torch.device(history.device)),
            "dtype": history.dtype,
            "processes": together.size,
        }
        run = Run(network, {**config, "result": result}, history)
        if folder and together.leads:
            folder.finish(run, _picture(history))
    return run


def _picture(history: History) -> bytes:
    """The history as a PNG file."""
    from catdog_lib import plots  # matplotlib takes its time

    file = BytesIO()
    with plots.style():
        plots.history(history).savefig(file, format="png")
    return file.getvalue()


def default_recipe() -> Recipe:
    """What ``catdog train`` does when nobody names a recipe: as many epochs as the budget
    allows.
    """
    return Recipe(
        epochs=choose(quick=2, standard=10, full=20),
        schedule="one_cycle",
        augment=("flip_and_crop",),
    )
