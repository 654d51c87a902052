"""What a penalty does to weights whose loss is quadratic: the numbers shown by the λ slider.

In two weights the loss is ½ (w − c)ᵀ A (w − c) with A = :data:`CURVATURE` and its minimum at c. For
a whole layer A is the identity: each weight by itself. The penalty, added to the loss, is λ Σ|w|
(L1) or λ/2 Σw² (L2).

Lesson 05, section 1.
"""

from __future__ import annotations

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.sparsity import soft_threshold

#: "L1" and "L2" are minimized exactly; "L1 subgradient" by plain gradient steps, as an optimizer
#: does when the penalty is part of its loss.
SHRINKAGE_PENALTIES = ("L1", "L2", "L1 subgradient")
CURVATURE = ((1.0, 0.3), (0.3, 0.5))
LR, STEPS = 0.1, 200  # of the subgradient descent
_SWEEPS = 40  # of the coordinate descent: each leaves 0.3² / (1 · 0.5) = 18% of the error


def shrink(weights: Tensor, lam: float, penalty: str) -> Tensor:
    """Return what is left of each weight w: the minimizer v of ½ (v − w)² + the penalty on v.

    L1: soft-thresholding, sign(w) · max(|w| − λ, 0). L2: w / (1 + λ). "L1 subgradient": where 200
    steps with learning rate 0.1 lead.

    Args:
        weights: of any shape.
        lam: λ, in the units of the weights for L1.

    Raises:
        CatdogError: there is no such penalty.
    """
    if check_penalty(penalty) == "L1":
        return soft_threshold(weights, lam)
    if penalty == "L2":
        return weights / (1 + lam)
    end = weights
    for _ in range(STEPS):
        end = end - LR * (end - weights + lam * end.sign())
    return end


def minimisers(minimum: tuple[float, float], lam: float, penalty: str) -> Tensor:
    """Return the path of two weights from the minimum of the loss as λ grows: N×2, float64.

    L1, L2: the minimizer of loss + penalty at 101 values from 0 to λ. "L1 subgradient": each step
    at this λ. The last row is their position at λ.

    Args:
        minimum: c, where the loss alone is lowest.

    Raises:
        CatdogError: there is no such penalty.
    """
    curvature = torch.tensor(CURVATURE, dtype=torch.float64)
    center = torch.tensor(minimum, dtype=torch.float64)
    lams = lam * torch.arange(101, dtype=torch.float64) / 100
    if check_penalty(penalty) == "L1":
        return _lasso(curvature, curvature @ center, lams)
    if penalty == "L2":  # A (w − c) + λ w = 0
        return torch.linalg.solve(
            curvature + lams[:, None, None] * torch.eye(2), curvature @ center
        )
    path = [center]
    for _ in range(STEPS):
        w = path[-1]
        path.append(w - LR * (curvature @ (w - center) + lam * w.sign()))
    return torch.stack(path)


def _lasso(curvature: Tensor, pull: Tensor, lams: Tensor) -> Tensor:
    """Solve by coordinate descent (Friedman et al. 2007): soft-threshold each weight in turn."""
    w = torch.zeros(len(lams), 2, dtype=torch.float64)
    for _ in range(_SWEEPS):
        for i, other in ((0, 1), (1, 0)):
            target = pull[i] - curvature[i, other] * w[:, other]
            w[:, i] = soft_threshold(target, lams) / curvature[i, i]
    return w


def loss(w: tuple[float, float], minimum: tuple[float, float]) -> float:
    """Return ½ (w − c)ᵀ A (w − c), the height of a contour line."""
    (a, b), (_, d) = CURVATURE
    x, y = w[0] - minimum[0], w[1] - minimum[1]
    return (a * x * x + 2 * b * x * y + d * y * y) / 2


def check_penalty(name: str) -> str:
    """Return this name, if it is known.

    Raises:
        CatdogError: it is none of :data:`SHRINKAGE_PENALTIES`.
    """
    if name not in SHRINKAGE_PENALTIES:
        raise CatdogError(f"penalty is {name!r}; use one of {', '.join(SHRINKAGE_PENALTIES)}.")
    return name
