"""Muon: gradient descent that learns every direction of a weight matrix at the same speed.

A gradient is dominated by a few directions: its largest singular values are many times its
smallest. Muon replaces the gradient's matrix G = U S Vᵀ by U Vᵀ, the nearest matrix whose singular
values are all 1, so that what few images speak for is learned as fast as what all of them do.

Source: K. Jordan and others 2024, "Muon: an optimizer for hidden layers in neural networks",
https://kellerjordan.github.io/posts/muon/.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch
from torch import Tensor

# The polynomial aX + b(XXᵀ)X + c(XXᵀ)²X brings singular values in (0, 1] near 1; the source takes
# five steps. Three leave the smallest ones smaller, train as well here, and save two fifths of the
# time.
A, B, C = 3.4445, -4.7750, 2.0315
NS_STEPS = 3


class Muon(torch.optim.Optimizer):
    """Muon for parameters with two dimensions or more; Nesterov's momentum for all other ones.

    A convolution's weight, C_out×C_in×k×k, counts as the matrix C_out × (k·k·C_in) that multiplies
    a patch. Biases and BatchNorm's scales and shifts have no directions to even out.

    Args:
        params: parameters, or groups of them, each with its own ``lr``, ``momentum`` and
            ``weight_decay``.
        lr: learning rate; with it alone a step changes a matrix by that much in every direction.
        momentum: fraction of the running average of the gradients that a new gradient leaves.
        weight_decay: every step first shrinks the parameters by lr · weight_decay.
        dtype: number format of the products in :func:`newton_schulz`. bfloat16 is exact enough, and
            faster where the processor has it; where it does not, it is emulated, ten times slower
            than float32 or more.
    """

    def __init__(
        self,
        params: Iterable,
        lr: float,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        dtype: torch.dtype = torch.float32,
    ):
        settings = dict(lr=lr, momentum=momentum, weight_decay=weight_decay, dtype=dtype)
        super().__init__(params, settings)

    @torch.no_grad()
    def step(self, closure: Callable[[], Tensor] | None = None) -> Tensor | None:
        """Change every parameter that has a gradient; first call ``closure``, and return its loss.

        PyTorch's optimizers take such a function, which computes the loss and the gradients.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            lr, momentum = group["lr"], group["momentum"]
            weights = [weight for weight in group["params"] if weight.grad is not None]
            if not weights:
                continue
            gradients = [weight.grad for weight in weights]
            for weight in weights:
                if not self.state[weight]:
                    self.state[weight]["momentum_buffer"] = torch.zeros_like(weight)
            buffers = [self.state[weight]["momentum_buffer"] for weight in weights]
            # For all weights at once: a GPU takes longer to be told of a small one than to do it.
            torch._foreach_lerp_(buffers, gradients, 1 - momentum)
            ahead = torch._foreach_lerp(gradients, buffers, momentum)  # as Nesterov looks ahead
            updates = list(ahead)
            for number, update in enumerate(updates):
                if update.ndim > 1:
                    rows = update.movedim(1, -1)  # as in channels-last memory: nothing is copied
                    orthogonal = newton_schulz(rows.flatten(1), group["dtype"])
                    updates[number] = orthogonal.view(rows.shape).movedim(-1, 1)
            torch._foreach_mul_(weights, 1 - lr * group["weight_decay"])
            torch._foreach_sub_(weights, updates, alpha=lr)
        return loss


def newton_schulz(matrix: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return about U Vᵀ for a matrix U S Vᵀ, m×n, by a few steps of Newton and Schulz's method.

    Each step applies a polynomial, computed in ``dtype``. A singular value above a fortieth of the
    matrix's norm ends between about 0.65 and 1.25; a smaller one stays smaller. bfloat16 changes
    that little: it keeps the range of float32, which float16 does not. The result is scaled by
    √max(1, m/n), so that a layer with many outputs moves its output as much as all other ones do.
    """
    tall = matrix.shape[0] > matrix.shape[1]
    x = (matrix.T if tall else matrix).to(dtype)
    x = x / (x.norm() + 1e-7)
    for _ in range(NS_STEPS):
        square = x @ x.T
        x = torch.addmm(x, torch.addmm(square, square, square, beta=B, alpha=C), x, beta=A)
    x = x.T if tall else x
    return x.to(matrix.dtype) * max(1.0, matrix.shape[0] / matrix.shape[1]) ** 0.5
