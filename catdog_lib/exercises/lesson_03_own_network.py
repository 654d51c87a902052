"""Checker of lesson 03, Your own CNN: a network of your own (03.6)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.exercises.calling import call, seeded
from catdog_lib.exercises.checking import same
from catdog_lib.exercises.registry import exercise, require
from catdog_lib.models import count_parameters
from catdog_lib.sketches import draw_images


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
        model = call(answer, draws=True)
        require(isinstance(model, nn.Module), "Calling your answer should return an nn.Module.")
        kinds = {type(module) for module in model.modules()}
        hint = "There is no convolution in your network."
        require(any(issubclass(kind, nn.Conv2d) for kind in kinds), hint)
        drawn, targets = draw_images(20, 64, seed=1)
        images, labels = torch.from_numpy(drawn), torch.from_numpy(targets)
        _require_logits(model, images)
        parameters = count_parameters(model)
        require(
            parameters <= 100_000,
            f"Your network has {parameters:,} parameters; keep it at 100,000 or fewer. Where are "
            "most of them?",
        )
        _require_learning(model, images, labels)


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
    hint = "Many logits are exactly 0 and none is below: is there a ReLU after the last layer?"
    require(not (positive and (logits == 0).double().mean() >= 0.25), hint)
    model.eval()
    spread = model(images).std(0).max().item()
    require(spread > 1e-6, "All 20 images get the same answer: does forward() use its argument?")


def _require_learning(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Require that the network learns the labels of 20 images by heart, with all its parameters."""
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
