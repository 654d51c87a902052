"""Checkers of lesson 08, The clinic: two predictions in numbers (08.1 and 08.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.checking import (
    as_float64,
    require_sequence,
    require_value,
    show,
)
from catdog_lib.exercises.registry import exercise

CLASSES = (2, 10, 1000)
TO_TWO_DECIMALS = {"rtol": 0.0, "atol": 0.0051}


@exercise("08.1", is_prediction=True)
def floors(answer: Sequence[float]) -> str:
    """Check the lowest loss that a second softmax leaves, for 2, 10 and 1,000 classes."""
    values = as_float64(require_sequence(answer, 3, "three losses, for 2, 10 and 1,000 classes"))
    right = torch.stack([_loss_of_certainty(count) for count in CLASSES])
    counts = torch.tensor(CLASSES)
    mistakes = {
        "Those are the losses of a network that knows nothing. This one is certain, and right: "
        "which numbers does the loss take for its logits?": counts.log(),
        "With one softmax the loss could fall to 0. The second one reads 1 for the right class and "
        "0 for each of the others.": torch.zeros(3),
        "The fraction is upside down: the right class counts e¹ = e, each of the others e⁰ = 1.": (
            1 + (counts - 1) * math.e
        ).log(),
        "That is the logarithm of the whole sum, e + K − 1; the loss is that minus the logit of "
        "the right class, 1.": (math.e + counts - 1).log(),
        "The other classes are K − 1, not K.": (1 + counts / math.e).log(),
        "The floor depends on the number of classes: each of the K − 1 wrong ones adds e⁰ = 1 to "
        "the sum.": right[0].expand(3),
    }
    otherwise = f"The losses are {show((100 * right).round() / 100)}; you said {show(values)}."
    require_value(values, right, mistakes, otherwise, **TO_TWO_DECIMALS)
    return "With 1,000 classes, such a loss starts at 6.91 and cannot fall below 5.91."


def _loss_of_certainty(classes: int) -> Tensor:
    """Return the cross-entropy of probabilities taken for logits: 1 for the right class, else 0."""
    certain = F.one_hot(torch.tensor([0]), classes).double()
    return F.cross_entropy(certain, torch.tensor([0]))


START, RATE, STEPS = 1.0, 0.5, 3


@exercise("08.2", is_prediction=True)
def weights_without_clearing(answer: Sequence[float]) -> str:
    """Check where a weight is after each of three steps whose gradients are never cleared."""
    values = as_float64(require_sequence(answer, STEPS, "the weight after each of three steps"))
    right = _path(clears=False)
    cleared = _path(clears=True)
    start = torch.tensor(START)
    mistakes = {
        "That is where the weight would be if each step began with zero_grad().": cleared,
        "These are the gradients that .grad holds; the question is where the weight is.": (
            torch.tensor([1.0, 1.5, 1.25])
        ),
        "The gradient of w²/2 is w, and w moves: the second gradient is 0.5, not 1.": (
            torch.tensor([0.5, -0.5, -2.0])
        ),
        "The first weight that you give is the start; give those after the steps.": torch.cat(
            [start[None], right[:2]]
        ),
        "Add the gradients, and multiply by the learning rate once.": torch.tensor(
            [0.5, 0.0, -0.25]
        ),
    }
    otherwise = (
        f"The weights are {show(right)}; you said {show(values)}. After the first step .grad holds "
        "1; backward() adds the new gradient, 0.5."
    )
    require_value(values, right, mistakes, otherwise, **TO_TWO_DECIMALS)
    return f"With the gradients cleared, they would be {show(cleared)}: closer to 0 in each step."


def _path(clears: bool) -> Tensor:
    """Return the weight after each step of SGD on w²/2."""
    weight = torch.tensor(START, requires_grad=True)
    optimizer = torch.optim.SGD([weight], lr=RATE)
    path = []
    with torch.enable_grad():
        for _ in range(STEPS):
            if clears:
                optimizer.zero_grad()
            (weight**2 / 2).backward()
            optimizer.step()
            path.append(weight.detach().clone())
    return torch.stack(path)
