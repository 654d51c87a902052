"""Checker of lesson 05, L1 regularization: the loss with its penalty (05.3)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import require_value, same, show
from catdog_lib.exercises.random_inputs import seeded
from catdog_lib.exercises.registry import exercise, require


@exercise("05.3", "penalized_loss")
def penalized_loss(answer: Callable[[nn.Module, Tensor, Tensor, float], Tensor]) -> None:
    """Check the mended loss: cross-entropy plus lam times Σ|w| of the connections."""
    with seeded(5):
        network, images = _network(), torch.rand(7, 3, 4, 4, dtype=torch.float64)
    labels = torch.tensor([0, 1, 1, 0, 1, 0, 1])
    for lam, trains in ((0.125, True), (0.5, False)):
        model, reference = deepcopy(network).train(trains), deepcopy(network).train(trains)
        value = ask(answer, model, images, labels, lam, draws=True)
        loss = F.cross_entropy(reference(images), labels)
        layers = [reference[0], reference[4][0][0]]
        kernels, matrix = (layer.weight.abs() for layer in layers)
        weights = kernels.sum() + matrix.sum()
        biases = sum(layer.bias.abs().sum() for layer in layers)
        everything = sum(p.abs().sum() for p in reference.parameters())
        number = kernels.numel() + matrix.numel()
        mistakes = {
            "The loss of the images is missing: is it overwritten?": [
                lam * weights,
                lam * everything,
                lam * kernels.sum(),
                lam * matrix.sum(),
                lam * layers[1].bias.abs().sum(),
                lam * layers[1].bias.abs().mean(),
            ],
            "The penalty is missing.": loss,
            "Biases and BatchNorm pay, too; only the weights of convolutions and linear layers "
            "should.": loss + lam * everything,
            "BatchNorm's scale is called weight, too; ask for the kind of layer, not for the "
            "name.": loss + lam * (weights + reference[1].weight.abs().sum()),
            "The biases pay, too.": loss + lam * (weights + biases),
            "A mean is left: the penalty is λ times the sum of |w|.": [
                loss + lam * (kernels.mean() + matrix.mean()),
                loss + lam * sum(p.abs().mean() for p in reference.parameters()),
                loss + lam * weights / number,
            ],
            "The linear layer does not pay; it lies in an inner module.": loss
            + lam * kernels.sum(),
            "The convolution does not pay.": loss + lam * matrix.sum(),
            "You divided the penalty by the number of images; it does not depend on the batch.": (
                loss + lam * weights / len(labels)
            ),
            "Squares make it L2; take absolute values.": (
                loss + lam * sum(layer.weight.square().sum() for layer in layers)
            ),
            "Without abs() positive and negative weights cancel.": (
                loss + lam * sum(layer.weight.sum() for layer in layers)
            ),
            "lam does not multiply the penalty.": loss + weights,
        }
        right = loss + lam * weights
        otherwise = (
            f"With lam={lam} the loss should be {show(right.item())}, yours is {show(value)}."
        )
        require_value(value, right, mistakes, otherwise)
        require(
            same(model[1].running_mean, reference[1].running_mean),
            "Your function sends the images through the model more than once: BatchNorm's running "
            "mean moves each time. Call model(images) once.",
        )
        _check_gradients(value, model, right, reference)


def _check_gradients(value: object, model: nn.Module, right: Tensor, reference: nn.Module) -> None:
    """Require that the loss can be trained on: its gradients are those of loss and penalty."""
    require(
        isinstance(value, Tensor) and value.requires_grad,
        "The number is right, but it has no graph, so backward() cannot compute gradients from it. "
        "Leave out .item(), .detach(), no_grad() and torch.tensor().",
    )
    found = torch.autograd.grad(value.sum(), list(model.parameters()), allow_unused=True)
    target = torch.autograd.grad(right, list(reference.parameters()))
    for one, other in zip(found, target, strict=True):
        require(
            one is not None and same(one, other),
            "The number is right, but not its gradients: a part of the sum is cut off from the "
            "graph by .item(), .detach(), .data or no_grad().",
        )


def _network() -> nn.Sequential:
    """Return a network whose layers all have parameters that are not 0."""
    model = nn.Sequential(
        nn.Conv2d(3, 2, 3),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Sequential(nn.Sequential(nn.Linear(8, 2))),
    ).double()
    nn.init.uniform_(model[1].weight, 0.5, 1.5)
    nn.init.uniform_(model[1].bias, 0.5, 1.5)
    return model
