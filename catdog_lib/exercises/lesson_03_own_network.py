"""Checker of lesson 03, Your own CNN: a network of your own (03.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from catdog_lib.exercises.calling import call
from catdog_lib.exercises.checking import same
from catdog_lib.exercises.own_line import describe
from catdog_lib.exercises.random_inputs import seeded
from catdog_lib.exercises.registry import WrongAnswer, exercise, require
from catdog_lib.models import count_parameters
from catdog_lib.sketches import draw_images


@exercise("03.6")
def own_network(answer: Callable[[], nn.Module]) -> None:
    """Check a function or class that makes a network: 3×64×64 in, 2 logits out.

    It has at most 100,000 parameters.
    """
    require(
        callable(answer) and not isinstance(answer, nn.Module),
        "Give the class or function itself, MyNetwork, not a finished network, MyNetwork().",
    )
    with seeded(0):  # the whole check: a network may have dropout
        model = call(answer, draws=True)
        require(isinstance(model, nn.Module), "Calling your answer should return an nn.Module.")
        drawn, targets = draw_images(20, 64, seed=1)
        images, labels = torch.from_numpy(drawn), torch.from_numpy(targets)
        with _Weights() as used:
            logits = _logits(model, images)
        _require_weights(model, used)
        _require_logits(logits)
        _require_each_by_itself(model, images)
        _require_free(model, images)
        _require_learning(model, images, labels)


class _Weights(TorchFunctionMode):
    """Notes the weights of convolutions and linear layers that run: nn.Conv2d or F.conv2d."""

    def __init__(self) -> None:
        super().__init__()
        self.kernels: list[Tensor] = []
        self.matrices: list[Tensor] = []

    def __torch_function__(
        self, func: Callable, types: object, args: tuple = (), kwargs: dict | None = None
    ) -> object:
        """Call the function, and note its second argument."""
        noted = {"conv2d": self.kernels, "linear": self.matrices}.get(func.__name__)
        kwargs = kwargs or {}
        if noted is not None:
            noted.append(args[1] if len(args) > 1 else kwargs["weight"])
        elif func.__name__ == "batch_norm" and isinstance(kwargs.get("weight"), Tensor):
            self.matrices.append(kwargs["weight"])
        return func(*args, **kwargs)


def _logits(model: nn.Module, images: Tensor) -> Tensor:
    """Return the network's logits of a copy of the images; say where it stops, if it does."""
    given = images.clone()
    try:
        logits = model(given)
    except Exception as error:
        said = str(error)
        advice = ""
        if "unsigned char" in said or "Byte" in said:
            advice = " The images are bytes, uint8: does the network begin with Normalize()?"
        elif "mat1 and mat2" in said:
            advice = " How many numbers reach the linear layer? Print the shape before it."
        shape = "×".join(map(str, images.shape))
        raise WrongAnswer(
            f"For {shape} images your network stopped with {describe(error)}.{advice}"
        ) from error
    kind = type(logits).__name__
    hint = f"The network should return a tensor of logits; it returns {kind}: see forward()."
    require(isinstance(logits, Tensor), hint)
    require(torch.equal(given, images), "The network changes the images that it is given.")
    return logits


def _require_weights(model: nn.Module, used: _Weights) -> None:
    """Require a convolution, weights that are the network's own, and not too many of them."""
    require(bool(used.kernels), "No convolution runs in forward(): did you make one, and call it?")
    own = {id(parameter) for parameter in model.parameters()}
    hidden = [w for w in used.kernels + used.matrices if w.requires_grad and id(w) not in own]
    require(
        not hidden,
        "forward() uses layers whose weights are not in model.parameters(), so no optimizer moves "
        "them. Make layers in __init__, in nn.Sequential or nn.ModuleList, not in a plain list.",
    )
    parameters = count_parameters(model)
    require(
        parameters <= 100_000,
        f"Your network has {parameters:,} parameters; keep it at 100,000 or fewer. Where are "
        "most of them?",
    )


def _require_logits(logits: Tensor) -> None:
    """Require two numbers for each of 20 images, which are logits."""
    hint = f"20 images should give logits of shape (20, 2), not {tuple(logits.shape)}."
    require(tuple(logits.shape) == (20, 2), hint)
    require(
        not (bool((logits >= 0).all()) and same(logits.sum(1), [1.0] * 20)),
        "The network ends in a softmax; cross_entropy does that itself, so return the logits.",
    )
    require(
        not same(logits.exp().sum(1), [1.0] * 20),
        "The network ends in a log-softmax; return the logits themselves.",
    )


@contextmanager
def _shaken(model: nn.Module, factor: float = 1.0) -> Iterator[None]:
    """Add a little to all weights, which may start at 0, and multiply them, for a while."""
    kept = [parameter.detach().clone() for parameter in model.parameters()]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter)).mul_(factor)
        try:
            yield
        finally:
            for parameter, old in zip(model.parameters(), kept, strict=True):
                parameter.copy_(old)


def _require_free(model: nn.Module, images: Tensor) -> None:
    """Require logits that can be negative, and grow with the weights, in evaluation mode."""
    with _shaken(model):
        logits = _logits(model, images)
    zeros = (logits == 0).double().mean()
    hint = "Many logits are exactly 0 and none is below: is there a ReLU after the last layer?"
    require(not (bool((logits >= 0).all()) and zeros >= 0.25), hint)
    with _shaken(model, 100.0):
        logits = _logits(model, images)
    low = 0 if bool((logits >= 0).all()) else -1
    require(
        not bool(logits.abs().max() <= 1),
        f"Your logits always stay between {low} and 1: is there a "
        f"{'tanh' if low else 'sigmoid'} after the last layer? Return what goes into it.",
    )


def _require_each_by_itself(model: nn.Module, images: Tensor) -> None:
    """Require that in evaluation mode an image gets its own answer, whatever its companions."""
    model.eval()
    with _shaken(model):
        logits = _logits(model, images)
        again = _logits(model, images)
        alone = _logits(model, images[:1])
    require(
        same(again, logits, rtol=1e-3),
        "In evaluation mode the same images get different answers each time: use nn.Dropout, "
        "which model.eval() switches off.",
    )
    hint = "All 20 images get the same answer: does forward() use its argument?"
    require(float(logits.std(0).max()) > 1e-6, hint)
    require(
        alone.shape == (1, 2),
        f"A single image should give logits of shape (1, 2), not {tuple(alone.shape)}: "
        "squeeze() drops the batch's axis, too; use flatten(1), which keeps it.",
    )
    require(
        same(alone, logits[:1], rtol=1e-2, atol=1e-3),
        "In evaluation mode an image gets another answer alone than in a batch of 20: no mean "
        "may run over the batch.",
    )


def _require_learning(model: nn.Module, images: Tensor, labels: Tensor) -> None:
    """Require that the network learns the labels of 20 images by heart, with all its parameters."""
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(50):
        loss = F.cross_entropy(model(images), labels)
        hint = "No weight gets a gradient: is there a no_grad() or detach(), or is all frozen?"
        require(loss.requires_grad, hint)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    unused = [name for name, p in model.named_parameters() if p.requires_grad and p.grad is None]
    require(
        not unused,
        f"These parameters never get a gradient: {', '.join(unused)}; does forward() use their "
        "layers?",
    )
    require(
        loss.item() < 0.35,
        f"After 50 steps on 20 images the loss is still {loss.item():.2f}; it has to fall below "
        "0.35. Would more channels, BatchNorm or less dropout help?",
    )
