"""The checker of lesson 10, Fast and far, for micro-batches (10.6)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.exercises.calling import call
from catdog_lib.exercises.checking import FLOAT32, Mistakes, require_value, show
from catdog_lib.exercises.random_inputs import generator, seeded
from catdog_lib.exercises.registry import exercise, require


class _BatchRecorder(nn.Module):
    """A small network that notes how many images it is given at once."""

    def __init__(self):
        super().__init__()
        with seeded(10):
            self.layers = nn.Sequential(nn.Flatten(), nn.Linear(48, 5), nn.Tanh(), nn.Linear(5, 2))
        self.batch_sizes: list[int] = []

    def forward(self, images: Tensor) -> Tensor:
        self.batch_sizes.append(len(images))
        return self.layers(images)


@exercise("10.6", "accumulate")
def accumulate(answer: Callable) -> None:
    """Check a function of (model, images, labels, most): it leaves the gradient of the mean loss.

    The loss is that of the whole batch, but no more than ``most`` images are in memory at once.
    """
    all_images = torch.rand(10, 3, 4, 4, generator=generator(4))
    all_labels = torch.tensor([0, 1, 1, 1, 0, 1, 0, 0, 1, 0])
    for count, most in ((8, 2), (10, 4), (7, 10)):
        model, images, labels = _BatchRecorder(), all_images[:count], all_labels[:count]
        if count != 7:  # from a step before; a new model has none
            F.cross_entropy(model.layers(images[:2]), 1 - labels[:2]).backward()
        old = _gradients(model) if count != 7 else 0.0
        before = [p.detach().clone() for p in model.parameters()]
        model.train(count != 7)  # it must be left as it was
        value = call(
            answer, model, images, labels, most, keeps="the images or the labels", trains=True
        )
        hint = f"Return nothing: the gradients stay in the parameters. You return {show(value)}."
        require(value is None, hint)
        require(
            model.training == (count != 7),
            "Your function leaves the model in a different mode (training or evaluation): put it "
            "back, or leave it alone.",
        )
        setting = f"With {count} images and at most {most} at once"
        require(
            all(map(torch.equal, before, model.parameters())),
            "Your function changes the weights: leave the gradients and take no step.",
        )
        sizes = model.batch_sizes
        require(bool(sizes), "The model never saw an image.")
        hint = f"{setting}, you sent {max(sizes, default=0)} through the model together."
        require(max(sizes) <= most, hint)
        hint = f"{setting}, {sum(sizes)} went through the model: each image once."
        require(sum(sizes) == count, hint)
        require(
            all(p.grad is not None for p in model.parameters()),
            "There are no gradients: call backward(), and do not clear them afterwards.",
        )
        micro_batches = list(zip(images.split(most), labels.split(most), strict=True))
        means = [_gradient(model, *micro_batch) for micro_batch in micro_batches]
        right = _gradient(model, images, labels)
        mistakes: Mistakes = {
            "The old gradients still count: clear them before the first part.": right + old,
            "You left the gradient of the sum; divide by the number of images.": right * count,
            "You added up the means of the parts: each image then counts too much.": (sum(means)),
            "You took a mean of means: an image in a small part then counts more than the others. "
            "Divide each sum by the size of the whole batch.": sum(means) / len(means),
            "Only the last part is left: do not clear the gradients between the parts.": [
                means[-1],
                means[-1] * len(micro_batches[-1][1]) / count,
            ],
            "Only the first part is there.": means[0],
            "The sign is wrong: you left the gradient of minus the loss.": -right,
            "The gradients are all 0: were they cleared at the end?": torch.zeros_like(right),
        }
        otherwise = f"{setting}, your gradients are not those of the whole batch's mean loss."
        require_value(_gradients(model), right, mistakes, otherwise, **FLOAT32)


def _gradients(model: nn.Module) -> Tensor:
    """Return what the model's parameters hold as their gradients, in one row."""
    return torch.cat([p.grad.flatten().clone() for p in model.parameters()])


def _gradient(model: _BatchRecorder, images: Tensor, labels: Tensor) -> Tensor:
    """Return the gradient of the mean loss, in one row; what the parameters hold stays."""
    loss = F.cross_entropy(model.layers(images), labels)
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(model.parameters()))])
