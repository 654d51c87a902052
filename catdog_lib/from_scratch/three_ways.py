"""Check a layer alone: its gradients by hand, by autograd, and by finite differences.

Lesson 04, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.gradient_check import numeric_gradient, relative_error


def check_three_ways(layer: type, pytorch: Callable, *tensors: Tensor, **settings: object) -> None:
    """Compare a layer's own gradients with PyTorch's and with finite differences, and print both.

    A layer has no loss of its own. With random numbers g of the shape of its output y, the loss
    L = Σ g·y has the gradient ∂L/∂y = g, and everything that a layer has to do is in ∂L/∂x.

    Args:
        layer: a class with ``forward`` and ``backward``, such as
            :class:`catdog_lib.from_scratch.Linear`.
        pytorch: the same function of PyTorch.
        tensors: what both take.
        settings: what both take by name.

    Raises:
        CatdogError: the outputs or the gradients differ.
    """
    tensors = tuple(tensor.double() for tensor in tensors)
    y, saved = layer.forward(*tensors, **settings)
    g = torch.randn_like(y)
    by_hand = layer.backward(g, saved)

    leaves = [tensor.clone().requires_grad_() for tensor in tensors]
    theirs = pytorch(*leaves, **settings)
    if not torch.allclose(y, theirs):
        raise CatdogError(f"{layer.__name__}.forward is not what PyTorch computes.")
    by_autograd = torch.autograd.grad(theirs, leaves, g)

    for i, tensor in enumerate(tensors):

        def loss(moved: Tensor, i: int = i) -> Tensor:
            return (g * pytorch(*tensors[:i], moved, *tensors[i + 1 :], **settings)).sum()

        autograd = relative_error(by_hand[i], by_autograd[i])
        differences = relative_error(by_hand[i], numeric_gradient(loss, tensor))
        shape = "×".join(map(str, tensor.shape))
        print(
            f"{f'{layer.__name__}, argument {shape}':<34}"
            f"off by {autograd:.0e} from autograd, {differences:.0e} from differences"
        )
        if not (autograd <= 1e-10 and differences <= 1e-6):  # NaN, too
            raise CatdogError(
                f"{layer.__name__}.backward is wrong: the gradient of argument {i}, {shape}, "
                f"differs from autograd's by {autograd:.0e} of its length, and from finite "
                f"differences' by {differences:.0e}."
            )
