"""Checkers of lesson 05, L1 regularization: steps and soft thresholds (05.1, 05.2, 05.3, 05.5)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import require_tensor, require_value, show
from catdog_lib.exercises.registry import exercise


def _soft(values: Tensor, threshold: float) -> Tensor:
    return values.sign() * (values.abs() - threshold).clamp(min=0)


def _new_weights(answer: Callable, w: Tensor, *others: object) -> Tensor:
    """Return what the answer makes of the weights: new ones of the same shape."""
    value = ask(answer, w, *others, keeps="the weights that it was given")
    nan = "A weight of 0 came out as NaN: do not divide by its size."
    require_tensor(value, tuple(w.shape), "the new weights", nan)
    return value


@exercise("05.1", "l1_step")
def l1_step(answer: Callable[[Tensor, Tensor, float, float], Tensor]) -> None:
    """Check a function of (weights, gradient, lr, lam): an SGD step on the loss plus lam·Σ|w|."""
    w = torch.tensor([0.5, -2.0, 0.0, 0.125])
    g = torch.tensor([1.0, 0.5, -0.25, 0.0])
    for lr, lam in ((0.5, 0.25), (0.1, 2.0)):
        value = _new_weights(answer, w, g, lr, lam)
        s = w.sign()
        right = w - lr * (g + lam * s)
        pushed = torch.where(s == 0, 1.0, s)
        mistakes = {
            "That is the step on the loss alone; where is the penalty?": w - lr * g,
            "That is the step on the penalty alone; where is the gradient of the loss?": (
                w - lr * lam * s
            ),
            "You went uphill: a step goes against the gradient.": w + lr * (g + lam * s),
            "The penalty pulls towards 0, so its slope has the sign of the weight.": (
                w - lr * (g - lam * s)
            ),
            "The slope of |w| is the sign of each weight, not 1 everywhere.": w - lr * (g + lam),
            "|w| is the penalty itself; the step needs its slope.": w - lr * (g + lam * w.abs()),
            "λ·w is the slope of the L2 penalty λ/2·w².": w - lr * (g + lam * w),
            "2λ·w is the slope of the L2 penalty λ·w².": w - lr * (g + 2 * lam * w),
            "The learning rate multiplies the slope of the penalty, too.": w - lr * g - lam * s,
            "That is the gradient of both together; now take a step with it.": g + lam * s,
            "At exactly 0 take the slope 0, as PyTorch does.": w - lr * (g + lam * pushed),
            "You stopped at 0; plain SGD, which this step is, does not.": (
                _soft(w - lr * g, lr * lam)
            ),
        }
        otherwise = (
            f"Weights {w.tolist()} with gradient {g.tolist()}, lr={lr} and lam={lam} should become "
            f"{show(right)}."
        )
        require_value(value, right, mistakes, otherwise)


@exercise("05.2", "soft")
def soft_threshold(answer: Callable[[Tensor, float], Tensor]) -> None:
    """Check a function of (weights, threshold): each weight moved towards 0, and not past it."""
    w = torch.tensor([[3.0, -3.0, 0.5], [-0.5, 0.0, 1.0]])
    for t in (1.0, 0.75):
        value = _new_weights(answer, w, t)
        size, right = w.abs(), _soft(w, t)
        mistakes = {
            "The large weights have to be moved as well: you made a hard threshold, not a soft "
            "one.": [torch.where(size <= t, 0.0, w), torch.where(size < t, 0.0, w)],
            "A weight below the threshold came out on the other side of 0; it should stop there.": (
                w - t * w.sign()
            ),
            "The negative weights lost their sign.": (size - t).clamp(min=0),
            "Negative weights move up towards 0; you cut them off.": (w - t).clamp(min=0),
            "You kept what should be taken away, and took away the rest.": w.clamp(-t, t),
            "You divided, as L2 does; L1 subtracts.": w / (1 + t),
            "The weights became larger: subtract the threshold from |w|.": w.sign() * (size + t),
        }
        otherwise = (
            f"With threshold {t}, {show(w.flatten())} should become {show(right.flatten())}; you "
            f"have {show(value.flatten())}."
        )
        require_value(value, right, mistakes, otherwise)


@exercise("05.3", "minimiser")
def minimiser(answer: Callable[[float, float, float], float]) -> None:
    """Check a function of (w0, a, lam): the w where a/2·(w − w0)² + lam·|w| is lowest."""
    cases = ((3, 1.5, 1.2), (-3, 1.5, 1.2), (-0.25, 4, 2), (2, 0.5, 0.75), (1, 2, 2.5))
    for w0, a, lam in (map(float, case) for case in cases):
        value = ask(answer, w0, a, lam)
        size, s = abs(w0), math.copysign(1, w0)
        right = s * max(size - lam / a, 0.0)
        mistakes = {
            "That is where the loss alone is lowest, without the penalty.": w0,
            "You left out the curvature: the steeper the valley, the less a price moves you.": (
                s * max(size - lam, 0.0)
            ),
            "The curvature is on the wrong side: solve a·(w − w0) + lam = 0 for w.": (
                s * max(size - lam * a, 0.0)
            ),
            "Half as far as it should be: the slope of a/2·w² is a·w.": (
                s * max(size - lam / (2 * a), 0.0)
            ),
            "Twice as far as it should be: the slope of a/2·w² is a·w.": (
                s * max(size - 2 * lam / a, 0.0)
            ),
            "That is lowest with the L2 penalty lam/2·w²; here it is lam·|w|.": a * w0 / (a + lam),
            "That is lowest with the L2 penalty lam·w²; here it is lam·|w|.": (
                a * w0 / (a + 2 * lam)
            ),
            "The sign of w0 got lost.": max(size - lam / a, 0.0),
            "A negative w0 is pulled up towards 0, too; you cut it off.": max(w0 - lam / a, 0.0),
            "For a negative w0 the penalty pulls up, and past 0 it pulls back.": w0 - lam / a,
            "You went past 0, where the penalty pulls back.": w0 - s * lam / a,
            "That is how low it is; the question is where.": (
                a / 2 * (right - w0) ** 2 + lam * abs(right)
            ),
        }
        otherwise = f"The lowest point is at {show(right)}; you say {show(value)}."
        require_value(value, right, mistakes, otherwise, f"w0={w0:g}, a={a:g}, lam={lam:g}")


@exercise("05.5", "group_soft")
def group_soft_threshold(answer: Callable[[Tensor, float], Tensor]) -> None:
    """Check a function of (weights C_out×C_in×k×k, threshold): every filter shortened by it.

    A filter that is no longer than the threshold becomes 0.
    """
    w = torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(5))
    lengths = torch.tensor([4.0, 1.0, 0.5, 0.0]).view(-1, 1, 1, 1)
    w = lengths * w / w.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    for t in (0.75, 0.625):
        value = _new_weights(answer, w, t)
        mistakes = {
            "You treated every weight by itself; a filter stays or goes as a whole.": _soft(w, t),
            "The filters that stay have to be shortened by the threshold as well.": (
                torch.where(lengths <= t, 0.0, w)
            ),
            "A short filter came out turned round: it should stop at 0.": (
                w * (1 - t / lengths.clamp(min=1e-12))
            ),
            "The length is that of each filter, not of all weights together.": (
                _shorten(w, t, (0, 1, 2, 3))
            ),
            "You grouped by input channel; a filter is weights[f], so sum over 1, 2, 3.": (
                _shorten(w, t, (0, 2, 3))
            ),
            "You took each k×k kernel alone; a filter has one for every input channel.": (
                _shorten(w, t, (2, 3))
            ),
            "The length is √Σw², not Σ|w|.": _by_length(w, t, w.abs().sum((1, 2, 3), keepdim=True)),
            "The length is √Σw²: a root is missing.": _by_length(w, t, lengths**2),
            "You divided all filters by the same number, which leaves none at 0.": w / (1 + t),
        }
        otherwise = (
            f"With threshold {t} a filter of length 4 should keep its direction and have length "
            f"{4 - t}, and those no longer than {t} should be 0; yours have lengths "
            f"{show(value.flatten(1).norm(dim=1))}."
        )
        require_value(value, _shorten(w, t), mistakes, otherwise)


def _shorten(w: Tensor, t: float, dims: tuple[int, ...] = (1, 2, 3)) -> Tensor:
    return _by_length(w, t, w.square().sum(dims, keepdim=True).sqrt())


def _by_length(w: Tensor, t: float, length: Tensor) -> Tensor:
    return w * (1 - t / length.clamp(min=1e-12)).clamp(min=0)
