"""Muon: gradient descent in which every direction of a weight matrix is learned at the same speed.

A gradient is dominated by a few directions: its largest singular values are many times its smallest. Muon replaces
the gradient's matrix G = U S Vᵀ by U Vᵀ, the nearest matrix whose singular values are all 1, so that what few pictures
speak for is learned as fast as what all of them do.

Source: K. Jordan and others 2024, "Muon: an optimizer for hidden layers in neural networks",
https://kellerjordan.github.io/posts/muon/.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

# The polynomial aX + b(XXᵀ)X + c(XXᵀ)²X brings singular values in (0, 1] near 1 in five rounds; from the source above.
A, B, C = 3.4445, -4.7750, 2.0315
ROUNDS = 5


class Muon(torch.optim.Optimizer):
    """Muon for parameters with two dimensions or more; Nesterov's momentum for the others.

    A convolution's weight, C_out×C_in×k×k, counts as the matrix C_out × (C_in·k·k) that multiplies a patch.
    Biases and BatchNorm's scales and shifts have no directions to even out.

    Args:
        params: parameters, or groups of them, each with its own ``lr``, ``momentum`` and ``weight_decay``.
        lr: learning rate; with it alone a step changes a matrix by that much in every direction.
        momentum: share of the running average of the gradients that a new gradient leaves.
        weight_decay: every step first shrinks the parameters by lr · weight_decay.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float = 0.06,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
    ):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None) -> None:
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["average"] = torch.zeros_like(weight)
                state["average"].lerp_(weight.grad, 1 - momentum)
                change = weight.grad.lerp(state["average"], momentum)  # Nesterov: look ahead
                if weight.ndim > 1:
                    change = orthogonalized(change.flatten(1)).reshape(weight.shape)
                weight.mul_(1 - lr * group["weight_decay"]).sub_(change, alpha=lr)


def orthogonalized(matrix: Tensor) -> Tensor:
    """About U Vᵀ for a matrix U S Vᵀ, m×n, by five rounds of a polynomial (Newton and Schulz's method).

    Computed in bfloat16, which is exact enough: singular values end between about 0.7 and 1.2. The result is scaled by
    √max(1, m/n), so that a layer with many outputs moves its output as much as others do.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).bfloat16()
    x = x / (x.norm() + 1e-7)
    for _ in range(ROUNDS):
        square = x @ x.T
        x = A * x + (B * square + C * square @ square) @ x
    x = x.T if tall else x
    return x.to(matrix.dtype) * max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
