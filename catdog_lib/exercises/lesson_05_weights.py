"""Checkers of lesson 05, L1 regularization: what happens to weights (05.1, 05.2 and 05.6)."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Real

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import (
    as_float64,
    require_numbers,
    require_value,
    same,
    show,
)
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import exercise, require, require_form
from catdog_lib.sparsity import soft_threshold

CURVATURE, LAM, LR, STEPS = 2.0, 0.5, 0.1, 400  # of the prediction


def _new_weights(answer: Callable, w: Tensor, *others: object, keeps: str) -> Tensor:
    """Return what the answer makes of the weights: new ones of the same shape."""
    value = as_float64(ask(answer, w, *others, keeps=keeps, new=True))
    shapes = f"Return new weights of shape {tuple(w.shape)}; yours have {tuple(value.shape)}."
    require(value.shape == w.shape, shapes)
    require(not value.isnan().any(), "A weight came out as NaN: do you divide by a size that is 0?")
    return value


@exercise("05.1", "proximal")
def proximal_step(answer: Callable[[Tensor, Tensor, float, float], Tensor]) -> None:
    """Check a function of (weights, gradient, lr, lam): an SGD step on the loss, then soft."""
    # 2×4 weights; one is 0 and stays there, so that a division by its size gives NaN
    w = torch.tensor([[1.5, -2.0, 0.0, 0.25], [-0.3, -0.4, 0.1, 0.0]], dtype=torch.float64)
    g = torch.tensor([[1.0, 0.5, -2.0, 0.0], [-2.0, -1.0, 0.7, 0.0]], dtype=torch.float64)
    for lr, lam in ((0.5, 0.25), (0.25, 2.0)):
        value = _new_weights(answer, w, g, lr, lam, keeps="the weights or the gradient")
        u, t = w - lr * g, lr * lam
        right, size, s = soft_threshold(u, t), u.abs(), u.sign()
        mistakes = {
            "That is a step on the loss alone; the soft threshold is missing.": u,
            "That is the gradient step on the sum; leave the penalty out of the gradient, and "
            "threshold afterwards.": w - lr * (g + lam * w.sign()),
            "That is the soft threshold alone; first take a step on the loss.": (
                soft_threshold(w, t)
            ),
            "The threshold is lr · lam, since a small step may only shrink a little.": [
                soft_threshold(u, lam),
                soft_threshold(u, lr),
                soft_threshold(u, lam / lr),
            ],
            "First the step on the loss, then the threshold: you did it the other way round.": (
                soft_threshold(w, t) - lr * g
            ),
            "You went uphill: a step goes against the gradient.": soft_threshold(w + lr * g, t),
            "The gradient was not multiplied by the learning rate.": soft_threshold(w - g, t),
            "The large weights have to move as well: that is a hard threshold.": (
                torch.where(size <= t, 0.0, u)
            ),
            "A small weight came out on the other side of 0; it has to stop at 0.": u - t * s,
            "Take the sign after the step, not that of the old weight.": (
                w.sign() * (size - t).clamp(min=0)
            ),
            "The negative weights lost their sign.": (size - t).clamp(min=0),
            "Negative weights move up towards 0; yours are cut off.": (u - t).clamp(min=0),
            "You divided, as L2 does; L1 subtracts.": u / (1 + t),
        }
        otherwise = (
            f"Weights {show(w.tolist())} with gradient {show(g.tolist())}, lr={lr} and lam={lam} "
            f"should become {show(right.tolist())}; you have {show(value.tolist())}."
        )
        require_value(value, right, mistakes, otherwise)


@exercise("05.2", is_prediction=True)
def zeros_after_training(answer: tuple[float, float]) -> str:
    """Check the predicted shares of exact zeros, by gradient and by proximal steps."""
    pair = "two shares, first by gradient, then by proximal steps, such as (0.5, 0.5)"
    by_gradient, by_proximal = require_numbers(answer, 2, pair)
    for share in (by_gradient, by_proximal):
        require_form(0 <= share <= 1, f"A share is a number from 0 to 1; you gave {show(share)}.")
    best = torch.linspace(-1, 1, 10_000, dtype=torch.float64)
    results = [(w == 0).double().mean().item() for w in _trained(best)]
    require(
        same(by_gradient, results[0], atol=0.02),
        f"By gradient, {results[0]:.1%} of the weights are exactly 0. The penalty's step is as "
        "long right beside 0 as anywhere: where does it take a small weight?",
    )
    mistakes = {
        "You compared |w0| with λ; divide λ by the curvature first.": LAM,
        "You multiplied λ by the curvature; the steeper the loss, the fewer weights give way.": (
            LAM * CURVATURE
        ),
        "Zeros come from both sides, from −λ/a to +λ/a, out of −1 to 1.": LAM / CURVATURE / 2,
        "That is the share that is left.": 1 - LAM / CURVATURE,
        "Proximal steps do reach 0.": 0.0,
    }
    otherwise = f"By proximal steps, {results[1]:.1%} are exactly 0; which |w0| are below λ/a?"
    require_value(by_proximal, results[1], mistakes, otherwise, atol=0.02)
    return f"Exactly 0: {results[0]:.1%} by gradient, {results[1]:.1%} by proximal steps."


def _trained(best: Tensor) -> tuple[Tensor, Tensor]:
    """Return the weights after 400 steps, by gradient and by proximal steps.

    Args:
        best: where the loss of each weight is lowest, and where it starts.
    """
    gradient = proximal = best
    for _ in range(STEPS):
        gradient = gradient - LR * (CURVATURE * (gradient - best) + LAM * gradient.sign())
        step = proximal - LR * CURVATURE * (proximal - best)
        proximal = soft_threshold(step, LR * LAM)
    return gradient, proximal


@exercise("05.6", "prune_smallest")
def prune_smallest(answer: Callable[[Tensor, float], Tensor]) -> None:
    """Check a function of (weights, share): the smallest weights set to 0, the rest unchanged."""
    rng = generator(5)
    spread = torch.tensor([0.2, 3.0], dtype=torch.float64).view(2, 1, 1, 1)
    large = torch.randn(2, 3, 2, 2, generator=rng, dtype=torch.float64) * spread
    flat = torch.tensor([0.9, -0.1, 0.4, -2.0, 0.3, 1.5, -0.7], dtype=torch.float64)
    for w, share in ((large, 0.25), (flat, 0.4), (large, 0.75), (flat, 0.0), (flat, 1.0)):
        value = _new_weights(answer, w, share, keeps="the weights")
        n, size = w.numel(), w.abs()
        k = int(share * n)
        right = _without(w, size, k)
        zeros = _zeros(value)
        otherwise = f"{k} of {n} weights should be 0; yours has {zeros} zeros."
        if k in (0, n):  # in these settings many mistakes give the same
            require_value(value, right, {}, otherwise, f"share={share}")
            continue
        rows = torch.stack([_without(row, row.abs(), int(share * row.numel())) for row in w])
        mistakes = {
            "The largest weights went; the smallest should.": _without(w, -size, k),
            "You sorted the weights with their signs: −2 is large, too.": _without(w, w, k),
            "You set to 0 what should stay, and kept the rest.": w - right,
            "You kept a share of the weights; that share should go.": _without(w, size, n - k),
            "One too many became 0: int(share * n) rounds down, and only the first int(share * n) "
            "of the sorted weights become 0.": _without(w, size, k + 1),
            "One too few became 0: is it < where it should be <=?": _without(w, size, k - 1),
            "Everything below a share of the largest weight went; count weights instead.": (
                torch.where(size <= share * size.max(), 0.0, w)
            ),
            "You pruned every row by itself; rank all weights together.": rows,
            "Return the weights, not which of them stay.": (right != 0).double(),
        }
        if same(value == 0, right == 0):
            otherwise = "The weights that stay were changed as well; only the smallest become 0."
        elif zeros == k:
            otherwise = f"{k} weights became 0, but not the {k} with the smallest |w|."
        require_value(value, right, mistakes, otherwise, f"share={share}")


def _without(w: Tensor, order: Tensor, count: int) -> Tensor:
    """Return a copy without the ``count`` weights that come first in the order."""
    w = w.clone()
    w.view(-1)[order.flatten().argsort()[:count]] = 0
    return w


def _zeros(value: Tensor) -> Real:
    return int((value == 0).sum())
