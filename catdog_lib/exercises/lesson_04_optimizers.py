"""Checkers of lesson 04, Backpropagation and optimizers: steps of optimizers (04.5 and 04.6)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import require_sequence, require_value, same
from catdog_lib.exercises.registry import exercise, require


def _step(answer: Callable, *given: object, returns: tuple[str, ...]) -> tuple[Tensor, ...]:
    """Return what a step gives: a new tensor for each name in ``returns``."""
    what = f"{len(returns)} tensors, in this order: {', '.join(returns)}"
    value = ask(answer, *given, keeps="a tensor that it was given")
    value = require_sequence(value, len(returns), what)
    require(all(isinstance(new, Tensor) for new in value), f"Return {what}.")
    return value


@exercise("04.5", "momentum_step")
def momentum_step(answer: Callable) -> None:
    """Check a function of (w, v, g, lr, mu), one step of SGD with momentum: the new w and v."""
    w, v, g = torch.tensor([[1.0, -2.0, 0.5], [0.3, -0.1, 4.0], [-0.2, 1.0, 2.5]])
    lr, mu = 0.1, 0.8
    new_w, new_v = _step(answer, w, v, g, lr, mu, returns=("w", "v"))
    right = mu * v + g
    mistakes = {
        "v is not a mean: the whole gradient is added, not 1 − μ of it.": mu * v + (1 - mu) * g,
        "v keeps only the share μ of itself.": v + g,
        "μ belongs to the old velocity, not to the gradient.": v + mu * g,
        "v adds up gradients; the minus comes with the weights.": mu * v - g,
        "The learning rate belongs to the step of the weights, as in torch.optim, not into v.": [
            mu * v + lr * g,
            mu * v - lr * g,
        ],
        "Return the new velocity; the next step needs it.": v,
    }
    require_value(new_v, right, mistakes, "The new v is not μ · v + g.")
    mistakes = {
        "Downhill is against the gradient: w − lr · v.": w + lr * right,
        "You moved by the old velocity; use the new one.": w - lr * v,
        "You moved by the gradient; the weights move by the velocity.": w - lr * g,
        "The learning rate is missing from the step.": w - right,
        "That is Nesterov's step; plain momentum moves by v alone.": w - lr * (g + mu * right),
        "The weights did not move.": w,
    }
    otherwise = "The velocity is right; the weights are not w − lr · v."
    require_value(new_w, w - lr * right, mistakes, otherwise)
    new_w, new_v = _step(answer, w, v, g, 0.02, 0.5, returns=("w", "v"))
    require(
        same(new_v, 0.5 * v + g) and same(new_w, w - 0.02 * (0.5 * v + g)),
        "Right for these numbers, but not for another lr and mu: is something fixed?",
    )


@exercise("04.6", "adam_step")
def adam_step(answer: Callable) -> None:
    """Check a function of (w, m, s, g, t, lr), one step of Adam: the new w, m and s."""
    # A gradient of the size of ε shows where ε stands.
    w, g = torch.tensor([[1.0, -2.0, 0.5], [-0.2, 1e-8, 2.5]]).double()
    m0, s0 = torch.tensor([[0.1, -0.3, 0.2], [0.04, 1e-16, 0.5]]).double()
    zero, eps = torch.zeros_like(w), 1e-8
    for t, m, s in ((7, m0, s0), (1, zero, zero)):
        lr = 0.01 * t
        new_w, new_m, new_s = _step(answer, w, m, s, g, t, lr, returns=("w", "m", "s"))
        m_right, s_right = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
        m_hat, s_hat = m_right / (1 - 0.9**t), s_right / (1 - 0.999**t)
        as_it_is = "Return {} without bias correction: the next step goes on from it."
        mistakes = {
            as_it_is.format("m"): m_hat,
            "m is a running mean: 0.9 of itself and 0.1 of g.": m + g,
            "m is a mean, not a velocity: g counts 0.1.": 0.9 * m + g,
            "m keeps 0.9 of itself; you swapped the shares.": 0.1 * m + 0.9 * g,
        }
        require_value(new_m, m_right, mistakes, "m is not 0.9 · m + 0.1 · g.")
        mistakes = {
            as_it_is.format("s"): s_hat,
            "s is the mean of the squared gradient.": 0.999 * s + 0.001 * g,
            "s remembers for longer than m: β₂ is 0.999.": 0.9 * s + 0.1 * g**2,
        }
        require_value(new_s, s_right, mistakes, "s is not 0.999 · s + 0.001 · g².")
        later = m_right / (1 - 0.9 ** (t + 1))
        later = later / ((s_right / (1 - 0.999 ** (t + 1))).sqrt() + eps)
        right = m_hat / (s_hat.sqrt() + eps)
        mistakes = {
            "The bias correction is missing.": m_right / (s_right.sqrt() + eps),
            "s, too, needs its bias correction.": m_hat / (s_right.sqrt() + eps),
            "m, too, needs its bias correction.": m_right / (s_hat.sqrt() + eps),
            "Divide by the root of ŝ.": m_hat / (s_hat + eps),
            "ε stands outside of the root: √ŝ + ε.": m_hat / (s_hat + eps).sqrt(),
            "ε is missing from the divisor.": m_hat / s_hat.sqrt(),
            "Downhill is minus: w − lr · m̂ / (√ŝ + ε).": -right,
            "t counts from 1 already: 1 − 0.9ᵗ, not with t + 1.": later,
            "The weights did not move.": zero,
            "Adam moves by the mean m̂, not by the gradient.": g / (s_hat.sqrt() + eps),
        }
        otherwise = f"At t = {t} m and s are right, but the weights are not w − lr · m̂ / (√ŝ + ε)."
        require_value((w - new_w) / lr, right, mistakes, otherwise)
