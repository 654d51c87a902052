"""Layers of feature maps, each with its derivative beside it: convolution, max-pooling, BatchNorm.

The pattern is that of :mod:`catdog_lib.from_scratch.dense_layers`: ``forward`` returns the output
and what the backward pass needs, ``backward`` turns ``g = ∂L/∂y`` into the gradients of the loss L
with respect to what ``forward`` took.

Longer than 200 lines because each derivation is next to its code.

Lesson 04, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.arguments import as_pair, check_tensor
from catdog_lib.from_scratch.conv import conv2d_unfold
from catdog_lib.from_scratch.output_sizes import pool_output_size

Pair = tuple[int, int]


class Convolution:
    """``y[n, o, r, c] = bias[o] + Σₖ Σᵢ Σⱼ weight[o, k, i, j] · x[n, k, u, v]``

    with ``u = r·s + i·d − p`` and ``v = c·s + j·d − p``. n counts the images, o the output
    channels, r and c the rows and columns of the output; k counts the input channels, i and j the
    rows and columns of the kernel. s is the stride, p the padding (x is 0 there), d the dilation.
    Forward, the kernel _gathers_: output (r, c) reads from position (u, v). Backward it _scatters_:
    the gradient that arrived at (r, c) goes to the same positions, times the same weights. Seen
    from the row that receives, u, that is r·s = u + p − i·d: one index falls as the other grows. It
    is a true convolution, with the kernel flipped.

    ``∂L/∂x``: put s − 1 zeros between the values of g, so that r becomes r·s; surround it with d·(k
    − 1) zeros; slide the kernel, flipped in both directions and with its two channel axes
    exchanged, over it; cut off the padding.
    ``∂L/∂weight[o, k, i, j] = Σₙ Σᵣ Σ꜀ g[n, o, r, c] · x[n, k, u, v]``: a cross-correlation of x
    with g as the kernel, summed over the images; here i counts positions and r taps, so s and d
    exchange roles.
    ``∂L/∂bias[o] = Σₙ Σᵣ Σ꜀ g[n, o, r, c]``

    Source: Dumoulin and Visin (arXiv:1603.07285), chapter 4. With G groups all of this is done
    group by group.

    Shape: x N×C_in×H×W, weight C_out×(C_in/G)×kh×kw, bias C_out values or None  →
    N×C_out×H_out×W_out.

    Raises:
        CatdogError: as :func:`catdog_lib.from_scratch.conv.conv2d_unfold`.
    """

    @staticmethod
    def forward(
        x: Tensor,
        weight: Tensor,
        bias: Tensor | None = None,
        stride: int | Pair = 1,
        padding: int | Pair = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
    ) -> tuple[Tensor, tuple]:
        y = conv2d_unfold(x, weight, bias, stride, padding, dilation, groups)
        settings = (
            as_pair("stride", stride),
            as_pair("padding", padding),
            as_pair("dilation", dilation),
        )
        return y, (x, weight, bias, *settings, groups)

    @staticmethod
    def backward(g: Tensor, saved: tuple) -> tuple[Tensor, Tensor, Tensor | None]:
        x, weight, bias, *settings, groups = saved
        grad_x, grad_weight = [], []
        for g_group, x_group, weight_group in zip(
            g.chunk(groups, 1), x.chunk(groups, 1), weight.chunk(groups), strict=True
        ):
            grad_x.append(
                Convolution.input_gradient(g_group, x_group.shape, weight_group, *settings)
            )
            grad_weight.append(
                Convolution.weight_gradient(g_group, x_group, weight_group.shape, *settings)
            )
        grad_bias = None if bias is None else g.sum((0, 2, 3))
        return torch.cat(grad_x, 1), torch.cat(grad_weight), grad_bias

    @staticmethod
    def input_gradient(
        g: Tensor, shape: torch.Size, weight: Tensor, stride: Pair, padding: Pair, dilation: Pair
    ) -> Tensor:
        """Return ``∂L/∂x``: g, spread by the stride, convolved with the flipped kernel."""
        n, outputs, rows, columns = g.shape
        spread = g.new_zeros(n, outputs, stride[0] * (rows - 1) + 1, stride[1] * (columns - 1) + 1)
        spread[:, :, :: stride[0], :: stride[1]] = g
        flipped = weight.flip(2, 3).transpose(0, 1)  # C_in×C_out: outputs have become inputs
        margin = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
        seen = conv2d_unfold(spread, flipped, padding=tuple(margin), dilation=dilation)
        # Pixels at the far ends that no window has reached do not affect the loss: they stay 0.
        (height, width), (ph, pw) = shape[2:], padding
        padded = g.new_zeros(*shape[:2], height + 2 * ph, width + 2 * pw)
        padded[:, :, : seen.shape[2], : seen.shape[3]] = seen
        return padded[:, :, ph : ph + height, pw : pw + width]

    @staticmethod
    def weight_gradient(
        g: Tensor, x: Tensor, shape: torch.Size, stride: Pair, padding: Pair, dilation: Pair
    ) -> Tensor:
        """Return ``∂L/∂weight``: x cross-correlated with g, summed over the images."""
        x, g = x.transpose(0, 1), g.transpose(0, 1)  # images act as channels: those are summed
        taps = conv2d_unfold(x, g, stride=dilation, padding=padding, dilation=stride)
        taps = taps[:, :, : shape[2], : shape[3]]  # a stride may leave more positions than taps
        return taps.transpose(0, 1)


class MaxPool2d:
    """``y[n, c, r, q] = max over i, j of x[n, c, r·s + i − p, q·s + j − p]``

    n counts the images, c the channels, r and q the rows and columns of the output; i and j, below
    the kernel's height and width, those of the window. s is the stride, p the padding, which counts
    as −∞.

    ``∂L/∂x``: each g[n, c, r, q] goes, whole, to the position in its window that won; all others
    get nothing from it. A position that wins in several windows gets the sum. Among equals the
    first wins, row by row, as in PyTorch. Where two are equal there is no derivative: a small
    change of either would change the winner.

    Args: stride None stands for the kernel's size.

    Shape: N×C×H×W  →  N×C×H_out×W_out, with sizes from
    :func:`catdog_lib.from_scratch.output_sizes.pool_output_size`.

    Raises:
        CatdogError: x is not N×C×H×W, or the window does not fit.
    """

    @staticmethod
    def forward(
        x: Tensor,
        kernel_size: int | Pair,
        stride: int | Pair | None = None,
        padding: int | Pair = 0,
    ) -> tuple[Tensor, tuple]:
        check_tensor("x", x, 4, floats=True)
        kernel, (ph, pw) = as_pair("kernel_size", kernel_size), as_pair("padding", padding)
        stride = kernel if stride is None else as_pair("stride", stride)
        sides = zip(x.shape[2:], kernel, stride, (ph, pw), strict=True)
        height, width = (pool_output_size(*side) for side in sides)
        n, channels = x.shape[:2]
        padded = F.pad(x, (pw, pw, ph, ph), value=float("-inf"))
        windows = F.unfold(padded, kernel, stride=stride)  # N × C·kh·kw × H_out·W_out
        windows = windows.reshape(n, channels, kernel[0] * kernel[1], height * width)
        largest, winner = windows.max(dim=2)
        y = largest.reshape(n, channels, height, width)
        return y, (winner, x.shape, padded.shape, kernel, stride, (ph, pw))

    @staticmethod
    def backward(g: Tensor, saved: tuple) -> tuple[Tensor]:
        winner, shape, padded, kernel, stride, (ph, pw) = saved
        n, channels, height, width = shape
        windows = g.new_zeros(n, channels, kernel[0] * kernel[1], winner.shape[2])
        windows.scatter_(2, winner[:, :, None], g.reshape(n, channels, 1, -1))
        # fold is the backward pass of unfold: it puts the windows back and adds where they overlap.
        grad_padded = F.fold(windows.flatten(1, 2), padded[2:], kernel, stride=stride)
        return (grad_padded[:, :, ph : ph + height, pw : pw + width],)


class BatchNorm:
    """``y = γ · x̂ + β``, with ``x̂ = (x − μ) / √(σ² + ε)``, channel by channel, in training

    μ and σ² are mean and variance (divided by m, not m − 1) of the channel over the m = N·H·W
    values that the batch has of it; ε keeps the root from zero; γ (weight) and β (bias) are
    learned. Each x moves its own y, and, through μ and σ², all the others: hence the sums below.
    With Σ over the m values of a channel:

    ``∂L/∂γ = Σ g · x̂``
    ``∂L/∂β = Σ g``
    ``∂L/∂x = γ / √(σ² + ε) · (g − Σg / m − x̂ · Σ(g · x̂) / m)``

    What is left of g has no component along 1 and, but for ε, none along x̂: to shift or to scale a
    channel changes nothing. The running averages that PyTorch's layer keeps for evaluation do not
    enter the gradient. Source: Ioffe and Szegedy (arXiv:1502.03167).

    Shape: x N×C×H×W or N×C, weight and bias C values each  →  the shape of x.

    Raises:
        CatdogError: a channel has a single value, which would always become 0.
    """

    @staticmethod
    def forward(x: Tensor, weight: Tensor, bias: Tensor, eps: float = 1e-5) -> tuple[Tensor, tuple]:
        if x.numel() <= x.shape[1]:
            raise CatdogError(
                f"x has the shape {tuple(x.shape)}, one value or none for each channel, and "
                "BatchNorm cannot learn from it: one value minus its mean is 0; give more "
                "images, or larger maps."
            )
        all_but_channels = [axis for axis in range(x.ndim) if axis != 1]
        as_x = (-1,) + (1,) * (x.ndim - 2)  # one number for each channel, broadcast over the maps
        centred = x - x.mean(all_but_channels, keepdim=True)
        std = (centred.square().mean(all_but_channels, keepdim=True) + eps).sqrt()
        normal = centred / std
        weight = weight.reshape(as_x)
        return weight * normal + bias.reshape(as_x), (normal, std, weight, all_but_channels)

    @staticmethod
    def backward(g: Tensor, saved: tuple) -> tuple[Tensor, Tensor, Tensor]:
        normal, std, weight, all_but_channels = saved
        mean_g = g.mean(all_but_channels, keepdim=True)
        mean_g_normal = (g * normal).mean(all_but_channels, keepdim=True)
        grad_x = weight / std * (g - mean_g - normal * mean_g_normal)
        return grad_x, (g * normal).sum(all_but_channels), g.sum(all_but_channels)
