"""The loss of a batch and its gradients, added up from micro-batches to need less memory.

The gradients of the micro-batches add up to those of the batch, except that BatchNorm sees each
micro-batch alone. When a GPU runs out of memory, the batch is cut into twice as many.

Lesson 03, section 5; Lesson 10, section 6.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.errors import CatdogError, warn
from catdog_lib.sparsity import group_l1_penalty, l1_penalty
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.state import TrainingState


def backward_with_oom_retry(
    trainer: TrainingState, model: nn.Module, images: Tensor, targets: Tensor
) -> Tensor:
    """Add the gradients of a batch to the parameters; return the logits, N×2.

    While the memory is too small, the batch is cut into twice as many micro-batches.

    Raises:
        CatdogError: the loss is not finite; or the memory is too small for a single image, or for
            the batch when several processes train, since they cannot tell each other.
    """
    batch_size = trainer.batch_size or len(targets)
    while True:
        try:
            return backward(trainer, model, images, targets)
        except torch.OutOfMemoryError:
            if trainer.micro_batches >= batch_size or trainer.dist.size > 1:
                raise CatdogError(
                    f"The memory of {trainer.device} is too small for "
                    f"{-(-len(targets) // trainer.micro_batches)} images at once; use a smaller "
                    "batch_size, smaller images or a narrower network."
                ) from None
        trainer.optimizer.zero_grad()
        trainer.micro_batches *= 2
        warn(
            f"The memory of {trainer.device} is too small for the batch: its gradients are now "
            f"added up from {trainer.micro_batches} micro-batches."
        )


def backward(trainer: TrainingState, model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Run the forward and the backward pass of each micro-batch; return all logits, N×2."""
    recipe, batch_size = trainer.recipe, trainer.batch_size or len(targets)
    count = min(trainer.micro_batches, batch_size)
    sizes = trainer.dist.shard_sizes(batch_size, count)
    all_logits = []
    for some_images, some_targets in zip(images.split(sizes), targets.split(sizes), strict=True):
        logits = trainer.precision.forward(model, some_images)
        loss = F.cross_entropy(
            logits, some_targets, reduction="sum", label_smoothing=recipe.label_smoothing
        )
        loss = loss * trainer.dist.size / batch_size  # processes average their gradients
        if recipe.penalty != "proximal":
            loss = loss + weight_penalty(trainer.model, recipe) / count
        if trainer.device.type == "cpu" and not loss.isfinite():
            batch = trainer.steps_taken % trainer.steps_in_epoch + 1
            raise trainer.non_finite_loss_error(trainer.epoch, batch, loss.item())
        trainer.precision.backward(loss)
        all_logits.append(logits.detach())
    return torch.cat(all_logits)


def weight_penalty(model: nn.Module, recipe: Recipe) -> Tensor | float:
    """Return what the recipe adds to the loss for the size of the weights."""
    penalty = 0.0
    if recipe.l1:
        pays = model.parameters() if recipe.penalty == "gradient_all" else model
        penalty = penalty + recipe.l1 * l1_penalty(pays)
    if recipe.group_l1:
        penalty = penalty + recipe.group_l1 * group_l1_penalty(model)
    return penalty
