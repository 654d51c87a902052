"""The trainer: a network in training, and the loop composed with what a recipe asks for.

What it reads and changes is :mod:`catdog_lib.training.state`. What it puts around
:mod:`catdog_lib.training.loop` is in files of its own: mixed precision
(:mod:`catdog_lib.training.precision`), the loss and its gradients from micro-batches
(:mod:`catdog_lib.training.micro_batches`), several processes
(:mod:`catdog_lib.training.distributed`), and all that happens around a step
(:mod:`catdog_lib.training.callbacks`).

Lesson 03, section 5; Lesson 10, section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from catdog_lib.data.image_set import ImageSet
from catdog_lib.device import own_cores
from catdog_lib.errors import CatdogError
from catdog_lib.training import loop
from catdog_lib.training.augmented_batches import augmented_batches
from catdog_lib.training.callbacks import add_recipe_callbacks
from catdog_lib.training.evaluate import evaluate
from catdog_lib.training.memory_layout import LAST, fast_layout
from catdog_lib.training.metrics import Evaluation
from catdog_lib.training.micro_batches import backward_with_oom_retry
from catdog_lib.training.precision import ScaledOptimizer
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.state import TrainingState
from catdog_lib.training.unfit_networks import NOT_TWO_LOGITS


class Trainer(TrainingState):
    """Trains a network: the loop's functions, with what the recipe asks for around them.

    Arguments and attributes are those of :class:`catdog_lib.training.state.TrainingState`.
    """

    def __init__(
        self,
        model: nn.Module,
        recipe: Recipe,
        optimizer: Optimizer | None,
        device: torch.device,
        steps_in_epoch: int,
    ):
        super().__init__(model, recipe, optimizer, device, steps_in_epoch)
        add_recipe_callbacks(self)

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
        with own_cores(self.device, self.precision.dtype):
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
                yield self.lay_out(shard(images, count)), shard(targets, count)
        finally:
            self.batch_size = None

    def lay_out(self, images: Tensor) -> Tensor:
        """Return the images in the layout in which the network trains faster: the first ones tell.

        Several processes keep the layout for which their gradients were laid out.
        """
        if self.layout is None:
            self.layout = LAST
            if self.dist.size == 1:
                self.layout = fast_layout(self.model, images, self.precision.dtype)
            self.model.to(memory_format=self.layout)
        return images.to(memory_format=self.layout)

    def step(self, images: Tensor, targets: Tensor) -> Tensor:
        """Learn from one batch, N×3×H×W and N; return the logits from before the update, N×2.

        Raises:
            CatdogError: the loss is not finite, the memory is too small for one image, or there are
                not two logits.
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
        if logits.shape[1] != 2:
            raise CatdogError(NOT_TWO_LOGITS)
        self.run_callbacks("on_step_end")
        self.steps_taken += 1
        return logits

    def validate(self, dataset: ImageSet) -> Evaluation:
        """Return the loss and accuracy of :attr:`eval_model` on ``dataset``."""
        recipe, dtype = self.recipe, self.precision.dtype
        return evaluate(
            self.eval_model, dataset, dtype, flip=recipe.test_flip, sizes=recipe.test_sizes
        )
