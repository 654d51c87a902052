"""Train a network: ``fit`` takes a model, pictures and a recipe, and returns the history. Read from top to bottom."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from tqdm.auto import tqdm

from catdog_lib.data.augment import flip_and_crop
from catdog_lib.data.image_set import ImageSet, Splits, batches
from catdog_lib.device import autocast, choose_device, dtype_name, fast_dtype
from catdog_lib.errors import CatdogError
from catdog_lib.evaluate import Evaluation, Tally, evaluate
from catdog_lib.history import Epoch, History
from catdog_lib.sparsity import l1_penalty

SCHEDULES = ("constant", "cosine", "one_cycle")


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a network is trained, but for the network and the pictures.

    Attributes:
        epochs: passes over the training pictures.
        batch_size: pictures in a step.
        optimizer: name of a class in ``torch.optim``, in any case.
        lr: learning rate; the highest one, if the schedule changes it.
        schedule: constant; cosine (from lr down to 0); one_cycle (up to lr, then down to 0: Smith 2018,
            arXiv 1803.09820).
        l1: weight λ of the penalty λ Σ|w| (:func:`catdog_lib.sparsity.l1_penalty`) added to the loss.
        patience: stop after so many epochs without a better one on validation; None never stops early.
        augment: mirror and crop the training pictures at random (:func:`catdog_lib.data.augment.flip_and_crop`).
        precision: "auto", the fastest number format that costs no accuracy here, or "float32".
        seed: of the order of the pictures and of their augmentation.
    """

    epochs: int = 5
    batch_size: int = 32
    optimizer: str = "Adam"
    lr: float = 1e-3
    schedule: str = "constant"
    l1: float = 0.0
    patience: int | None = None
    augment: bool = False
    precision: str = "auto"
    seed: int = 0

    def __post_init__(self):
        for name in ("epochs", "batch_size", "lr"):
            if not getattr(self, name) > 0:
                raise CatdogError(f"{name} is {getattr(self, name)}; it must be above 0.")
        if not self.l1 >= 0:
            raise CatdogError(f"l1 is {self.l1}; it must be 0 or more.")
        if self.schedule not in SCHEDULES:
            raise CatdogError(f"schedule is {self.schedule!r}; use one of {', '.join(SCHEDULES)}.")
        if self.precision not in ("auto", "float32"):
            raise CatdogError(f"precision is {self.precision!r}; use auto or float32.")


def fit(
    model: nn.Module,
    data: Splits,
    recipe: Recipe = Recipe(),  # frozen: sharing it does no harm
    *,
    optimizer: torch.optim.Optimizer | None = None,
    device: str | None = None,
    progress: bool = True,
) -> History:
    """Train ``model`` on ``data.train``, choose the best epoch on ``data.validation``, never look at ``data.test``.

    The model ends in evaluation mode with the weights of its best epoch (:attr:`History.best`). Interrupting (Ctrl-C,
    or the stop button of a notebook) does the same with the epochs completed so far.

    Args:
        model: takes uint8 pictures N×3×H×W, returns logits N×2; moved to the device, and left there.
        data: the pictures.
        recipe: how to train.
        optimizer: use this one, made for this model, in place of the recipe's ``optimizer`` and ``lr``.
        device: cuda, mps or cpu; None takes the fastest here.
        progress: show a bar.

    Raises:
        CatdogError: no such optimizer or device, or the loss is no longer a number.
    """
    place = choose_device(device)
    dtype = fast_dtype(place) if recipe.precision == "auto" else torch.float32
    model.to(place, memory_format=torch.channels_last)
    optimizer = optimizer or make_optimizer(recipe.optimizer, model, recipe.lr)
    schedule = make_schedule(
        recipe, optimizer, steps=recipe.epochs * math.ceil(len(data.train) / recipe.batch_size)
    )
    generator = torch.Generator().manual_seed(recipe.seed)

    history = History(train_images=len(data.train), device=str(place), dtype=dtype_name(dtype))
    best_weights = None
    with tqdm(total=recipe.epochs * len(data.train), unit="picture", disable=not progress) as bar:
        try:
            for number in range(1, recipe.epochs + 1):
                bar.set_description(f"Epoch {number}/{recipe.epochs}")
                start = time.perf_counter()
                train = train_epoch(
                    model, data.train, recipe, optimizer, schedule, generator, dtype, bar
                )
                seconds = time.perf_counter() - start
                _require_finite(train.loss, number, optimizer)
                validation = evaluate(model, data.validation, dtype)
                record = _record(number, train, validation, optimizer, seconds)
                if not history.epochs or record.better_than(history.best):
                    best_weights = {
                        name: value.clone() for name, value in model.state_dict().items()
                    }
                history.epochs.append(record)
                bar.set_postfix_str(f"validation accuracy {validation.accuracy:.1%}")
                if recipe.patience is not None and number - history.best.epoch >= recipe.patience:
                    break
        except KeyboardInterrupt:
            history.interrupted = True
        finally:  # also when the loss is no longer a number
            if best_weights is not None:
                model.load_state_dict(best_weights)
            model.eval()
    return history


