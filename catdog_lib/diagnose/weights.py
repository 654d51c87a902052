"""A saved model that is not the trained one: never trained, or not the one that was evaluated."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from scipy.stats import ks_2samp
from torch import Tensor, nn

from catdog_lib.diagnose.finding import CERTAIN, LIKELY, POSSIBLE, Finding
from catdog_lib.inspect.hooks import evaluating

_CHUNK = 16  # images that the network sees at once
_FRESH = 3  # networks to compare with
_ALIKE = 1e-3  # p-value above which values may come from the initialization
_LEARNED = 0.9  # of the loss of guessing
_ACCURACY = 0.02  # by which number formats may change an accuracy


def untrained_weights(
    model: nn.Module,
    fresh: Callable[[], nn.Module],
    train_images: Tensor | None = None,
    train_labels: Tensor | None = None,
) -> list[Finding]:
    """Recognize a network whose weights are those of a fresh initialization.

    Somebody builds a new network and saves that one. Training leaves traces: BatchNorm counts its
    batches, scales leave 1 and shifts leave 0, and random weights leave the distribution that they
    were drawn from, mostly over its ends. Only what may learn is compared, so a frozen pretrained
    backbone says nothing. A short training run of a small network without BatchNorm leaves hardly a
    trace; with images that it was trained on, its loss decides as well.

    Args:
        model: the network in question.
        fresh: makes a new network of the same kind, with new random numbers, such as
            ``lambda: MyCNN(width=16)``.
        train_images, train_labels: images that the network should have learned, as it takes them.
    """
    with torch.random.fork_rng():
        others = [dict(fresh().named_parameters()) for _ in range(_FRESH)]
    drawn, compared = [], 0
    for name, parameter in model.named_parameters():
        if not parameter.requires_grad:
            continue
        values, starts = parameter.detach(), [other[name].detach() for other in others]
        compared += 1
        if not all(torch.equal(starts[0], start) for start in starts[1:]):
            drawn.append((values.cpu().flatten(), torch.cat(starts).cpu().flatten()))
        elif not torch.equal(values.cpu(), starts[0].cpu()):
            return []  # a constant, or a pretrained weight, that has moved
    learned = train_images is not None and _has_learned(model, train_images, train_labels)
    if not compared or learned or not _as_drawn(drawn):
        return []
    counters = [int(b) for n, b in model.named_buffers() if n.endswith("num_batches_tracked")]
    never_ran = bool(counters) and not any(counters)
    signs = [
        "BatchNorm has counted no batch" * never_ran,
        "on its training images it is no better than guessing" * (train_images is not None),
    ]
    saw = "; ".join(
        [
            f"All {compared} weight tensors that can learn look like those of a fresh network: "
            "constants are unchanged, and random values are spread as at the start",
            *filter(None, signs),
        ]
    )
    certainty = CERTAIN if never_ran else LIKELY if train_images is not None else POSSIBLE
    advice = "Save the network that was trained, model.state_dict(), not one that was built again."
    numbers = {"tensors": compared, "batches_counted": max(counters, default=0)}
    return [Finding("untrained_weights", f"{saw}.", certainty, advice, numbers)]


@torch.no_grad()
def _has_learned(model: nn.Module, images: Tensor, labels: Tensor) -> bool:
    """Tell whether the loss is clearly below that of guessing, the entropy of the classes."""
    shares = torch.bincount(labels.cpu()).double() / len(labels)
    guessing = -torch.special.xlogy(shares, shares).sum().item()
    with evaluating(model):
        logits = torch.cat([model(some).float() for some in images.split(_CHUNK)])
    return F.cross_entropy(logits, labels).item() < _LEARNED * guessing


def _as_drawn(drawn: list[tuple[Tensor, Tensor]]) -> bool:
    """Tell whether all values may come from the distributions of the fresh ones.

    That is, few lie beyond the largest of the fresh ones, and no tensor fails the test of
    Kolmogorov and Smirnov.
    """
    beyond = sum(int((v.abs() > start.abs().max()).sum()) for v, start in drawn)
    if beyond > 2 + len(drawn):  # of each tensor 1/3 of a value, if it is fresh
        return False
    smallest = min((ks_2samp(v.numpy(), start.numpy()).pvalue for v, start in drawn), default=1.0)
    return smallest > _ALIKE / max(1, len(drawn))


def other_weights(
    recorded_accuracy: float, test_outputs: Tensor, test_labels: Tensor
) -> list[Finding]:
    """Compare the accuracy that was written down with the one that the network has now.

    On the same images both are the same, except for a few images near the boundary, which change
    with the number format.

    Args:
        recorded_accuracy: between 0 and 1.
        test_outputs: what the network answers now to the images of that accuracy, N×K.
        test_labels: N.
    """
    correct = int((test_outputs.argmax(1) == test_labels).sum())
    count = len(test_labels)
    difference = correct / count - recorded_accuracy
    if abs(difference) <= max(_ACCURACY, 3 / count):
        return []
    saw = (
        f"The recorded accuracy is {recorded_accuracy:.1%}; on {count} images the network now has "
        f"{correct / count:.1%}, which is {abs(difference) * count:.0f} images "
        f"{'more' if difference > 0 else 'fewer'}."
    )
    advice = (
        "If the images are the same, these are not the weights that were evaluated, or they are "
        "shown differently: load the weights again, and compare preprocessing and evaluation mode."
    )
    numbers = {"recorded": recorded_accuracy, "now": correct / count, "images": count}
    return [Finding("other_weights", saw, LIKELY, advice, numbers)]
