"""The training loop, for one model on one device: a step, an epoch, an evaluation.

This is all that happens in training. Whatever else :func:`catdog_lib.training.fit.fit` offers is
put around these functions by :class:`catdog_lib.training.trainer.Trainer`: where a function takes
another one as an argument, the trainer passes its own.

Lesson 03, section 5.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer

from catdog_lib.inspect.hooks import evaluating
from catdog_lib.training.metrics import Evaluation, RunningMetrics

Batches = Iterable[tuple[Tensor, Tensor]]  # images N×3×H×W and their targets N


def forward_backward(model: nn.Module, images: Tensor, targets: Tensor) -> Tensor:
    """Compute the loss of a batch and add its gradients to the parameters; return the logits."""
    logits = model(images)
    loss = F.cross_entropy(logits, targets)
    loss.backward()
    return logits.detach()


def train_step(
    model: nn.Module,
    optimizer: Optimizer,
    images: Tensor,
    targets: Tensor,
    forward_backward: Callable[[nn.Module, Tensor, Tensor], Tensor] = forward_backward,
    on_backward_end: Callable[[], object] | None = None,
) -> Tensor:
    """Learn from one batch; return the logits from before the update, N×2."""
    optimizer.zero_grad()
    logits = forward_backward(model, images, targets)
    if on_backward_end:
        on_backward_end()
    optimizer.step()
    return logits


def train_epoch(
    model: nn.Module,
    batches: Batches,
    step: Callable[[Tensor, Tensor], Tensor],
    on_batch_end: Callable[[], object] | None = None,
) -> RunningMetrics:
    """Take a step on every batch; return the loss and accuracy along the way."""
    model.train()
    metrics = RunningMetrics()
    for images, targets in batches:
        logits = step(images, targets)
        metrics.add(logits, targets)
        if on_batch_end:
            on_batch_end()
    return metrics


@torch.no_grad()
def predict(
    model: nn.Module, batches: Batches, forward: Callable[[Tensor], Tensor] | None = None
) -> tuple[Tensor, Tensor]:
    """Return the logits of all images, N×2, and their targets, N; in evaluation mode."""
    forward = forward or model
    all_logits, all_targets = [], []
    with evaluating(model):
        for images, targets in batches:
            all_logits.append(forward(images))
            all_targets.append(targets)
    # Only now: to ask a GPU for the logits of each batch would keep it waiting for the next one.
    return torch.cat(all_logits).cpu(), torch.cat(all_targets).cpu()


def evaluate(
    model: nn.Module,
    batches: Batches,
    predict: Callable[[nn.Module, Batches], tuple[Tensor, Tensor]] = predict,
) -> Evaluation:
    """Return the loss and accuracy of the model on all images."""
    logits, targets = predict(model, batches)
    loss = F.cross_entropy(logits, targets).item()
    accuracy = (logits.argmax(1) == targets).double().mean().item()
    return Evaluation(loss, accuracy, len(targets))
