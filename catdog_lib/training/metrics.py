"""Loss and accuracy, and how far to trust them.

Lesson 00, section 6; Lesson 03, section 6.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.errors import CatdogError
from catdog_lib.training.distributed import DistributedContext


@dataclass(frozen=True)
class Evaluation:
    """Loss and accuracy on ``count`` images, each image counting the same."""

    loss: float
    accuracy: float
    count: int

    def interval(self) -> tuple[float, float]:
        """Return where the true accuracy lies with 95% confidence (:func:`wilson_interval`)."""
        return wilson_interval(round(self.accuracy * self.count), self.count)

    def __str__(self) -> str:
        low, high = self.interval()
        return (
            f"accuracy {self.accuracy:.1%} (95% interval {low:.1%} to {high:.1%}), "
            f"loss {self.loss:.4f}, {self.count:,} images"
        )


class RunningMetrics:
    """Counts loss and right answers batch by batch, on the device of the logits.

    Adding a batch does not synchronize with a GPU; reading the result does. A mean over batches
    would give an image in a small last batch more weight than the rest.
    """

    def __init__(self) -> None:
        self._losses: list[Tensor] = []  # the sum over each batch
        self._correct: list[Tensor] = []  # of each batch
        self._count = 0

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Count a batch: its logits N×2 and labels N."""
        logits = logits.detach().float()
        self._losses.append(F.cross_entropy(logits, labels, reduction="sum"))
        self._correct.append((logits.argmax(1) == labels).sum())
        self._count += len(labels)

    def all_reduce(self, context: DistributedContext) -> RunningMetrics:
        """Return the metrics of all processes together; each has counted its shard of a batch."""
        everywhere = RunningMetrics()
        everywhere._losses = list(context.all_reduce_sum(torch.stack(self._losses)))
        everywhere._correct = list(context.all_reduce_sum(torch.stack(self._correct)))
        everywhere._count = int(context.all_reduce_sum(torch.tensor(self._count)))
        return everywhere

    def first_non_finite(self) -> int | None:
        """Return the first batch, counted from 1, whose loss is not finite; None if all are."""
        bad = (~torch.stack(self._losses).isfinite()).nonzero()
        return int(bad[0]) + 1 if len(bad) else None

    def result(self) -> Evaluation:
        """Return the mean over all images so far."""
        loss = math.fsum(torch.stack(self._losses).tolist()) / self._count
        correct = int(torch.stack(self._correct).sum())
        return Evaluation(loss, correct / self._count, self._count)


def check_labels(labels: Tensor, count: int, classes: int, name: str = "labels") -> None:
    """Raise an error for anything but one class, int64, for each of ``count`` images.

    Args:
        labels: classes, counted from 0.
        count, classes: how many images and classes there are.
        name: of the argument, for the message.

    Raises:
        CatdogError: there are fewer or more labels, they are no int64, or there is no such class.
    """
    if labels.shape != (count,) or labels.dtype != torch.int64:
        raise CatdogError(
            f"{name} has the shape {tuple(labels.shape)} and the type {labels.dtype}; give int64, "
            f"one class for each of the {count} images."
        )
    outside = labels[(labels < 0) | (labels >= classes)]
    if len(outside):
        raise CatdogError(
            f"{name} holds the class {int(outside[0])}, which is outside 0 to {classes - 1}; use "
            f"the numbers of the {classes} classes, counted from 0."
        )


def confusion_matrix(labels: Tensor, predictions: Tensor) -> Tensor:
    """Count the answers: row = what the image is, column = what the network says; 2×2 int64.

    Raises:
        CatdogError: labels or predictions are not one class for each image.
    """
    classes = len(CLASSES)
    check_labels(labels, len(labels), classes)
    check_labels(predictions, len(labels), classes, "predictions")
    return torch.bincount(labels * classes + predictions, minlength=classes**2).view(
        classes, classes
    )


def most_wrong(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the positions of the wrongly classified images, the most confident mistake first.

    That is the one with the smallest probability for its true class.
    """
    right = logits.softmax(1)[torch.arange(len(labels)), labels]
    order = right.argsort()
    return order[(logits.argmax(1) != labels)[order]]


def wilson_interval(hits: float, count: int, z: float = 1.96) -> tuple[float, float]:
    """Return the 95% confidence interval of a proportion, from ``hits`` out of ``count``.

    With p = hits / count, its centre is (p + z²/2n) / (1 + z²/n) and its half-width z √(p(1 − p)/n
    + z²/4n²) / (1 + z²/n). Unlike p ± z √(p(1 − p)/n) it stays inside [0, 1] and is right for small
    n.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209–212.

    Raises:
        CatdogError: ``count`` is not above 0.
    """
    if not count > 0:
        raise CatdogError(f"count is {count!r}; a proportion needs one image or more.")
    p, shrink = hits / count, 1 + z * z / count
    centre = (p + z * z / (2 * count)) / shrink
    half = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / shrink
    return max(0.0, centre - half), min(1.0, centre + half)
