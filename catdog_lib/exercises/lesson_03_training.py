"""Checkers of lesson 03, Your own CNN: an epoch of training (03.3)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.exercises.calling import call
from catdog_lib.exercises.checking import (
    FLOAT32,
    Mistakes,
    require_sequence,
    require_value,
    same,
    show,
)
from catdog_lib.exercises.random_inputs import generator, seeded
from catdog_lib.exercises.registry import WrongAnswer, exercise, require

Batches = list[tuple[Tensor, Tensor]]


@exercise("03.3", "train_epoch")
def train_epoch(answer: Callable) -> None:
    """Check a function of (model, optimizer, batches): an epoch; its mean loss and accuracy."""
    for make in (_with_momentum, _with_adam):
        yours, your_optimizer = make()
        batches = _batches()
        result = call(
            answer,
            yours,
            your_optimizer,
            batches,
            keeps="the images or the labels",
            trains=True,
            draws=True,
        )
        result = require_sequence(result, 2, "two numbers, the mean loss and the accuracy")
        require(
            not any(isinstance(number, Tensor) and number.requires_grad for number in result),
            "Return plain numbers: add up loss.item(), not loss. A loss that is still a tensor "
            "keeps all that it was computed from in memory.",
        )
        model, optimizer = make()
        right = _epoch(model, optimizer, batches)
        good_weights = same(_flat(yours), _flat(model), **FLOAT32)
        if good_weights and same(list(result), list(right), **FLOAT32):
            require(
                all(
                    same(one, other, **FLOAT32)
                    for one, other in zip(yours.buffers(), model.buffers(), strict=True)
                ),
                "Weights and numbers are right, but not BatchNorm's running statistics, which move "
                "in every forward pass: send each batch through the model once.",
            )
            continue  # on some batches a mistake gives the same, and does no harm
        for hint, mistake in MISTAKES.items():
            model, optimizer = make()
            wrong = mistake(model, optimizer, batches)
            hit = same(_flat(yours), _flat(model), **FLOAT32)
            require(not (hit and same(list(result), list(wrong), **FLOAT32)), hint)
        if not good_weights:
            require(
                yours.training,
                "After the epoch the weights are wrong, and the model is in evaluation mode. Which "
                "line sets the mode?",
            )
            raise WrongAnswer(
                "After the epoch the weights are not those of a correct one. For each batch: "
                "forward in training mode, loss of the logits, clear the old gradients, backward, "
                "step."
            )
        _require_numbers(result, right, _count(batches))


def _require_numbers(result: tuple, right: tuple[float, float], count: int) -> None:
    """Require the right mean loss and accuracy of an epoch whose weights are right."""
    loss, accuracy = result
    require(
        not same([loss, accuracy], list(right[::-1]), **FLOAT32),
        "The weights are right. You return the accuracy first; return the mean loss first.",
    )
    total = "That is the sum over all images: divide by their number."
    require_value(
        loss,
        right[0],
        {total: right[0] * count},
        f"The weights are right. Over all {count} images, each counted alike, the loss that the "
        f"training computes is {show(right[0])} on average; you return {show(loss)}.",
        **FLOAT32,
    )
    require_value(
        accuracy,
        right[1],
        {total: right[1] * count, "Return a share from 0 to 1, not per cent.": 100 * right[1]},
        f"The weights and the loss are right. Over all {count} images, each counted alike, the "
        f"accuracy is {show(right[1])}; you return {show(accuracy)}.",
        **FLOAT32,
    )


def _epoch(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Batches,
    *,
    softmax: bool = False,
    clears: str = "before",
    trains: bool = True,
    loss_by_image: bool = True,
    accuracy_by_image: bool = True,
) -> tuple[float, float]:
    """Train for an epoch, rightly or with some of the mistakes of the exercise."""
    model.train(trains or model.training)
    total_loss = right = 0.0
    for images, labels in batches:
        logits = model(images).softmax(1) if softmax else model(images)
        loss = F.cross_entropy(logits, labels)
        if clears == "before":
            optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if clears == "after":
            optimizer.zero_grad()
        hits = (logits.argmax(1) == labels).double().mean().item()
        total_loss += loss.item() * (len(labels) if loss_by_image else 1)
        right += hits * (len(labels) if accuracy_by_image else 1)
    return (
        total_loss / (_count(batches) if loss_by_image else len(batches)),
        right / (_count(batches) if accuracy_by_image else len(batches)),
    )


def _mistaken(**settings: bool | str) -> Callable:
    return lambda model, optimizer, batches: _epoch(model, optimizer, batches, **settings)


MISTAKES: Mistakes = {
    "cross_entropy takes logits and does the softmax itself; you do it twice.": _mistaken(
        softmax=True
    ),
    "Old gradients still count: they add up until you call optimizer.zero_grad().": _mistaken(
        clears="never"
    ),
    "The model came with old gradients, and your first step still uses them: clear them before "
    "backward(), not only after step().": _mistaken(clears="after"),
    "The model came in evaluation mode and you left it there; training needs model.train().": (
        _mistaken(trains=False)
    ),
    "The mean loss gives an image in the small last batch more weight than the others.": _mistaken(
        loss_by_image=False
    ),
    "The accuracy gives an image in the small last batch more weight than the others.": _mistaken(
        accuracy_by_image=False
    ),
    "Loss and accuracy give an image in the small last batch more weight than the others.": (
        _mistaken(loss_by_image=False, accuracy_by_image=False)
    ),
}


def _model() -> nn.Module:
    """Return a small network with BatchNorm, in evaluation mode, with gradients of an old step."""
    with seeded(33):
        layers = nn.Flatten(), nn.Linear(48, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 2)
        model = nn.Sequential(*layers).eval()
        for parameter in model.parameters():
            parameter.grad = torch.randn_like(parameter)
    return model


def _with_momentum() -> tuple[nn.Module, torch.optim.Optimizer]:
    model = _model()
    return model, torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)


def _with_adam() -> tuple[nn.Module, torch.optim.Optimizer]:
    model = _model()
    return model, torch.optim.Adam(model.parameters(), lr=0.02)


def _batches() -> Batches:
    """Return batches of 6, 6, 6 and 3 images."""
    rng = generator(3)
    images = torch.rand(21, 3, 4, 4, generator=rng)
    labels = torch.tensor([0, 1, 1, 0, 1, 0, 1] * 3)
    return list(zip(images.split(6), labels.split(6), strict=True))


def _count(batches: Batches) -> int:
    return sum(len(labels) for _, labels in batches)


def _flat(model: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten().clone() for p in model.parameters()])
