"""Train a network: ``fit`` takes a model, pictures and a recipe, and returns the history. Read from
top to bottom.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from functools import partial

from torch import Generator, Tensor, nn
from torch.optim import Optimizer
from tqdm.auto import tqdm

from catdog_lib.data import augment
from catdog_lib.data.image_set import ImageSet, Splits, batches, preload_to_device
from catdog_lib.device import choose_device, dtype_name
from catdog_lib.training import checkpoint as checkpoints
from catdog_lib.training.evaluate import evaluate
from catdog_lib.training.history import Epoch, History
from catdog_lib.training.metrics import Evaluation, RunningMetrics
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from catdog_lib.training.whitening import whiten

__all__ = ["Recipe", "fit", "train_epoch"]


def fit(
    model: nn.Module,
    data: Splits,
    recipe: Recipe = Recipe(),  # noqa: B008 (frozen: sharing it does no harm)
    *,
    optimizer: Optimizer | None = None,
    device: str | None = None,
    checkpoint: str | os.PathLike | None = None,
    progress: bool = True,
    on_epoch: Callable[[Epoch], None] = lambda record: None,
) -> History:
    """Train ``model`` on ``data.train``, judge each epoch on ``data.validation``, never look at
    ``data.test``.

    The model ends in evaluation mode with the weights that the recipe keeps. Interrupting (Ctrl-C,
    or the stop button of a notebook) does the same with the epochs completed so far.

    In each of several processes that ``torchrun`` has started
    (:mod:`catdog_lib.training.distributed`), it does what it would do alone, with its share of
    every batch; BatchNorm is synchronised. They cannot agree on an interruption, so it is raised;
    the checkpoint has the epochs completed so far, and any number of processes can go on from it.

    Args:
        model: takes uint8 pictures N×3×H×W, returns logits N×2; moved to the device, and left
            there.
        data: the pictures.
        recipe: how to train.
        optimizer: use this one, made for this model, in place of the one that the recipe describes.
        device: cuda, mps or cpu; None takes the fastest here.
        checkpoint: file to write at the start and after each epoch. If it exists the training goes
            on from it, and ends as it would have ended without the interruption: on a CPU, with as
            many threads, bit for bit.
        progress: show a bar.
        on_epoch: is given the record of each epoch once it is completed and saved.

    Raises:
        CatdogError: no such optimizer or device, the checkpoint is of another training, damaged or
            cannot be written, or the loss is no longer a number.
    """
    place = choose_device(device)
    if recipe.whiten:
        whiten(model, data.train.sample(500, recipe.seed)[:][0])
    train = preload_to_device(data.train, place)
    training = Trainer(model, recipe, optimizer, place, math.ceil(len(train) / recipe.batch_size))
    history = History(train_images=len(train), device=str(place), dtype=dtype_name(training.dtype))
    kept = copy_state_dict(model)  # the start, should the first epoch fail
    if checkpoint and (
        saved := training.team.broadcast_object(lambda: checkpoints.load(checkpoint))
    ):
        history, kept = training.resume(saved, len(train))
    elif checkpoint and training.team.leads:  # should it not be possible, it is better known now
        checkpoints.save(training.state(history, kept), checkpoint)

    with tqdm(
        total=recipe.epochs * len(train), initial=len(history.epochs) * len(train),
        unit="picture", disable=not (progress and training.team.leads),
    ) as bar:  # fmt: skip
        try:
            for number in range(len(history.epochs) + 1, recipe.epochs + 1):
                if recipe.patience and history.stale >= recipe.patience:
                    break
                bar.set_description(f"Epoch {number}/{recipe.epochs}")
                start = time.perf_counter()
                learned = train_epoch(training, train, bar)
                seconds = time.perf_counter() - start
                judged = training.average.model if training.average else model
                validation = evaluate(
                    judged, data.validation, training.dtype, flip=recipe.test_flip, sizes=recipe.test_sizes
                )  # fmt: skip
                record = Epoch(
                    number, learned.loss, learned.accuracy, validation.loss, validation.accuracy,
                    training.optimizer.param_groups[0]["lr"], seconds,
                )  # fmt: skip
                if recipe.keep == "last" or not history.epochs or record.better_than(history.best):
                    kept = copy_state_dict(judged)
                history.epochs.append(record)
                if checkpoint and training.team.leads:
                    checkpoints.save(training.state(history, kept), checkpoint)
                on_epoch(record)
                bar.set_postfix_str(f"validation accuracy {validation.accuracy:.1%}")
        except KeyboardInterrupt:
            if training.team.size > 1:
                raise  # the others may not have heard of it, and cannot be waited for
            history.interrupted = True
        finally:  # also when the loss is no longer a number
            model.load_state_dict(kept)
            model.eval()
    return history


def train_epoch(training: Trainer, images: ImageSet, bar: tqdm) -> Evaluation:
    """One pass over the training pictures, in random order.

    Returns the mean loss (cross-entropy alone, without penalty and smoothing) and the accuracy
    along the way.
    """
    recipe, generator, device = training.recipe, training.generator, training.device
    epoch = training.epoch
    changes = augmentations(recipe, epoch)
    tally = RunningMetrics(device)
    training.model.train()
    training.team.seed_rank(recipe.seed, epoch)
    for pictures, labels in batches(images, recipe.batch_size, shuffle=generator, device=device):
        for change in changes:
            pictures = change(pictures, generator)
        whole, parts = len(labels), min(training.parts, len(labels))
        pictures, labels = training.team.take(pictures, parts), training.team.take(labels, parts)
        tally.add(training.step(pictures, labels, of=whole), labels)
        bar.update(whole)
    # Only now is a GPU asked: to wait for it in every step would cost time.
    tally = tally.all_reduce(training.team)
    if batch := tally.first_non_finite():
        raise training.non_finite_loss_error(epoch, batch)
    return tally.result()


def augmentations(recipe: Recipe, epoch: int) -> list[Callable[[Tensor, Generator], Tensor]]:
    crop = partial(augment.flip_and_crop, smallest=recipe.min_crop, size=recipe.size_in(epoch))
    return [crop if name == "flip_and_crop" else getattr(augment, name) for name in recipe.augment]


def copy_state_dict(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}
