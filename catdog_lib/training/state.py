"""A network in training: everything that a step of it reads or changes.

The trainer acts on it (:mod:`catdog_lib.training.trainer`), and so do the callbacks, the backward
pass in micro-batches, and the checkpoint.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from catdog_lib.device import dtype_name, fast_dtype, keep_freed_memory
from catdog_lib.errors import CatdogError
from catdog_lib.training.distributed import dist_context
from catdog_lib.training.ema import EMA
from catdog_lib.training.history import History
from catdog_lib.training.optimizers import make_optimizer, require_fit
from catdog_lib.training.precision import MixedPrecision
from catdog_lib.training.recipe import Recipe

EVENTS = (
    "on_epoch_begin",
    "on_step_begin",
    "on_backward_end",  # the gradients are computed, the weights not yet changed
    "on_step_end",
    "on_batch_end",  # the metrics of the batch are counted, too
    "on_epoch_end",  # after validation
)


class TrainingState:
    """A network in training: everything that a step reads or changes.

    Args:
        model: moved to ``device``.
        recipe: how to train it.
        optimizer: changes its weights; None makes the one that the recipe describes.
        device: where to compute.
        steps_in_epoch: batches in an epoch; the learning rate's schedule depends on it.

    Attributes:
        model: the network; ``wrapped_model`` is the same one, compiled or wrapped for several
            processes.
        precision: the number format of the convolutions.
        ema: the moving average of the weights, if the recipe wants one.
        generator: draws the order of the images and their augmentation.
        micro_batches: how many each batch is cut into, to need less memory.
        batch_size: images in the batch that was drawn last, all processes' shards
            together; None outside an epoch.
        layout: of the images and maps in memory; None before the first batch.
        steps_taken: since the start of training.
        history: of the epochs so far.
        names: a checksum of the names of the training and validation images; None if unknown.
        kept_weights: the state dict to end with, once :func:`catdog_lib.training.fit.fit` sets it.
        callbacks: event → functions that take the trainer, called in order
            (:mod:`catdog_lib.training.callbacks`).
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        optimizer: Optimizer | None,
        device: torch.device,
        steps_in_epoch: int,
    ):
        keep_freed_memory()
        self.dist = dist_context()
        self.model = self.dist.prepare(model.to(device, memory_format=torch.channels_last), device)
        self.recipe, self.device = recipe, device
        dtype = torch.float32
        if recipe.precision == "auto":  # another process may measure something else
            dtype = self.dist.broadcast_object(lambda: fast_dtype(device))
        self.precision = MixedPrecision(device, dtype)
        if optimizer:
            require_fit(optimizer, model)
        self.optimizer = optimizer or make_optimizer(
            recipe.optimizer,
            model,
            recipe.lr,
            recipe.momentum,
            recipe.weight_decay,
            recipe.lr_decay,
            dtype,
        )
        for group in self.optimizer.param_groups:
            group["initial_lr"] = group["lr"]  # an older one is a failed run's, or a scheduler's
        self.wrapped_model = self.dist.wrap(torch.compile(model) if recipe.compile else model)
        self.ema = EMA(model, recipe.ema_decay) if recipe.ema_decay else None
        self.generator = Generator().manual_seed(recipe.seed)
        self.micro_batches = recipe.accumulation_steps
        self.batch_size: int | None = None
        self.layout: torch.memory_format | None = None
        self.steps_in_epoch, self.steps_taken = steps_in_epoch, 0
        self.history = History(device=str(device), dtype=dtype_name(dtype))
        self.names: int | None = None
        self.kept_weights: dict[str, Tensor] | None = None
        self.callbacks: dict[str, list[Callable[[TrainingState], object]]] = {
            event: [] for event in EVENTS
        }

    @property
    def epoch(self) -> int:
        """The epoch that the next step belongs to, counted from 1."""
        return self.steps_taken // self.steps_in_epoch + 1

    @property
    def finished(self) -> bool:
        """Whether all epochs are done, or the best one is longer ago than the recipe's patience."""
        patience = self.recipe.patience or math.inf
        epochs = len(self.history.epochs)
        return epochs >= self.recipe.epochs or self.history.epochs_since_best >= patience

    @property
    def eval_model(self) -> nn.Module:
        """The network to validate and keep: the moving average, or the network itself."""
        return self.ema.model if self.ema else self.model

    def non_finite_loss_error(self, epoch: int, batch: int, loss: float = math.nan) -> CatdogError:
        """Return the error for a loss that is infinite or nan; epoch and batch count from 1."""
        return CatdogError(
            f"The loss became {loss} in epoch {epoch}, batch {batch} of {self.steps_in_epoch}, at "
            f"a learning rate of {self.optimizer.param_groups[0]['lr']:g}; build the model again "
            "and train it with a smaller one."
        )
