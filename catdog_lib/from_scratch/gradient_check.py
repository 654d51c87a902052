"""The gradient without any derivative: move each number a little and see what the function does.

Lesson 04, section 1; Lesson 04, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError


def numeric_gradient(function: Callable[[Tensor], Tensor], x: Tensor, h: float = 6e-6) -> Tensor:
    """Return central differences, ``∂f/∂xᵢ ≈ (f(x + h·eᵢ) − f(x − h·eᵢ)) / 2h``.

    eᵢ is 1 at number i and 0 elsewhere. Two errors pull h in opposite ways. _Truncation_: the
    Taylor series of both sides agree but for h²/6 · f′′′, so a smaller h is better. _Rounding_: f
    is known to about ε·|f|, with ε = 1.1e-16 in double precision, and the difference of two such
    numbers is divided by 2h, so a larger h is better. Their sum, h²/6·|f′′′| + ε·|f|/h, is least at
    h = ∛(3ε·|f/f′′′|); with f and f′′′ of about the same size that is 7e-6, and some ten digits
    come out right. In single precision, ε = 6e-8, there would be four or five: x must be in double
    precision.

    Where the function has a kink between x − h and x + h (ReLU near 0, a max-pooling near a tie)
    the result is a mean of two slopes and means nothing. It takes two runs of the function for each
    number in x: it is for checking.

    Args:
        function: takes a tensor shaped like x, returns one number.
        x: float64, any shape; it is not changed.
        h: the step.

    Shape: that of x.

    Raises:
        CatdogError: x is not float64, or the function returns more than one number.
    """
    if x.dtype != torch.float64:
        raise CatdogError(
            f"x holds {x.dtype}, too coarse for differences of nearly equal numbers; give "
            "x.double(), and a model in double precision too: model.double()."
        )
    moved = x.detach().clone(memory_format=torch.contiguous_format)
    gradient = torch.zeros_like(moved)
    numbers, slopes = moved.view(-1), gradient.view(-1)  # the same memory, in one row
    with torch.no_grad():
        for i in range(len(numbers)):
            old = numbers[i].item()
            numbers[i] = old + h
            above = _one_number(function(moved))
            numbers[i] = old - h
            below = _one_number(function(moved))
            numbers[i] = old
            slopes[i] = (above - below) / (2 * h)
    return gradient


def relative_error(a: Tensor, b: Tensor) -> float:
    """Return ``‖a − b‖ / max(‖a‖, ‖b‖, 1e-8)``: how far apart two gradients are.

    ‖·‖ is the root of the sum of squares over all numbers: number by number, noise would be divided
    by numbers that are nearly 0. For the same reason a gradient counts as no shorter than 1e-8.
    Some are: a bias before BatchNorm is subtracted again with the mean, so its gradient is 0, and
    what is computed is rounding. So look at the lengths too: where a network is sure of its
    answers, all gradients are next to nothing, and next to nothing is equal to anything. Right
    derivatives against :func:`numeric_gradient`: mostly below 1e-7.

    Raises:
        CatdogError: the shapes differ.
    """
    if a.shape != b.shape:
        raise CatdogError(
            f"Cannot compare gradients of the shapes {tuple(a.shape)} and {tuple(b.shape)}; both "
            "must have the shape of the tensor that they belong to."
        )
    return (a - b).norm().item() / max(a.norm().item(), b.norm().item(), 1e-8)


def _one_number(value: Tensor) -> float:
    """Return a scalar tensor as a float."""
    if value.numel() != 1:
        raise CatdogError(
            f"The function returns {value.numel()} numbers where numeric_gradient needs one; "
            "return a loss, or the sum of the outputs."
        )
    return value.item()
