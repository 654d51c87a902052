"""How good is a network? Its logits on a set of pictures, and what follows from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.data.classes import CLASSES
from catdog_lib.data.image_set import ImageSet, batches
from catdog_lib.device import autocast, fast_dtype
from catdog_lib.distributed import Team, team
from catdog_lib.memory import keep_freed_memory

_BATCH = 128


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


class Tally:
    """Notes loss and hits batch by batch, on the device; reading the result is the only time that it is waited for.

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

    def of_all(self, team: Team) -> Tally:
        """The tally of all processes' batches together; each has counted its share of every batch."""
        whole = Tally(self._hits.device)
        whole._sums = list(team.total(torch.stack(self._sums)))
        whole._hits = team.total(self._hits)
        whole._count = int(team.total(torch.tensor(self._count)))
        return whole

    def first_without_number(self) -> int | None:
        """The first batch, counted from 1, whose loss is infinite or no number; None if all are numbers."""
        bad = (~torch.stack(self._sums).isfinite()).nonzero()
        return int(bad[0]) + 1 if len(bad) else None

    def result(self) -> Evaluation:
        """The mean over all pictures so far."""
        total = math.fsum(torch.stack(self._sums).tolist())
        return Evaluation(total / self._count, self._hits.item() / self._count, self._count)


def answer(
    model: nn.Module, pictures: Tensor, *, mirror: bool = False, sizes: Sequence[int] = ()
) -> Tensor:
    """The logits for a batch of pictures, N×2 float32: the mean over all the ways in which each is looked at.

    Args:
        model: takes pictures of any size, if ``sizes`` are given.
        pictures: uint8, N×3×H×W.
        mirror: look at each picture's mirror image, too.
        sizes: look at the pictures made this high and wide, in pixels; () takes them as they are.
    """
    views = [pictures]
    if sizes:
        values = pictures.float() / 255
        views = [F.interpolate(values, (s, s), mode="bilinear", antialias=True) for s in sizes]
    if mirror:
        views += [view.flip(3) for view in views]
    return torch.stack([model(view).float() for view in views]).mean(0)


@torch.no_grad()
def predict(
    model: nn.Module,
    images: ImageSet,
    dtype: torch.dtype | None = None,
    *,
    mirror: bool = False,
    sizes: Sequence[int] = (),
) -> Tensor:
    """The network's logits for every picture, N×2 float32, on the CPU, in the order of the set.

    The network is put into evaluation mode meanwhile (BatchNorm uses its running statistics) and back afterwards.
    In a team of processes each takes a share of the pictures, and all get the logits of all.

    Args:
        model: on whatever device it is.
        images: the set.
        dtype: number format of the convolutions; None takes the fastest that costs no accuracy.
        mirror, sizes: how each picture is looked at (:func:`answer`).
    """
    keep_freed_memory()
    device = next(model.parameters()).device
    together = team()
    dtype = dtype or together.from_first(lambda: fast_dtype(device))
    was_training = model.training
    model.eval()
    logits = []
    mine = images
    if together.size > 1:
        mine = images.subset(torch.arange(len(images))[together.share(len(images))])
    for pictures, _ in batches(mine, _BATCH, device=device):
        with autocast(device, dtype):
            logits.append(answer(model, pictures, mirror=mirror, sizes=sizes).cpu())
    model.train(was_training)
    return together.gather(torch.cat(logits), len(images))


def evaluate(
    model: nn.Module,
    images: ImageSet,
    dtype: torch.dtype | None = None,
    *,
    mirror: bool = False,
    sizes: Sequence[int] = (),
) -> Evaluation:
    """Cross-entropy loss and accuracy of ``model`` on ``images``; arguments as in :func:`predict`."""
    logits = predict(model, images, dtype, mirror=mirror, sizes=sizes)
    loss = F.cross_entropy(logits, images.labels).item()
    accuracy = (logits.argmax(1) == images.labels).double().mean().item()
    return team().from_first(lambda: Evaluation(loss, accuracy, len(images)))


def confusion_matrix(labels: Tensor, predictions: Tensor) -> Tensor:
    """Count the answers: row = what the picture is, column = what the network says; 2×2 int64."""
    classes = len(CLASSES)
    return torch.bincount(labels * classes + predictions, minlength=classes**2).view(
        classes, classes
    )


def most_wrong(logits: Tensor, labels: Tensor) -> Tensor:
    """Positions of the wrongly answered pictures, the one with the smallest probability for its true class first."""
    right = logits.softmax(1)[torch.arange(len(labels)), labels]
    order = right.argsort()
    return order[(logits.argmax(1) != labels)[order]]


def wilson_interval(hits: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % confidence interval of a share, from ``hits`` out of ``count``.

    With p = hits / count, its centre is (p + z²/2n) / (1 + z²/n) and its half-width
    z √(p(1 − p)/n + z²/4n²) / (1 + z²/n). Unlike p ± z √(p(1 − p)/n) it stays inside [0, 1] and is right for small n.

    Source: E. B. Wilson, Journal of the American Statistical Association 22 (1927), 209–212.
    """
    p, shrink = hits / count, 1 + z * z / count
    centre = (p + z * z / (2 * count)) / shrink
    half = z * math.sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / shrink
    return max(0.0, centre - half), min(1.0, centre + half)
