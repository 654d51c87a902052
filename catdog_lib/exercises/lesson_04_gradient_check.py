"""Checker of lesson 04, Backpropagation and optimizers: a gradient check (04.3)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import as_float64, show
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import exercise, require


def _without_autograd(loss: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return a loss that takes plain tensors only: the exercise is about differences."""

    def plain(x: Tensor) -> Tensor:
        require(
            not x.requires_grad,
            "You hand the loss a tensor that asks for gradients; decide without autograd, by "
            "differences of the loss.",
        )
        return loss(x.detach())

    return plain


_STEP = (
    "Is the difference of two losses divided by the distance of the two points, 2h? Is h so large "
    "that the curve bends, or so small that rounding is left?"
)
_RELATIVE = "Is the difference between the two gradients compared with the length of the gradient?"


def _losses() -> dict[str, tuple[Callable, Callable, Tensor, str]]:
    """Return losses with their right gradients, a point, and what to ask, by a name for hints."""
    rng = generator(4)
    row = torch.randn(5, generator=rng, dtype=torch.float64)
    square = torch.randn(3, 3, generator=rng, dtype=torch.float64)
    weights = torch.arange(1.0, 10.0).reshape(3, 3)
    return {
        "of Σ x²": (lambda x: (x**2).sum(), lambda x: 2 * x, row, _STEP),
        "of a loss in the billions, 10⁹ · Σ sin x": (
            lambda x: 1e9 * x.sin().sum(),
            lambda x: 1e9 * x.cos(),
            row,
            f"{_RELATIVE} {_STEP}",
        ),
        "of a tiny loss, 10⁻¹² · Σ exp(3x)": (
            lambda x: 1e-12 * (3 * x).exp().sum(),
            lambda x: 3e-12 * (3 * x).exp(),
            row,
            f"{_RELATIVE} {_STEP}",
        ),
        "in which one number is 0, of Σ cos x": (
            lambda x: x.cos().sum(),
            lambda x: -x.sin(),
            torch.cat([row[:2], torch.zeros(1), row[2:]]),
            "Every difference has a rounding error, and what is that divided by 0? " + _RELATIVE,
        ),
        "of a loss of a 3×3 tensor": (
            lambda x: (weights * x.tanh()).sum(),
            lambda x: weights * (1 - x.tanh() ** 2),
            square,
            "Does your check go through all 9 numbers of x, and do both gradients have its shape?",
        ),
    }


def _one_is_off(g: Tensor) -> Tensor:
    """Return a gradient whose largest number is 2% too large."""
    g = g.clone()
    g.view(-1)[g.abs().argmax()] *= 1.02
    return g


_SPOILED: dict[str, Callable[[Tensor], Tensor]] = {
    "with the wrong sign": lambda g: -g,
    "that is twice as large as it should be": lambda g: 2 * g,
    "in which one number is 2% off": _one_is_off,
    "whose numbers are right but in the wrong places": lambda g: g.flip(-1),
    "that is all zeros": torch.zeros_like,
}


@exercise("04.3", "is_right")
def is_right(answer: Callable[[Callable, Callable, Tensor], bool]) -> None:
    """Check a function of (loss, gradient, x) that says whether ``gradient`` is that of ``loss``.

    It is tried on right gradients of several sizes and shapes, and on five kinds of wrong ones.
    """
    for name, (loss, gradient, x, question) in _losses().items():
        loss = _without_autograd(loss)
        verdict = ask(answer, loss, gradient, x.clone(), keeps="x", draws=True)
        _require_verdict(verdict)
        require(bool(verdict), f"Your check rejects the right gradient {name}. {question}")
    for name, (loss, gradient, x, _) in _losses().items():
        loss = _without_autograd(loss)
        for what, spoil in _SPOILED.items():

            def wrong(x: Tensor, gradient: Callable = gradient, spoil: Callable = spoil) -> Tensor:
                return spoil(gradient(x))

            verdict = ask(answer, loss, wrong, x.clone(), keeps="x", draws=True)
            _require_verdict(verdict)
            require(
                not verdict,
                f"Your check accepts a gradient {what} ({name}). Compare every number, and "
                "compare the difference with the length of the gradient.",
            )


def _require_verdict(value: object) -> None:
    """Require one True or False of any kind."""
    number = torch.empty(0) if isinstance(value, str) else as_float64(value)
    require(number.numel() == 1, f"Return one True or False; you return {show(value)}.")
    require(float(number) in (0.0, 1.0), f"Return True or False; you return {show(value)}.")
