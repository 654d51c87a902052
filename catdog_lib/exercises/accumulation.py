"""What exercise 10.6 needs: a network that watches its batches, and the mistakes in adding up
gradients, by name.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.exercises.registry import require


class Watched(nn.Module):
    """A small network that notes how many pictures it is given at once."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(10)
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(48, 5), nn.Tanh(), nn.Linear(5, 2))
        self.given: list[int] = []

    def forward(self, pictures: Tensor) -> Tensor:
        self.given.append(len(pictures))
        return self.layers(pictures)


def explain(
    value: Tensor, right: Tensor, old: Tensor, model: Watched, some: Tensor, truth: Tensor, most: int, setting: str
) -> None:  # fmt: skip
    """Name the mistake that leaves the gradient ``value`` in place of ``right``."""
    means = [
        gradient(model, F.cross_entropy(model.layers(x), y))
        for x, y in zip(some.split(most), truth.split(most), strict=True)
    ]
    parts = len(means)
    last = len(truth.split(most)[-1]) / len(truth)
    for wrong, hint in (
        (right + old, "The gradients of before still count: clear them before the first part."),
        (right * len(truth), "That is the gradient of the sum; divide by the number of pictures."),
        (
            sum(means),
            "You added up the means of the parts: each picture then counts too much. Divide.",
        ),
        (
            sum(means) / parts,
            "A mean of means: a picture in a small part counts more than the others. Divide each "
            "part's sum by the size of the whole batch.",
        ),
        (means[-1], "Only the last part is left: do not clear the gradients between the parts."),
        (
            means[-1] * last,
            "Only the last part is left: do not clear the gradients between the parts.",
        ),
        (means[0], "Only the first part is there."),
        (-right, "The sign: the gradient of the loss, not of minus the loss."),
        (torch.zeros_like(right), "The gradients are all 0: were they cleared at the end?"),
    ):
        if not torch.allclose(
            wrong, right, atol=1e-6
        ):  # with a single part some mistakes do no harm
            require(not torch.allclose(value, wrong, atol=1e-6), hint)
    require(
        torch.allclose(value, right, atol=1e-6),
        f"{setting}, the gradients are not those of the whole batch's mean loss.",
    )


def gradients_of(model: nn.Module) -> Tensor:
    """What the model's parameters hold as their gradients, in one row."""
    return torch.cat([p.grad.flatten().clone() for p in model.parameters()])


def gradient(model: nn.Module, loss: Tensor) -> Tensor:
    """The gradient of ``loss``, in one row; what the parameters hold stays."""
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])
