"""Loss and accuracy, and how far to trust them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.training.distributed import DistributedContext


@dataclass(frozen=True)
class Evaluation:
    """Loss and accuracy on ``count`` pictures, each picture counting the same."""

    loss: float
    accuracy: float
    count: int

    def interval(self) -> tuple[float, float]:
        """Where the true accuracy lies with 95 % confidence (:func:`wilson_interval`)."""
        return wilson_interval(round(self.accuracy * self.count), self.count)

    def __str__(self) -> str:
        low, high = self.interval()
        return (
            f"accuracy {self.accuracy:.1%} (95 % interval {low:.1%} to {high:.1%}), "
            f"loss {self.loss:.4f}, {self.count:,} pictures"
        )


class RunningMetrics:
    """Notes loss and hits batch by batch, on the device; reading the result is the only time that
    it is waited for.

    A mean over batches would give a picture in a small last batch more weight than the others.
    """

    def __init__(self, device: torch.device):
        self._sums: list[Tensor] = []  # one scalar a batch
        self._hits = torch.zeros((), dtype=torch.int64, device=device)
        self._count = 0

    def add(self, logits: Tensor, labels: Tensor) -> None:
        """Count a batch: its logits N×2 and labels N."""
        self._sums.append(F.cross_entropy(logits.detach().float(), labels, reduction="sum"))
        self._hits += (logits.detach().argmax(1) == labels).sum()
        self._count += len(labels)

    def all_reduce(self, team: DistributedContext) -> RunningMetrics:
        """The tally of all processes' batches together; each has counted its share of every
        batch.
        """
        whole = RunningMetrics(self._hits.device)
        whole._sums = list(team.total(torch.stack(self._sums)))
        whole._hits = team.total(self._hits)
        whole._count = int(team.total(torch.tensor(self._count)))
        return whole

    def first_non_finite(self) -> int | None:
        """The first batch, counted from 1, whose loss is infinite or no number; None if all are
        numbers.
        """
        bad = (~torch.stack(self._sums).isfinite()).nonzero()
        return int(bad[0]) + 1 if len(bad) else None

    def result(self) -> Evaluation:
        """The mean over all pictures so far."""
        total = math.fsum(torch.stack(self._sums).tolist())
        return Evaluation(total / self._count, self._hits.item() / self._count, self._count)


def confusion_matrix(labels: Tensor, predictions: Tensor) -> Tensor:
    """Count the answers: row = what the picture is, column = what the network says; 2×2 int64."""
    classes = len(CLASSES)
    return torch.bincount(labels * classes + predictions, minlength=classes**2).view(
        classes, classes
    )


def most_wrong(logits: Tensor, labels: Tensor) -> Tensor:
    """Positions of the wrongly answered pictures, the one with the smallest probability for its
    true class first.
    """
    right = logits.softmax(1)[torch.arange(len(labels)), labels]
    order = right.argsort()
    return order[(logits.argmax(1) != labels)[order]]


def wilson_interval(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % confidence interval of a share, from ``hits`` out of ``count``.

    With p = hits / count, its centre is (p + z²/2n) / (1 + z²/n) and its half-width z √(p(1 − p)/n
    + z²/4n²) / (1 + z²/n). Unlike p ± z √(p(1 − p)/n) it stays inside [0, 1] and is right for small
    n.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209–212.
    """
    p, shrink = hits / count, 1 + z * z / count
    centre = (p + z * z / (2 * count)) / shrink
    half = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / shrink
    return max(0.0, centre - half), min(1.0, centre + half)
