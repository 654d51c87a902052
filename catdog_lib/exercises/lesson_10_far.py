"""Checkers of lesson 10, Fast and far: loss scaling, averaging, going on (10.3 to 10.5)."""

from __future__ import annotations

import copy
from collections.abc import Callable

import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask, call, seeded
from catdog_lib.exercises.checking import require_sequence, require_value, show
from catdog_lib.exercises.registry import exercise, require

MOST = 0.5  # the norm that the exercise's gradients are cut to


@exercise("10.3", "scaled_step")
def scaled_step(answer: Callable) -> None:
    """Check a function of (model, optimizer, loss, scale): a step with loss scaling, mended."""
    for factor in (0.01, 10.0):  # the gradient is shorter, then longer than MOST
        old, target = _stepped(lambda *_: None, factor, 1024.0)
        given, _ = _stepped(answer, factor, 1024.0)
        mistakes = {
            "The weights have not changed: call optimizer.step().": old,
            "You cut the gradients while they were still multiplied by the scale: divide first.": (
                _stepped(_clip_first, factor, 1024.0)[0]
            ),
            "The gradients were never divided by the scale.": (
                _stepped(_never_divided, factor, 1024.0)[0]
            ),
            "The gradients are no longer cut to a norm of 0.5.": (
                _stepped(_never_cut, factor, 1024.0)[0]
            ),
            "Old gradients still count: clear them before backward().": (
                _stepped(_never_cleared, factor, 1024.0)[0]
            ),
        }
        require_value(given, target, mistakes, "The weights after the step are not the right ones.")
    old, _ = _stepped(lambda *_: None, 1.0, float("inf"))
    given, _ = _stepped(answer, 1.0, float("inf"))
    require(
        torch.equal(given, old),
        "When the scale is so large that a gradient becomes infinite, your function still changes "
        "the weights: skip the step when any gradient is not finite.",
    )


def _stepped(step: Callable, factor: float, scale: float) -> tuple[Tensor, Tensor]:
    """Return a small network's weights after a step, and after the right one."""
    with seeded(3):
        model, x = nn.Linear(4, 2), torch.randn(6, 4)
    after = []
    for one in (step, _plain_step):
        network = copy.deepcopy(model)
        optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
        network(x).sum().backward()  # from a step before
        loss = factor * (network(x) - 1).square().mean()
        call(one, network, optimizer, loss, scale, trains=True)
        after.append(torch.cat([p.detach().flatten() for p in network.parameters()]))
    return after[0], after[1]


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


_plain_step, _clip_first, _never_divided = _made("zbdcs"), _made("zbcds"), _made("zbcs")
_never_cut, _never_cleared = _made("zbds"), _made("bdcs")


@exercise("10.4", "whole_gradient")
def whole_gradient(answer: Callable) -> None:
    """Check a function of (means, counts): the gradient of the whole batch's mean loss.

    Machine i has the mean gradient ``means[i]`` of its ``counts[i]`` images.
    """
    generator = torch.Generator().manual_seed(5)
    for counts in ([3, 5], [7, 1, 4], [2, 6, 3, 9]):
        means = [torch.randn(4, generator=generator) for _ in counts]
        value = ask(answer, means, counts, keeps="the gradients or the counts")
        total = sum(counts)
        summed = sum(count * mean for count, mean in zip(counts, means, strict=True))
        mistakes = {
            "You took a mean of means: an image on a machine with few images counts too much.": (
                sum(means) / len(means)
            ),
            "You added up the means; the sum over machines has to be divided, too.": sum(means),
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
        require_value(value, summed / total, mistakes, otherwise, f"counts {counts}", atol=1e-6)
    empty = [torch.ones(2), torch.full((2,), float("nan"))]
    value = ask(lambda: answer(empty, [4, 0]))  # unguarded: nan never equals itself
    require_value(
        value,
        torch.ones(2),
        {},
        "A machine without images (count 0) has a mean of nan, and 0 · nan is nan: leave it out.",
    )


PARTS = ("optimizer", "steps", "generator")
RUNS = {  # name → optimizer, whether the rate falls, whether images are drawn at random
    "SGD, constant rate, the same images": ("SGD", False, False),
    "Adam, constant rate, the same images": ("Adam", False, False),
    "SGD, falling rate, images at random": ("SGD", True, True),
}


@exercise("10.5", is_prediction=True)
def needed(answer: list[list[str]]) -> str:
    """Check three lists: what a checkpoint needs besides the weights, for each of three runs."""
    given = require_sequence(answer, len(RUNS), "three lists of names")
    found = []
    for (name, run), names in zip(RUNS.items(), given, strict=True):
        good = isinstance(names, list | tuple | set) and set(names) <= set(PARTS)
        require(good, f"Give lists of {', '.join(map(repr, PARTS))}; you gave {show(names)}.")
        whole = _weights(run, PARTS, stops=False)
        lacking = {part: _weights(run, set(PARTS) - {part}) for part in PARTS}
        right = {part for part, weights in lacking.items() if not torch.equal(weights, whole)}
        missing, spare = sorted(right - set(names)), sorted(set(names) - right)
        without = f"{name}: a run without {''.join([*missing, *spare][:1])!r} ends with"
        require(not missing, f"{without} different weights.")
        require(not spare, f"{without} the same weights, bit for bit.")
        found.append(", ".join(sorted(right)) or "nothing")
    return f"Run and compared; needed besides the weights: {'; '.join(found)}."


def _weights(run: tuple[str, bool, bool], kept: object, stops: bool = True) -> Tensor:
    """Train eight steps; after four, if it ``stops``, a fresh start has only what was ``kept``."""
    kind, scheduled, shuffled = run
    with seeded(4):
        x, y, model = torch.randn(16, 3), torch.randn(16, 1), nn.Linear(3, 1)

    def fresh():
        optimizer = getattr(torch.optim, kind)(model.parameters(), lr=0.05)
        return optimizer, 0, torch.Generator().manual_seed(0)

    optimizer, steps, generator = fresh()
    for step in range(8):
        if step == 4 and stops:
            old = optimizer.state_dict(), steps, generator.get_state()
            optimizer, steps, generator = fresh()
            if "optimizer" in kept:
                optimizer.load_state_dict(old[0])
            steps = old[1] if "steps" in kept else steps
            if "generator" in kept:
                generator.set_state(old[2])
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - steps / 8 if scheduled else 1)
        rows = torch.randperm(16, generator=generator)[:4] if shuffled else slice(0, 4)
        optimizer.zero_grad()
        (model(x[rows]) - y[rows]).square().mean().backward()
        optimizer.step()
        steps += 1
    return model.weight.detach().flatten().clone()
