"""Watch a training loop's gradients: do those of one step still hold those of the step before?"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor
from torch.optim import Optimizer
from torch.optim.optimizer import (
    register_optimizer_step_post_hook,
    register_optimizer_step_pre_hook,
)

from catdog_lib.diagnose.finding import CERTAIN, Finding

_SAME = 1e-3  # distance of two directions, each of length 1, below which they are the same


def accumulated_gradients(train: Callable[[], object]) -> list[Finding]:
    """Run a training loop, and find out whether ``zero_grad()`` was forgotten in it.

    Without it, ``backward()`` adds the gradients of each batch to those of all batches before. What
    each backward pass adds is recorded, and compared with what the optimizer finds when it steps;
    so micro-batches, whose gradients are added up on purpose, and clipping are no false alarm.

    Args:
        train: a function without arguments that trains for two steps or more, with an optimizer of
            ``torch.optim``. It does train: give it a copy of a network that you want to keep.
    """
    watch = _GradientWatch()
    with watch.watching():
        train()
    if not watch.accumulated:
        return []
    saw = (
        f"In {watch.accumulated} of {watch.steps} steps the optimizer was given the gradients of "
        f"earlier batches on top of the new ones, {watch.growth:.1f} times as large at the end."
    )
    advice = "Call optimizer.zero_grad() once in every step, before loss.backward()."
    numbers = {"steps": watch.steps, "accumulated": watch.accumulated, "growth": watch.growth}
    return [Finding("accumulated_gradients", saw, CERTAIN, advice, numbers)]


class _GradientWatch:
    """Records, for each optimizer step, what the backward passes added and what was there before.

    Attributes:
        steps: how many have been watched, from the second on.
        accumulated: in how many the gradients of an earlier step were still there.
        growth: in the last of these, length of the gradients relative to that of the new ones.
    """

    def __init__(self) -> None:
        self.steps = self.accumulated = 0
        self.growth = 1.0
        self._added: dict[Tensor, Tensor] = {}  # parameter → sum of gradients since the last step
        self._left: dict[Tensor, Tensor] = {}  # parameter → gradient after the last step
        self._hooks = ExitStack()

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch every optimizer that steps in a ``with`` block."""
        with self._hooks:
            self._hooks.callback(register_optimizer_step_pre_hook(self._before).remove)
            self._hooks.callback(register_optimizer_step_post_hook(self._after).remove)
            yield

    def _before(self, optimizer: Optimizer, *_: object) -> None:
        """Compare the gradients with what was added since the last step."""
        known = [p for p in _parameters(optimizer) if p in self._left and p.grad is not None]
        if not known:
            return
        found, left, added = (
            torch.cat([tensor.flatten().cpu().double() for tensor in tensors])
            for tensors in (
                [p.grad for p in known],
                [self._left[p] for p in known],
                [self._added[p] for p in known],
            )
        )
        self.steps += 1
        if _same(found, left + added) and not _same(found, added):
            self.accumulated += 1
            self.growth = (found.norm() / added.norm()).item()

    def _after(self, optimizer: Optimizer, *_: object) -> None:
        """Note what is left after a step, and begin a new sum."""
        for parameter in _parameters(optimizer):
            if parameter not in self._left and parameter.requires_grad:
                self._hooks.callback(parameter.register_hook(self._adding(parameter)).remove)
            gradient = parameter.grad
            self._left[parameter] = (
                torch.zeros_like(parameter) if gradient is None else gradient.detach().clone()
            )
            self._added[parameter] = torch.zeros_like(parameter)

    def _adding(self, parameter: Tensor) -> Callable[[Tensor], None]:
        def add(gradient: Tensor) -> None:
            self._added[parameter] += gradient.detach()

        return add


def _parameters(optimizer: Optimizer) -> Iterator[Tensor]:
    for group in optimizer.param_groups:
        yield from group["params"]


def _same(first: Tensor, second: Tensor) -> bool:
    """Tell whether two vectors have the same direction; one without a length has none."""
    lengths = first.norm() * second.norm()
    return bool(lengths > 0 and (first / first.norm() - second / second.norm()).norm() < _SAME)
