"""Soft-thresholding makes exact zeros, with any optimizer whose step sizes are known.

An optimizer moves a weight by −η·(slope), where η is its step size. For a loss L + λ|w|, the
*proximal step* leaves the slope of |w| out of it and then solves the rest exactly: of all w, it
takes the one that makes

    (w − u)² / 2η + λ|w|

smallest, where u is the result of the optimizer's step on L alone. The first term is the
optimizer's own measure of distance: it is what the step −η·g comes from too, as the minimum of g·w
+ (w − w_before)² / 2η. The derivative is (w − u)/η + λ sign(w); it is 0 at w = u − ηλ sign(w) if
|u| > ηλ, and otherwise the minimum lies in the corner, at 0. So the weight is soft-thresholded at
ηλ.

For SGD all weights have one η, the learning rate. An adaptive optimizer divides each weight's step
by √ŝ + ε: each has its own η = lr / (√ŝ + ε), and so its own threshold ηλ. One threshold for all
would put another price on each weight.

Sources: I. Daubechies, M. Defrise and C. De Mol 2004, arXiv math/0307152 (soft-thresholding as a
step); J. Yun, A. Lozano and E. Yang 2020, arXiv 2007.07484 (the step in the metric of an adaptive
optimizer).

Lesson 05, section 1; Lesson 05, section 3.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from catdog_lib.device import float64_device
from catdog_lib.errors import CatdogError
from catdog_lib.sparsity.penalties import filter_weights, penalized_weights

_NEWTON_STEPS = 12  # each about doubles the number of correct digits


def soft_threshold(w: Tensor, threshold: float | Tensor) -> Tensor:
    """Return sign(w) · max(|w| − t, 0), the minimizer over v of (v − w)²/2 + t|v|.

    Args:
        w: of any shape.
        threshold: t, 0 or more; a number, or one for each weight.
    """
    return w - w.clamp(-threshold, threshold)  # the same, with no zeros that print as −0


def group_soft_threshold(w: Tensor, threshold: float | Tensor) -> Tensor:
    """Return max(0, 1 − t/‖w_f‖₂) · w_f for each filter f: the minimizer of ‖v − w_f‖²/2 + t‖v‖₂.

    Args:
        w: its first dimension counts the filters.
        threshold: t, 0 or more; a number, or one for each filter.
    """
    lengths = w.flatten(1).norm(dim=1)
    kept = (1 - threshold / lengths).clamp(min=0)  # −∞ for a filter of length 0, so 0
    return w * kept.nan_to_num().view(-1, *[1] * (w.ndim - 1))


@torch.no_grad()
def proximal_step(
    optimizer: Optimizer, model: nn.Module, l1: float = 0.0, group_l1: float = 0.0
) -> None:
    """Apply λ Σ|w| and the group penalty after ``optimizer.step()`` on the loss alone.

    With both, weights are thresholded first and filters then, which solves for both together. A
    weight without a gradient, or before the optimizer's first step (infinite gradients of float16
    may delay it), has not been moved, and is not thresholded either.

    Args:
        optimizer: of the model's parameters; its state gives the step sizes (:func:`step_sizes`).
        model: changed in place.
        l1: λ of :func:`catdog_lib.sparsity.l1_penalty`.
        group_l1: λ of :func:`catdog_lib.sparsity.group_l1_penalty`.

    Raises:
        CatdogError: the optimizer's step sizes are not known.
    """
    groups = _groups_by_parameter(optimizer)
    for lam, weights, solve in (
        (l1, penalized_weights(model), soft_threshold),
        (group_l1, filter_weights(model), _shrink_filters),
    ):
        for weight in weights if lam else ():
            group = groups.get(weight)
            if not group or not group["lr"] or weight.grad is None:
                continue
            if not _awaits_first_step(optimizer, weight):
                weight.copy_(solve(weight, lam * step_sizes(optimizer, weight, group)))


def step_sizes(
    optimizer: Optimizer, weight: nn.Parameter, group: dict | None = None
) -> float | Tensor:
    """Return η: how far the optimizer now moves a weight for each unit of a steady gradient.

    ========================  ==================================================================
    SGD                       lr, or lr · (1 − dampening) / (1 − momentum) with momentum
    RMSprop                   lr / (√s + ε), and with momentum 1 / (1 − momentum) times as much
    Adagrad                   lr / (√s + ε), where s is the sum of the squared gradients
    Adam, AdamW               lr / (√ŝ + ε)
    Muon                      lr
    ========================  ==================================================================

    PyTorch's momentum adds the gradients up, v ← μv + g, so a steady g is followed at the rate lr /
    (1 − μ). A threshold of lr·λ would then be too small: the weights would settle where L + (1 −
    μ)λ|w| is smallest. Muon's steps have a length that does not depend on the gradient's, so with
    it λ is a price in units of its steps: not the λ of a penalty that is added to the
    loss.

    Args:
        optimizer: after its step.
        weight: one of its parameters.
        group: the parameter group that holds ``weight``; None looks for it.

    Returns:
        One number for all, or one for each, in the shape of ``weight``.

    Raises:
        CatdogError: the step sizes of such an optimizer are not known, or not before its first
            step.
    """
    group = group or _groups_by_parameter(optimizer)[weight]
    kind, momentum = type(optimizer).__name__, group.get("momentum")
    if _awaits_first_step(optimizer, weight):
        raise CatdogError(
            f"{kind} has not moved this weight yet, so its step sizes are not known; call "
            "optimizer.step() first."
        )
    state, lr = optimizer.state[weight], float(group["lr"])
    if kind == "SGD":
        return lr * (1 - group["dampening"]) / (1 - momentum) if momentum else lr
    if kind == "Muon":
        return lr
    if kind == "RMSprop":
        square = state["square_avg"]
        if group["centered"]:
            square = square - state["grad_avg"].square()
        return lr / (1 - momentum) / (square.sqrt() + group["eps"])
    if kind == "Adagrad":
        lr = lr / (1 + (float(state["step"]) - 1) * group["lr_decay"])
        return lr / (state["sum"].sqrt() + group["eps"])
    if kind in ("Adam", "AdamW"):
        square = state["max_exp_avg_sq" if group["amsgrad"] else "exp_avg_sq"]
        # 1 − β₂ᵗ, where a fused optimizer counts t on the GPU: it is not asked for it.
        seen = -torch.expm1(math.log(group["betas"][1] or 1e-300) * state["step"])
        return lr / ((square / seen).sqrt() + group["eps"])
    raise CatdogError(
        f"The step sizes of {kind} are not known, so there is no proximal step for it; use SGD, "
        "RMSprop, Adagrad, Adam, AdamW or Muon, or penalty='gradient'."
    )


def _awaits_first_step(optimizer: Optimizer, weight: nn.Parameter) -> bool:
    """Tell whether an optimizer, of those that look back on gradients, has seen none so far."""
    kind, state = type(optimizer).__name__, optimizer.state.get(weight)
    if kind == "Adagrad":
        return not float(state["step"])
    return kind in ("RMSprop", "Adam", "AdamW") and not state


def _shrink_filters(w: Tensor, threshold: float | Tensor) -> Tensor:
    """Return, for each filter w, the minimizer v of Σᵢ (vᵢ − wᵢ)²/2ηᵢ + λ√n ‖v‖₂.

    ``threshold`` is λη. With dᵢ = 1/(ληᵢ√n), the derivative is 0 where vᵢ = wᵢ · dᵢr / (dᵢr + 1), r
    = ‖v‖ being still unknown. The length of this v is r if f(r) = 1 / ‖d·w / (d·r + 1)‖ is 1. f is
    concave, so Newton's method from r = 0 nears the root from below; if f(0) ≥ 1 there is none, and
    v = 0. For equal ηᵢ, f is a straight line: one step gives :func:`group_soft_threshold`.
    """
    root = w[0].numel() ** 0.5
    if not isinstance(threshold, Tensor):
        return group_soft_threshold(w, root * threshold)
    place = float64_device(w.device)
    d = 1 / (root * threshold.flatten(1)).to(place).double()
    pull = d * w.flatten(1).to(place).double()
    r = d.new_zeros(len(w), 1)
    for _ in range(_NEWTON_STEPS):
        shares = pull / (d * r + 1)
        length = shares.square().sum(1, keepdim=True).sqrt()
        slope = (d * shares.square() / (d * r + 1)).sum(1, keepdim=True) / length**3
        r = (r + (1 - 1 / length) / slope).nan_to_num(0.0).clamp(min=0)
    return (pull / (d + 1 / r)).view_as(w).to(w)


def _groups_by_parameter(optimizer: Optimizer) -> dict[nn.Parameter, dict]:
    """Return each parameter's group."""
    return {weight: group for group in optimizer.param_groups for weight in group["params"]}
