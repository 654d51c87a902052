"""Checkers of lesson 04, Backpropagation and optimizers: AdamW, first weights (04.5, 04.6)."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import (
    FLOAT32,
    Mistakes,
    as_float64,
    refuse,
    require_sequence,
    require_value,
    same,
    show,
)
from catdog_lib.exercises.random_inputs import seeded
from catdog_lib.exercises.registry import exercise, require


@exercise("04.5", "adamw_step")
def adamw_step(answer: Callable) -> None:
    """Check a mended function of (w, m, s, g, t, lr, decay), one step of AdamW: new w, m and s."""
    # A gradient of the size of ε shows where ε stands.
    w, g = torch.tensor([[1.0, -2.0, 0.5, 3.0], [-0.2, 1e-8, 2.5, 0.7]]).double()
    m0, s0 = torch.tensor([[0.1, -0.3, 0.2, 0.6], [0.04, 1e-16, 0.5, 0.3]]).double()
    for t, m, s in ((7, m0, s0), (1, torch.zeros_like(w), torch.zeros_like(w))):
        lr, decay = 0.01 * t, 0.3
        value = ask(answer, w, m, s, g, t, lr, decay, keeps="a tensor that it was given")
        new_w, new_m, new_s = require_sequence(value, 3, "three tensors, in this order: w, m, s")
        m_right, s_right = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
        m_hat, s_hat = m_right / (1 - 0.9**t), s_right / (1 - 0.999**t)
        coupled = g + decay * w
        mixed = 0.9 * m + 0.1 * coupled
        handed_on = (
            "You return the corrected {0}. The next step needs {0} as it is, or it would be "
            "corrected twice: give the corrected one a name of its own."
        )
        inside = "The decay is still inside the gradient, as in Adam; AdamW applies it to w."
        mistakes = {
            inside: [mixed, mixed / (1 - 0.9**t), mixed / (1 - 0.9 * t)],
            handed_on.format("m"): [m_hat, m_right / (1 - 0.9 * t)],
            "Your m is the new s: return w, m and s in this order.": s_right,
            "You return the old m; the next step needs the new one.": m,
        }
        require_value(new_m, m_right, mistakes, "The new m is not 0.9 · m + 0.1 · g.")
        mistakes = {
            handed_on.format("s"): [s_hat, s_right / (1 - 0.999 * t)],
            inside: 0.999 * s + 0.001 * coupled**2,
            "You return the old s; the next step needs the new one.": s,
        }
        require_value(new_s, s_right, mistakes, "The new s is not 0.999 · s + 0.001 · g².")
        _require_move((w - as_float64(new_w)) / lr, m_right, s_right, w, t, decay)


def _require_move(move: Tensor, m: Tensor, s: Tensor, w: Tensor, t: int, decay: float) -> None:
    """Require the step of AdamW for a learning rate of 1, given the new m and s."""
    m_hat, s_hat, eps = m / (1 - 0.9**t), s / (1 - 0.999**t), 1e-8
    adam = m_hat / (s_hat.sqrt() + eps)
    power = "Bias correction divides by 1 − βᵗ, with the power 0.9**t; 0.9 * t is a product."
    mistakes = {
        "The decay is missing: w also loses lr · decay · w.": adam,
        "The decay is not multiplied by the learning rate.": [adam + decay * w / (0.01 * t)],
        "The decay shrinks w: it has the same sign as m̂ / (√ŝ + ε).": adam - decay * w,
        "The bias correction is gone altogether.": m / (s.sqrt() + eps) + decay * w,
        power: m / (1 - 0.9 * t) / (s_hat.sqrt() + eps) + decay * w,  # with 0.999 * t it is NaN
        "ε belongs outside the root: √ŝ + ε.": m_hat / (s_hat + eps).sqrt() + decay * w,
        "ε is missing: divide by √ŝ + ε.": m_hat / s_hat.sqrt() + decay * w,
        "A step goes downhill: subtract it from w.": -adam - decay * w,
        "Each mean is corrected by its own β: m by 0.9, s by 0.999.": m
        / (1 - 0.999**t)
        / ((s / (1 - 0.9**t)).sqrt() + eps)
        + decay * w,
        "The decay takes its share of the old w, not of the new one.": adam
        + decay * (w - 0.01 * t * adam),
        "Divide by the root of ŝ.": m_hat / (s_hat + eps) + decay * w,
        "You divide the decay by √ŝ, too; AdamW keeps it outside.": (m_hat + decay * w)
        / (s_hat.sqrt() + eps),
    }
    require(
        not move.isnan().any(),
        f"At t = {t} your new w contains NaN (not a number). Is a number under the root below 0? "
        f"{power}",
    )
    otherwise = f"At t = {t} m and s are right, but w should lose lr · (m̂ / (√ŝ + ε) + decay · w)."
    require_value(move, adam + decay * w, mistakes, otherwise)


_ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "F.leaky_relu with the slope 0.5": lambda x: F.leaky_relu(x, 0.5),
    "torch.tanh": torch.tanh,
    "torch.abs": torch.abs,
    "F.softplus": F.softplus,
}


@exercise("04.6", "gain")
def gain(answer: Callable[[Callable], float]) -> str:
    """Check a function of an activation function: the factor c in the deviation c / √n of weights.

    Numbers with the mean square 1 must keep it from layer to layer.
    """
    grid = torch.linspace(-9, 9, 18001, dtype=torch.float64)
    density = torch.softmax(-(grid**2) / 2, 0)  # of the normal distribution, on the grid
    values, mean, square, size = [], [], [], []
    for name, activation in _ACTIVATIONS.items():
        with seeded(4):
            value = as_float64(ask(answer, activation, draws=True))
        require(value.numel() == 1, f"Return one number; for {name} you return {show(value)}.")
        require(bool(value.isfinite()), f"For {name} your gain is {show(value)}.")
        values.append(value.item())
        y = activation(grid)
        for kept, moment in ((mean, y), (square, y**2), (size, y.abs())):
            kept.append((density * moment).sum())
    mean, square, size = torch.stack(mean), torch.stack(square), torch.stack(size)
    right = 1 / square.sqrt()
    if not same(values, right, rtol=0.02):
        refuse(values, _gain_mistakes(mean, square, size), rtol=0.02)
    for name, value, target in zip(_ACTIVATIONS, values, right.tolist(), strict=True):
        size = abs(value / target)
        rule = " (5/3 is a rule of thumb, nn.init.calculate_gain's for tanh; work it out.)"
        require(
            same(value, target, rtol=0.02),
            f"With {show(value)} for {name}, the outputs of a layer have {size:.2g} times the size "
            f"that they should (root mean square).{rule if same(value, 5 / 3, **FLOAT32) else ''}",
        )
    found = (f"{c:.3f} for {name}" for name, c in zip(_ACTIVATIONS, right.tolist(), strict=True))
    return f"To three decimals: {', '.join(found)}."


def _gain_mistakes(mean: Tensor, square: Tensor, size: Tensor) -> Mistakes:
    """Return wrong gains of all four activations, from their mean, mean square and mean size."""
    return {
        "That is He's √2 for every φ; it is right only for ReLU.": torch.full_like(mean, 2**0.5),
        "You divide by the standard deviation of φ(z). The sum over n inputs has the mean "
        "square n V times the mean of φ², and the mean of φ contributes to that.": (
            1 / (square - mean**2).sqrt()
        ),
        "That is the square: weights have the variance c² / n.": 1 / square,
        "It is upside down: where φ makes numbers smaller, weights must make them larger.": (
            square.sqrt()
        ),
        "That is 1 over the mean of |φ(z)|; sizes go with the mean of the square.": 1 / size,
        "The size is right, but c is a standard deviation, which is above 0.": -1 / square.sqrt(),
    }
