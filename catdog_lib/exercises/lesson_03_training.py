"""Checkers of lesson 03, Your own CNN: training steps, accuracy, your network (03.4 to 03.6)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask, call, seeded
from catdog_lib.exercises.checking import require_value, same, show
from catdog_lib.exercises.registry import exercise, require
from catdog_lib.models import count_parameters

LOSS = {"rtol": 1e-4, "atol": 1e-6}  # the tolerance for a loss or a rate


@exercise("03.4", "train_step")
def train_step(answer: Callable) -> None:
    """Check a function of (model, optimizer, images, labels) that makes one step of training.

    It returns the loss, a plain number.
    """
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(6, 3, 4, 4, generator=generator)
    labels = torch.tensor([0, 1, 1, 0, 1, 0])
    yours, mine = _small_network(), _small_network()
    optimizer = torch.optim.SGD(yours.parameters(), lr=0.5)
    reference = torch.optim.SGD(mine.parameters(), lr=0.5)
    for step in (1, 2):
        before = _flat(yours)
        value = call(answer, yours, optimizer, images, labels, keeps="the images or the labels")
        loss = F.cross_entropy(mine(images), labels)
        softmax_loss = F.cross_entropy(mine(images).softmax(1), labels)
        reference.zero_grad()
        loss.backward()
        reference.step()
        require(value is not None, "Return the loss, so that whoever calls the step can show it.")
        require(
            not isinstance(value, Tensor),
            "Return a plain number, loss.item(): a tensor would keep its whole graph in memory.",
        )
        mistakes = {
            "cross_entropy takes logits and does the softmax itself; you did it twice.": (
                softmax_loss
            ),
            "Return the mean loss of the batch, not the sum.": loss * len(labels),
        }
        right = loss.item()
        otherwise = f"The loss of step {step} should be {right:.4f}, yours is {show(value)}."
        require_value(value, right, mistakes, otherwise, **LOSS)
        require(
            not torch.equal(before, _flat(yours)),
            "The weights did not move: after loss.backward() the optimizer must take its step, "
            "while the gradients are there.",
        )
        advice = {
            1: "Look at the order of the lines.",
            2: "Do the old gradients still count? They add up until zero_grad().",
        }
        require(
            same(_flat(yours), _flat(mine), atol=1e-6),
            f"After step {step} the weights are not what one SGD step gives. {advice[step]}",
        )


def _small_network() -> nn.Module:
    with seeded(33):
        return nn.Sequential(nn.Flatten(), nn.Linear(48, 2))


def _flat(model: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten().clone() for p in model.parameters()])


@exercise("03.5", "accuracy")
def accuracy(answer: Callable[[list[Tensor], list[Tensor]], float]) -> None:
    """Check a function of lists of logits (N×2) and labels (N), one a batch: the accuracy."""
    # Two batches of three images and one of one: 3 of 7 answers are right; by batch, the rates
    # are 1/3, 1/3 and 1.
    logits = [
        torch.tensor([[2.0, 1.0], [1.5, 0.5], [-1.0, -3.0]]),
        torch.tensor([[-2.0, -1.0], [0.3, 0.2], [1.0, 4.0]]),
        torch.tensor([[0.4, 3.0]]),
    ]
    labels = [torch.tensor([0, 1, 1]), torch.tensor([1, 1, 0]), torch.tensor([1])]
    value = ask(answer, logits, labels, keeps="the logits or the labels")
    mistakes = {
        "That is the number of right answers; divide by the number of images.": 3.0,
        "Return a share between 0 and 1, not a percentage.": 300 / 7,
        "You averaged over batches, so the image alone in the last batch counted as much as "
        "three.": 5 / 9,
        "That is the share of wrong answers.": 4 / 7,
        "You looked at the last batch only, or divided by the number of batches.": 1.0,
        "You looked at one batch only; add up over all of them.": 1 / 3,
    }
    otherwise = f"3 of these 7 answers are right: {show(3 / 7)}; you have {show(value)}."
    require_value(value, 3 / 7, mistakes, otherwise, **LOSS)
    require(
        same(ask(answer, logits[:2], labels[:2]), 2 / 6, **LOSS),
        "Right on these batches, but not on others: is something fixed that should be computed?",
    )


@exercise("03.6")
def own_network(answer: Callable[[], nn.Module]) -> None:
    """Check a function or class that makes a network: 3×64×64 in, 2 logits out.

    It has at most 100,000 parameters.
    """
    require(
        callable(answer) and not isinstance(answer, nn.Module),
        "Give what makes the network, such as your class, not a finished network.",
    )
    with seeded(0):  # the whole check: a network may have dropout
        model = call(answer)
        require(isinstance(model, nn.Module), "Calling your answer should return an nn.Module.")
        kinds = {type(module) for module in model.modules()}
        hint = "There is no convolution in your network."
        require(any(issubclass(kind, nn.Conv2d) for kind in kinds), hint)
        parameters = count_parameters(model)
        require(
            parameters <= 100_000,
            f"Your network has {parameters:,} parameters; keep it at 100,000 or fewer. Where are "
            "most of them?",
        )
        generator = torch.Generator().manual_seed(1)
        images = torch.randint(0, 256, (20, 3, 64, 64), dtype=torch.uint8, generator=generator)
        _require_logits(model, images)
        _require_learning(model, images)


def _require_logits(model: nn.Module, images: Tensor) -> None:
    """Require that the network answers each of 20 images with two numbers that are logits."""
    try:
        logits = model(images)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        require(
            False,
            f"The network does not take uint8 images 20×3×64×64 ({reason}); "
            "does it begin with Normalize(), and does the linear layer fit?",
        )
    hint = f"20 images should give logits of shape (20, 2), not {tuple(logits.shape)}."
    require(tuple(logits.shape) == (20, 2), hint)
    positive = bool((logits >= 0).all())
    require(
        not (positive and same(logits.sum(1), [1.0] * 20, atol=1e-3)),
        "The network ends in a softmax; cross_entropy does that itself, so return the logits.",
    )
    require(
        not same(logits.exp().sum(1), [1.0] * 20, atol=1e-3),
        "The network ends in a log-softmax; return the logits themselves.",
    )
    hint = "No logit is below zero: is there a ReLU after the last layer?"
    require(bool((logits != 0).any()) and not positive, hint)
    model.eval()
    spread = model(images).std(0).max().item()
    require(spread > 1e-6, "All 20 images get the same answer: does forward() use its argument?")


def _require_learning(model: nn.Module, images: Tensor) -> None:
    """Require that the network learns the labels of 20 images by heart, with all its parameters."""
    labels = torch.arange(20) % 2
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(50):
        loss = F.cross_entropy(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    unused = [name for name, p in model.named_parameters() if p.grad is None]
    require(
        not unused,
        f"These parameters never get a gradient: {', '.join(unused)}; does forward() use their "
        "layers?",
    )
    require(
        loss.item() < 0.35,
        f"After 50 steps on the same 20 images its loss is still {loss.item():.2f}: it cannot "
        "learn them by heart. More channels, or BatchNorm?",
    )
