"""Linear layers, activations, shortcuts and the loss, each with its derivative beside it.

Every operation is a class with two functions. ``forward`` returns the output and what the backward
pass will need; ``backward`` takes the gradient of the loss L with respect to the output, ``g =
∂L/∂y``, and returns the gradient with respect to each tensor that ``forward`` took, in the same
order and of the same shape. That is all that backpropagation asks of a layer: Rumelhart, Hinton and
Williams, "Learning representations by back-propagating errors", Nature 323 (1986).

The tests hold each of them equal to PyTorch's autograd and to finite differences.

Lesson 04, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.arguments import check_labels


class Linear:
    """A fully connected layer: ``y[n, o] = Σᵢ weight[o, i] · x[n, i] + bias[o]``

    As matrices, ``y = x Wᵀ + b``. n counts the images, i the inputs, o the outputs. An input
    reaches the loss through every output, a weight through every image, so the backward pass sums
    over these:

    ``∂L/∂x[n, i] = Σₒ g[n, o] · weight[o, i]``, that is ``g W``
    ``∂L/∂weight[o, i] = Σₙ g[n, o] · x[n, i]``, that is ``gᵀ x``
    ``∂L/∂bias[o] = Σₙ g[n, o]``

    Shape: x N×I, weight O×I, bias O values or None  →  N×O.

    Raises:
        CatdogError: x is not N×I.
    """

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> tuple[Tensor, tuple]:
        if x.ndim != 2 or x.shape[1] != weight.shape[1]:
            raise CatdogError(
                f"x has the shape {tuple(x.shape)}, but this linear layer takes "
                f"N×{weight.shape[1]}; flatten the feature maps first, or give a weight of the "
                "right width."
            )
        y = x @ weight.T
        return (y if bias is None else y + bias), (x, weight, bias)

    @staticmethod
    def backward(g: Tensor, saved: tuple) -> tuple[Tensor, Tensor, Tensor | None]:
        x, weight, bias = saved
        return g @ weight, g.T @ x, None if bias is None else g.sum(0)


class ReLU:
    """``y = max(0, x)``, element by element

    ``∂L/∂x = g`` where x > 0, and 0 elsewhere. At x = 0 there is no derivative; like PyTorch we
    take 0.

    Shape: any  →  the same.
    """

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, tuple]:
        return x.clamp(min=0), (x > 0,)

    @staticmethod
    def backward(g: Tensor, saved: tuple) -> tuple[Tensor]:
        (positive,) = saved
        return (g * positive,)


class Tanh:
    """``y = tanh(x)``, element by element

    ``∂L/∂x = g · (1 − y²)``: the output alone is enough. Where y is near −1 or 1, next to nothing
    passes.

    Shape: any  →  the same.
    """

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, tuple]:
        y = x.tanh()
        return y, (y,)

    @staticmethod
    def backward(g: Tensor, saved: tuple) -> tuple[Tensor]:
        (y,) = saved
        return (g * (1 - y**2),)


class Flatten:
    """The same numbers in one row for each image; the backward pass puts them where they were.

    Shape: N×C×H×W  →  N×(C·H·W).
    """

    @staticmethod
    def forward(x: Tensor) -> tuple[Tensor, tuple]:
        return x.flatten(1), (x.shape,)

    @staticmethod
    def backward(g: Tensor, saved: tuple) -> tuple[Tensor]:
        (shape,) = saved
        return (g.reshape(shape),)


class Add:
    """``y = a + b``, a shortcut and what it goes around

    ``∂L/∂a = g`` and ``∂L/∂b = g``: the gradient goes both ways, as it is. Along the shortcuts it
    reaches the first layers without passing those between: He et al., "Identity Mappings in Deep
    Residual Networks" (arXiv:1603.05027).

    Shape: twice the same  →  the same.

    Raises:
        CatdogError: the shapes differ.
    """

    @staticmethod
    def forward(a: Tensor, b: Tensor) -> tuple[Tensor, tuple]:
        if a.shape != b.shape:
            raise CatdogError(
                f"Cannot add the shapes {tuple(a.shape)} and {tuple(b.shape)}; a shortcut needs "
                "two of the same shape: choose padding, stride and channels of the layers between "
                "so that they fit."
            )
        return a + b, ()

    @staticmethod
    def backward(g: Tensor, saved: tuple) -> tuple[Tensor, Tensor]:
        return g, g


class SoftmaxCrossEntropy:
    """``L = −1/N Σₙ Σₖ q[n, k] · log p[n, k]``, with ``p[n, k] = exp(z[n, k]) / Σⱼ exp(z[n, j])``

    z are the logits, p the probabilities that softmax makes of them, q the target ones: 1 for the
    true class and 0 for the others, or, smoothed by α, ``q = (1 − α) · (1 or 0) + α / K``. N is the
    number of images, K of classes.

    ``∂L/∂z[n, k] = g · (p[n, k] − q[n, k]) / N``

    Softmax alone has a K×K derivative, and the logarithm divides by p; together, all of it cancels
    but for this difference. Label smoothing: Szegedy et al. (arXiv:1512.00567).

    Shape: logits N×K, labels N integers below K  →  a scalar. Labels have no gradient.

    Raises:
        CatdogError: the labels do not fit the logits.
    """

    @staticmethod
    def forward(
        logits: Tensor, labels: Tensor, label_smoothing: float = 0.0
    ) -> tuple[Tensor, tuple]:
        classes = logits.shape[-1]
        check_labels(logits, labels)
        # A constant taken from all logits leaves p as it is, and keeps exp from overflowing.
        z = logits - logits.max(dim=1, keepdim=True).values
        log_p = z - z.exp().sum(dim=1, keepdim=True).log()
        q = torch.full_like(log_p, label_smoothing / classes)
        q[range(len(labels)), labels] += 1 - label_smoothing
        return -(q * log_p).sum() / len(labels), (log_p.exp(), q)

    @staticmethod
    def backward(g: Tensor, saved: tuple) -> tuple[Tensor]:
        p, q = saved
        return (g * (p - q) / len(p),)
