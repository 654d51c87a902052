"""Find a learning rate: train for a hundred steps while it grows from far too small to too large.

Lesson 04, section 6.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import repeat

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.data.image_set import ImageSet, Splits, preload_to_device
from catdog_lib.device import choose_device
from catdog_lib.errors import CatdogError
from catdog_lib.training.augmented_batches import augmented_batches
from catdog_lib.training.distributed import dist_context
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from catdog_lib.training.unfit_networks import reason_of
from catdog_lib.training.whitening import whiten

WIDTH = 3.0  # steps: standard deviation of the smoothing
BLOWN_UP = 4.0  # times the first loss


@dataclass(frozen=True)
class RateSearch:
    """The loss at each learning rate that was tried.

    Attributes:
        rates: learning rates, growing by the same factor from step to step.
        losses: cross-entropy of the batch of each step, before it.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def smoothed(self) -> list[float]:
        """The losses without most of their noise: a mean over the neighbours.

        It is weighted by a bell curve, and looks to both sides: a running mean of the past would
        lag, and show the minimum too late.
        """
        steps = np.arange(len(self.losses))
        weights = np.exp(-(((steps[:, None] - steps) / WIDTH) ** 2) / 2)
        return (weights @ np.array(self.losses) / weights.sum(1)).tolist()

    @property
    def suggestion(self) -> float:
        """A third of the smallest rate at which the smoothed loss has made 90% of its fall.

        Where the loss turns up again the rate is too large already, and at its lowest point it is
        about to be. The loss may also stay down, if the images are easy; so the lowest point alone
        would say little. Take the suggestion as a place to start: when tried with several seeds it
        moved by a factor of two, for one network of ten.
        """
        smoothed = np.array(self.smoothed)
        low = smoothed.min()
        fallen = smoothed <= low + 0.1 * (smoothed[0] - low)
        return self.rates[int(fallen.argmax())] / 3


def find_learning_rate(
    model: nn.Module,
    data: Splits,
    recipe: Recipe = Recipe(),  # noqa: B008 (frozen: sharing it does no harm)
    *,
    lowest: float = 1e-6,
    highest: float = 10.0,
    steps: int = 100,
    device: str | None = None,
) -> RateSearch:
    """Train a copy of ``model`` at a learning rate that grows exponentially; note the losses.

    The search ends early when the loss is four times the first one, or not finite. The model itself
    stays as it is, and so do the random numbers that a later training run draws.

    Args:
        model: takes uint8 images N×3×H×W, returns logits N×2.
        data: ``data.train`` is trained on, again from the start when it has been seen; validation
            and test images are not touched.
        recipe: optimizer, batch size, augmentation and so on; its learning rate and schedule are
            not used.
        lowest, highest: the first rate and the last.
        steps: how many batches.
        device: cuda, mps or cpu; None takes the fastest here.

    Raises:
        CatdogError: the rates or the steps make no sense, there is no image, no such device, or
            several processes, or already the first step fails.

    Source: L. N. Smith 2015, arXiv 1506.01186, section 3.3; growing exponentially as in fastai's
    ``lr_find``.
    """
    if not 0 < lowest < highest < math.inf:
        raise CatdogError(
            f"lowest is {lowest!r} and highest {highest!r}; give two rates above 0, the lower one "
            "first."
        )
    if steps < 10:
        raise CatdogError(f"steps is {steps!r}; a search needs 10 or more.")
    if not len(data.train):
        raise CatdogError("There is no image to train on; which ones were taken out?")
    if dist_context().size > 1:
        raise CatdogError(
            "A search for a learning rate takes one process; start it without torchrun."
        )
    device = choose_device(device)
    plan = replace(recipe, lr=lowest, schedule="constant", ema_decay=0.0, compile=False)
    rates, losses = np.geomspace(lowest, highest, steps).tolist(), []
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        network = copy.deepcopy(model)
        if plan.whiten:
            whiten(network, data.train.sample(500, plan.seed)[:][0])
        trainer = Trainer(network, plan, None, device, steps)
        trainer.model.train()
        groups = trainer.optimizer.param_groups
        starts = [group["initial_lr"] for group in groups]
        dataset = preload_to_device(data.train, device)
        for rate, (images, labels) in zip(rates, _endless(trainer, dataset), strict=False):
            for group, start in zip(groups, starts, strict=True):  # Muon's groups differ
                group["initial_lr"] = start * (rate / lowest)
            try:
                logits = trainer.step(images, labels)
                loss = F.cross_entropy(logits, labels).item()
            except CatdogError:
                if not losses:
                    raise
                break  # the loss is no longer finite
            except (RuntimeError, IndexError, ValueError) as error:
                if reason := reason_of(error, trainer.model):
                    raise reason from error
                raise
            if not losses and not math.isfinite(loss):
                raise trainer.non_finite_loss_error(1, 1, loss)
            if not loss <= BLOWN_UP * (losses or [loss])[0]:
                break
            losses.append(loss)
    return RateSearch(tuple(rates[: len(losses)]), tuple(losses))


def _endless(trainer: Trainer, dataset: ImageSet) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield batches of the training images, augmented, epoch after epoch."""
    for _ in repeat(None):
        yield from augmented_batches(dataset, trainer.recipe, 1, trainer.generator, trainer.device)
