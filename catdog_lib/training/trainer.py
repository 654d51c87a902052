"""The trainer: a network in training, and the loop composed with what a recipe asks for.

What it puts around :mod:`catdog_lib.training.loop` stands in files of its own: mixed precision
(:mod:`catdog_lib.training.precision`), the loss and its gradients from micro-batches
(:mod:`catdog_lib.training.micro_batches`), several processes
(:mod:`catdog_lib.training.distributed`), and all that happens around a step
(:mod:`catdog_lib.training.callbacks`).

Lesson 03, section 5; Lesson 10, section 2.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial

import torch
from torch import Generator, Tensor, nn
from torch.optim import Optimizer

from catdog_lib.data.image_set import ImageSet
from catdog_lib.device import dtype_name, fast_dtype, keep_freed_memory
from catdog_lib.errors import CatdogError
from catdog_lib.training import loop
from catdog_lib.training.augmented_batches import augmented_batches
from catdog_lib.training.callbacks import recipe_callbacks
from catdog_lib.training.distributed import dist_context
from catdog_lib.training.ema import EMA
from catdog_lib.training.evaluate import evaluate
from catdog_lib.training.history import History
from catdog_lib.training.metrics import Evaluation
from catdog_lib.training.micro_batches import backward_with_oom_retry
from catdog_lib.training.optimizers import make_optimizer
from catdog_lib.training.precision import MixedPrecision, ScaledOptimizer
from catdog_lib.training.recipe import Recipe


class Trainer:
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
        batch_size: images in the batch that :meth:`batches` gave last, all processes' shards
            together; None outside an epoch.
        steps_taken: since the start of training.
        history: of the epochs so far.
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
            group.setdefault("initial_lr", group["lr"])
        self.wrapped_model = self.dist.wrap(torch.compile(model) if recipe.compile else model)
        self.ema = EMA(model, recipe.ema_decay) if recipe.ema_decay else None
        self.generator = Generator().manual_seed(recipe.seed)
        self.micro_batches = recipe.accumulation_steps
        self.batch_size: int | None = None
        self.steps_in_epoch, self.steps_taken = steps_in_epoch, 0
        self.history = History(device=str(device), dtype=dtype_name(dtype))
        self.kept_weights: dict[str, Tensor] | None = None
        self.callbacks = recipe_callbacks(recipe)

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

    def run_callbacks(self, event: str) -> None:
        """Call every function that is registered for this event."""
        for callback in self.callbacks[event]:
            callback(self)

    def train_epoch(self, dataset: ImageSet) -> Evaluation:
        """Train on every image once; return loss and accuracy along the way.

        The loss is the cross-entropy alone, without penalty and smoothing.

        Raises:
            CatdogError: the loss is not finite, or the memory is too small for one image.
        """
        epoch = self.epoch
        self.dist.seed_rank(self.recipe.seed, epoch)
        on_batch_end = partial(self.run_callbacks, "on_batch_end")
        metrics = loop.train_epoch(self.model, self.batches(dataset), self.step, on_batch_end)
        # Only now is a GPU asked for numbers: to wait for it in every step would cost time.
        metrics = metrics.all_reduce(self.dist)
        if batch := metrics.first_non_finite():
            raise self.non_finite_loss_error(epoch, batch)
        return metrics.result()

    def batches(self, dataset: ImageSet) -> Iterator[tuple[Tensor, Tensor]]:
        """Yield this process's shard of every batch of an epoch."""
        shard = self.dist.shard_batch
        try:
            for images, targets in augmented_batches(
                dataset, self.recipe, self.epoch, self.generator, self.device
            ):
                self.batch_size = len(targets)
                count = min(self.micro_batches, self.batch_size)
                yield shard(images, count), shard(targets, count)
        finally:
            self.batch_size = None

    def step(self, images: Tensor, targets: Tensor) -> Tensor:
        """Learn from one batch, N×3×H×W and N; return the logits from before the update, N×2.

        Raises:
            CatdogError: the loss is not finite, or the memory is too small for one image.
        """
        self.run_callbacks("on_step_begin")
        logits = loop.train_step(
            self.wrapped_model,
            ScaledOptimizer(self.optimizer, self.precision),
            images,
            targets,
            forward_backward=partial(backward_with_oom_retry, self),
            on_backward_end=partial(self.run_callbacks, "on_backward_end"),
        )
        self.run_callbacks("on_step_end")
        self.steps_taken += 1
        return logits

    def validate(self, dataset: ImageSet) -> Evaluation:
        """Return the loss and accuracy of :attr:`eval_model` on ``dataset``."""
        recipe, dtype = self.recipe, self.precision.dtype
        return evaluate(
            self.eval_model, dataset, dtype, flip=recipe.test_flip, sizes=recipe.test_sizes
        )

    def non_finite_loss_error(self, epoch: int, batch: int, loss: float = math.nan) -> CatdogError:
        """Return the error for a loss that is infinite or nan; epoch and batch count from 1."""
        return CatdogError(
            f"The loss became {loss} in epoch {epoch}, batch {batch} of {self.steps_in_epoch}, at "
            f"a learning rate of {self.optimizer.param_groups[0]['lr']:g}; build the model again "
            "and train it with a smaller one."
        )
