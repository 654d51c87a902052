"""Checkers of lesson 10, Fast and far: loss scaling and averaging (10.3 and 10.4)."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask, call
from catdog_lib.exercises.checking import FLOAT32, as_float64, require_value, show
from catdog_lib.exercises.random_inputs import generator, seeded
from catdog_lib.exercises.registry import exercise, require

MOST = 0.5  # the norm that the exercise's gradients are cut to
# A factor of the loss, and the scale: the gradient is shorter than MOST, then longer, since two
# mistakes may coincide in one of the two.
SETTINGS = ((0.01, 4.0), (10.0, 128.0))


@exercise("10.3", "scaled_step")
def scaled_step(answer: Callable) -> None:
    """Check a function of (model, optimizer, loss, scale): a step with loss scaling, mended."""

    def both(step: Callable) -> Tensor:
        return torch.cat([_stepped(step, *setting) for setting in SETTINGS])

    mistakes = {
        "The weights have not changed: call optimizer.step().": both(lambda *_: None),
        "You cut the gradients while they were still multiplied by the scale: divide first.": (
            both(_made("zbcds"))
        ),
        "The gradients were never divided by the scale.": both(_made("zbcs")),
        "The gradients are no longer cut to a norm of 0.5.": both(_made("zbds")),
        "Old gradients still count: clear them before backward().": both(_made("bdcs")),
    }
    otherwise = "The weights after the step are not the right ones."
    require_value(both(answer), both(_made("zbdcs")), mistakes, otherwise)
    for place in range(3):
        _require_skipped(answer, place)


def _stepped(step: Callable, factor: float, scale: float) -> Tensor:
    """Return a small network's weights after a step from a loss of this size."""
    with seeded(3):
        model, x = nn.Linear(4, 2), torch.randn(6, 4)
    optimizer = _with_a_past(model, model(x).sum())
    loss = factor * (model(x) - 1).square().mean()
    _call(step, model, optimizer, loss, scale)
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def _with_a_past(model: nn.Module, loss: Tensor) -> torch.optim.Optimizer:
    """Return an optimizer that has taken a step: its momentum is not 0, nor are gradients."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    loss.backward()
    optimizer.step()
    return optimizer


def _call(
    step: Callable, model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, scale: float
) -> None:
    """Call a student's step; it may change weights and gradients, and nothing else."""
    call(step, model, optimizer, loss, scale, trains=True)
    require(model.training, "Your function leaves the model in evaluation mode: do not touch it.")
    rate = optimizer.param_groups[0]["lr"]
    require(rate == 0.1, f"Your function changed the learning rate from 0.1 to {show(rate)}.")


def _require_skipped(answer: Callable, place: int) -> None:
    """Require that no step is taken if one number of one gradient overflows."""
    model = nn.Module()
    for name in "abc":
        model.register_parameter(name, nn.Parameter(torch.ones(2)))
    optimizer = _with_a_past(model, sum(p.sum() for p in model.parameters()))
    weights = torch.full((3, 2), 1e-3)
    weights[place, 1] = 1e10  # times the scale, more than float32 can hold
    # 0, so that only the gradients overflow, not the loss
    loss = sum(
        (w * (p - p.detach())).sum() for w, p in zip(weights, model.parameters(), strict=True)
    )
    before = copy.deepcopy((list(model.parameters()), optimizer.state_dict()["state"]))
    _call(answer, model, optimizer, loss, 2.0**100)
    overflow = "When the scale is so large that a number of one gradient becomes infinite, "
    require(
        all(map(torch.equal, before[0], model.parameters())),
        f"{overflow}your function still changes the weights: skip the whole step when any gradient "
        "is not finite.",
    )
    moved = [
        not torch.equal(state["momentum_buffer"], before[1][i]["momentum_buffer"])
        for i, state in optimizer.state_dict()["state"].items()
    ]
    require(
        not any(moved),
        f"{overflow}your function changes the optimizer's momentum: do not call step() at all.",
    )


def _made(order: str) -> Callable:
    """Return a step made of the letters of zero, backward, divide, cut and step, in this order."""

    def step(model: nn.Module, optimizer: torch.optim.Optimizer, loss: Tensor, scale: float):
        for letter in order:
            if letter == "z":
                optimizer.zero_grad()
            elif letter == "b":
                (loss * scale).backward()
            elif letter == "d":
                for p in model.parameters():
                    p.grad /= scale
            elif letter == "c":
                nn.utils.clip_grad_norm_(model.parameters(), MOST)
            else:
                optimizer.step()

    return step


@exercise("10.4", "whole_gradient")
def whole_gradient(answer: Callable) -> None:
    """Check a function of (means, counts): the gradient of the whole batch's mean loss.

    Machine i has the mean gradient ``means[i]`` of its ``counts[i]`` images.
    """
    rng = generator(5)
    for counts in ([3, 5, 2], [7, 1, 4, 6], [0, 4, 2], [3, 0, 5], [2, 6, 0]):
        drawn = [torch.randn(2, 3, generator=rng) for _ in counts]
        nothing = torch.full((2, 3), float("nan"))
        means = [mean if n else nothing for mean, n in zip(drawn, counts, strict=True)]
        value = as_float64(ask(answer, means, counts, keeps="the gradients or the counts"))
        hint = f"The gradients have the shape (2, 3); yours has {tuple(value.shape)}."
        require(value.shape == (2, 3), hint)
        require(
            not value.isnan().any(),
            "A machine without images (count 0) has a mean of nan, and 0 · nan is nan: leave it "
            "out.",
        )
        setting = f"counts {counts}"
        means, counts = zip(*((m, n) for m, n in zip(means, counts, strict=True) if n), strict=True)
        total = sum(counts)
        summed = sum(count * mean for count, mean in zip(counts, means, strict=True))
        mistakes = {
            "You took a mean of means: an image on a machine with few images counts too much.": (
                sum(means) / len(means)
            ),
            "You added up the means: two images on a machine then count as much as a hundred, and "
            "nothing is divided.": sum(means),
            "You return the sum over all images: divide by how many there are.": summed,
            "You divide by the number of machines; divide by the number of images.": summed
            / len(counts),
            "You weighted the other way round: a machine with more images must count more.": (
                sum(m / c for m, c in zip(means, counts, strict=True)) / sum(1 / c for c in counts)
            ),
            "You return the gradient of the first machine alone.": means[0],
            "You return the gradient of the last machine alone.": means[-1],
            "You multiplied by the counts twice.": sum(
                c * c * m for m, c in zip(means, counts, strict=True)
            )
            / total,
        }
        otherwise = "That is not the gradient of the mean loss over all images."
        require_value(value, summed / total, mistakes, otherwise, setting, **FLOAT32)