def train_epoch(
    model: nn.Module,
    images: ImageSet,
    recipe: Recipe,
    optimizer: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
    generator: torch.Generator,
    dtype: torch.dtype,
    bar: tqdm,
) -> Evaluation:
    """One pass over the training pictures, in random order.

    Returns the mean loss (without penalty) and the accuracy along the way.
    """
    device = next(model.parameters()).device
    model.train()
    tally = Tally(device)
    for pictures, labels in batches(images, recipe.batch_size, shuffle=generator, device=device):
        if recipe.augment:
            pictures = flip_and_crop(pictures, generator)
        with autocast(device, dtype):
            logits = model(pictures)
        loss = F.cross_entropy(logits.float(), labels)
        objective = loss + recipe.l1 * l1_penalty(model) if recipe.l1 else loss

        optimizer.zero_grad()
        objective.backward()
        optimizer.step()
        schedule.step()

        tally.add(loss, logits, labels)
        bar.update(len(labels))
    return tally.result()


def make_optimizer(name: str, model: nn.Module, lr: float) -> torch.optim.Optimizer:
    """The ``torch.optim`` optimizer of this name, in any case, over the model's parameters.

    Raises:
        CatdogError: there is none of this name, or it does not take the model's parameters.
    """
    unfit = ("Optimizer", "LBFGS", "SparseAdam")  # these want a closure, or sparse gradients
    known = {
        word.lower(): kind
        for word, kind in vars(torch.optim).items()
        if isinstance(kind, type) and issubclass(kind, torch.optim.Optimizer) and word not in unfit
    }
    if name.lower() not in known:
        names = ", ".join(sorted(kind.__name__ for kind in known.values()))
        raise CatdogError(
            f"There is no optimizer {name!r} that fit could use; take one of {names}."
        )
    try:
        return known[name.lower()](model.parameters(), lr=lr)
    except (TypeError, ValueError) as error:
        raise CatdogError(
            f"The optimizer {name} does not take this model ({error}); use another."
        ) from None


def make_schedule(
    recipe: Recipe, optimizer: torch.optim.Optimizer, steps: int
) -> torch.optim.lr_scheduler.LRScheduler:
    """The schedule that the recipe names, to be stepped ``steps`` times, once a batch."""
    if recipe.schedule == "cosine":
        return torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    if recipe.schedule == "one_cycle":
        highest = [group["lr"] for group in optimizer.param_groups]
        return torch.optim.lr_scheduler.OneCycleLR(optimizer, highest, total_steps=steps + 1)
    return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)


def _record(
    number: int, train: Evaluation, validation: Evaluation, optimizer, seconds: float
) -> Epoch:
    return Epoch(
        epoch=number,
        train_loss=train.loss,
        train_accuracy=train.accuracy,
        validation_loss=validation.loss,
        validation_accuracy=validation.accuracy,
        learning_rate=optimizer.param_groups[0]["lr"],
        seconds=seconds,
    )


def _require_finite(loss: float, epoch: int, optimizer: torch.optim.Optimizer) -> None:
    if not math.isfinite(loss):
        raise CatdogError(
            f"The loss became {loss} in epoch {epoch} at a learning rate of {optimizer.param_groups[0]['lr']:g}; "
            "build the model anew and train it with a smaller one."
        )
