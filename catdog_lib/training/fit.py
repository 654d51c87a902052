"""Train a network: ``fit`` takes a model, images and a recipe, and returns the history.

Read from top to bottom. The steps themselves are in :mod:`catdog_lib.training.loop`.

Lesson 03, section 5.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from math import isfinite

from torch import Tensor, nn
from torch.optim import Optimizer

from catdog_lib.data.image_set import ImageSet, Splits, batch_sizes, preload_to_device
from catdog_lib.data.splitting import checksum_of_names
from catdog_lib.device import choose_device, release_freed_memory
from catdog_lib.errors import CatdogError
from catdog_lib.interrupts import interrupts_later
from catdog_lib.training import failed_device
from catdog_lib.training.callbacks import progress_bar
from catdog_lib.training.history import Epoch, History
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.resume import begin_or_resume
from catdog_lib.training.trainer import Trainer
from catdog_lib.training.unfit_networks import reason_of
from catdog_lib.training.whitening import whiten

__all__ = ["Recipe", "fit"]


def fit(
    model: nn.Module,
    data: Splits,
    recipe: Recipe = Recipe(),  # noqa: B008 (frozen: sharing it does no harm)
    *,
    optimizer: Optimizer | None = None,
    device: str | None = None,
    checkpoint: str | os.PathLike | None = None,
    progress: bool = True,
    on_epoch: Callable[[Epoch], object] | None = None,
) -> History:
    """Train ``model`` on ``data.train`` and validate each epoch on ``data.validation``.

    ``data.test`` is never looked at. The model ends in evaluation mode with the weights that the
    recipe keeps. Interrupting (Ctrl-C, or the stop button of a notebook) does the same with the
    epochs completed so far; before the first one is complete, KeyboardInterrupt is raised, and the
    weights are those from before training. If a GPU fails, they are kept as well, on the CPU.

    In each of several processes that ``torchrun`` has started
    (:mod:`catdog_lib.training.distributed`), it does what it would do alone, with its shard of
    every batch; BatchNorm is synchronized. They cannot agree on an interruption, so it is raised;
    the checkpoint has the epochs completed so far, and any number of processes can go on from it.

    Args:
        model: takes uint8 images N×3×H×W, returns logits N×2; moved to the device, and left
            there.
        data: the images.
        recipe: how to train.
        optimizer: use this one, made for this model, in place of the one that the recipe describes.
        device: cuda, mps or cpu; None takes the fastest here.
        checkpoint: file to write at the start and after each epoch. If it exists, training goes
            on from it, and ends as it would have ended without the interruption: on a CPU, with as
            many threads, bit for bit.
        progress: show a bar.
        on_epoch: takes the record of each epoch, once it is saved.

    Raises:
        CatdogError: no image, no such optimizer or device, the network does not return two logits,
            the checkpoint is of another training run, damaged or cannot be written, the loss is not
            finite, or the device failed.
    """
    for what, images in (("train", data.train), ("validate", data.validation)):
        if not len(images):
            raise CatdogError(f"There is no image to {what} on; which ones were taken out?")
    device = choose_device(device)
    buffers = failed_device.unsaved_buffers(model)
    start = copy_state_dict(model)
    train_set = preload_to_device(data.train, device)
    steps_in_epoch = len(batch_sizes(len(train_set), recipe.batch_size))
    try:
        if recipe.whiten:
            whiten(model, data.train.sample(500, recipe.seed)[:][0])
        trainer = Trainer(model, recipe, optimizer, device, steps_in_epoch)
        trainer.history.train_images = len(train_set)
        trainer.names = checksum_of_names(data)
        trainer.kept_weights = start  # should the first epoch fail
        if checkpoint:
            begin_or_resume(trainer, checkpoint)
    except BaseException as error:
        model.load_state_dict(start)
        if reason := isinstance(error, RuntimeError) and reason_of(error, model):
            raise reason from error
        raise
    if on_epoch:
        trainer.callbacks["on_epoch_end"].append(
            lambda trainer: on_epoch(trainer.history.epochs[-1])
        )

    with progress_bar(trainer, visible=progress and trainer.dist.is_main):
        try:
            while not trainer.finished:
                run_epoch(trainer, train_set, data.validation)
        except KeyboardInterrupt:
            # Other processes may not have heard of it; and without an epoch, nothing is kept.
            if trainer.dist.size > 1 or not trainer.history.epochs:
                raise
            trainer.history.interrupted = True
        except (RuntimeError, IndexError, ValueError) as error:
            if failed_device.has_failed(error):
                failed_device.leave_device(model, buffers)
                raise failed_device.failure(trainer, error) from error
            if reason := reason_of(error, model):
                raise reason from error
            raise
        finally:  # also when the loss is not finite
            with interrupts_later():
                model.load_state_dict(trainer.kept_weights)
                model.eval()
            for group in trainer.optimizer.param_groups:  # a given one may be used again
                group["lr"] = group.pop("initial_lr")
            release_freed_memory()
    return trainer.history


def run_epoch(trainer: Trainer, train_set: ImageSet, validation_set: ImageSet) -> None:
    """Train for an epoch, validate, add both to the history, and keep the weights if they are best.

    Raises:
        CatdogError: the loss is not finite.
    """
    trainer.run_callbacks("on_epoch_begin")
    number, history = trainer.epoch, trainer.history
    start = time.perf_counter()
    train_metrics = trainer.train_epoch(train_set)
    seconds = time.perf_counter() - start
    validation = trainer.validate(validation_set)
    if not isfinite(validation.loss):
        raise trainer.non_finite_loss_error(number, trainer.steps_in_epoch, validation.loss)
    record = Epoch(
        epoch=number,
        train_loss=train_metrics.loss,
        train_accuracy=train_metrics.accuracy,
        validation_loss=validation.loss,
        validation_accuracy=validation.accuracy,
        learning_rate=float(trainer.optimizer.param_groups[0]["lr"]),
        seconds=seconds,
    )
    is_best = not history.epochs or record.better_than(history.best)
    if trainer.recipe.keep == "last" or is_best:
        trainer.kept_weights = copy_state_dict(trainer.eval_model)
    history.epochs.append(record)
    trainer.run_callbacks("on_epoch_end")


def copy_state_dict(model: nn.Module) -> dict[str, Tensor]:
    """Return the model's state dict, with copies of its tensors in main memory.

    What lies on a GPU is lost with it.
    """
    return {name: value.to("cpu", copy=True) for name, value in model.state_dict().items()}
