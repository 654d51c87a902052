"""Cross-correlation and convolution, written to be read beside their formulas.

They are slow on purpose. `torch.nn.functional` does the same much faster; the tests hold the two
equal. The formulas are those of Dumoulin and Visin, "A guide to convolution arithmetic for deep
learning" (arXiv:1603.07285).

Lesson 01, section 1; Lesson 01, section 2; Lesson 01, section 4.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.arguments import as_pair, check_bias, check_groups, check_tensor
from catdog_lib.from_scratch.output_sizes import conv_output_size


def cross_correlate_1d(signal: Tensor, kernel: Tensor) -> Tensor:
    """Slide the kernel along the signal and sum the products at each position.

    ``y[t] = Σᵢ kernel[i] · signal[t + i]``, with i from 0 to k − 1

    Only positions where the whole kernel lies on the signal count (the "valid" part).

    Shape: n values and k values  →  n − k + 1 values.

    Raises:
        CatdogError: an argument is not 1-D, their types differ, or the kernel is longer than the
            signal.
    """
    check_tensor("signal", signal, 1)
    check_tensor("kernel", kernel, 1, signal.dtype)
    length = conv_output_size(len(signal), len(kernel))
    return torch.stack(
        [sum(kernel[i] * signal[t + i] for i in range(len(kernel))) for t in range(length)]
    )


def convolve_1d(signal: Tensor, kernel: Tensor) -> Tensor:
    """Return the convolution as mathematics defines it: the same with the kernel flipped.

    ``y[t] = Σᵢ kernel[i] · signal[t + (k − 1) − i]``, with i from 0 to k − 1

    One index grows while the other falls: this is the integral ∫ f(τ) g(t − τ) dτ as a sum, with t
    counted from the first position where the whole kernel lies on the signal.

    Shape: n values and k values  →  n − k + 1 values.

    Raises:
        CatdogError: as :func:`cross_correlate_1d`.
    """
    return cross_correlate_1d(signal, kernel.flip(0))


def cross_correlate_2d(image: Tensor, kernel: Tensor) -> Tensor:
    """Slide the kernel over the image and sum the products at each position.

    ``y[r, c] = Σᵢ Σⱼ kernel[i, j] · image[r + i, c + j]``, with i below kh and j below kw

    Shape: H×W and kh×kw  →  (H − kh + 1)×(W − kw + 1).

    Raises:
        CatdogError: an argument is not 2-D, their types differ, or the kernel is larger than the
            image.
    """
    check_tensor("image", image, 2)
    check_tensor("kernel", kernel, 2, image.dtype)
    kh, kw = kernel.shape
    height, width = conv_output_size(image.shape[0], kh), conv_output_size(image.shape[1], kw)
    y = image.new_zeros(height, width)
    for r in range(height):
        for c in range(width):
            y[r, c] = (kernel * image[r : r + kh, c : c + kw]).sum()
    return y


def convolve_2d(image: Tensor, kernel: Tensor) -> Tensor:
    """Return the convolution: the same with the kernel flipped in both directions.

    ``y[r, c] = Σᵢ Σⱼ kernel[i, j] · image[r + (kh − 1) − i, c + (kw − 1) − j]``

    Shape: H×W and kh×kw  →  (H − kh + 1)×(W − kw + 1).

    Raises:
        CatdogError: as :func:`cross_correlate_2d`.
    """
    check_tensor("kernel", kernel, 2)
    return cross_correlate_2d(image, kernel.flip(0, 1))


def conv2d_loops(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> Tensor:
    """Compute what ``F.conv2d`` computes, one multiplication at a time.

    ``y[n, o, r, c] = bias[o] + Σₖ Σᵢ Σⱼ weight[o, k, i, j] · x[n, first + k, u, v]``
    with ``u = r·s + i·d − p`` and ``v = c·s + j·d − p``

    n counts the images, o the output channels, r and c the rows and columns of the output; k
    counts the input channels that output channel o sees, i and j the rows and columns of the
    kernel. s is the stride, p the padding (x is 0 outside the image), d the dilation. With G
    groups, output channel o sees only the C_in/G input channels of its own group, from
    ``first = (o // (C_out/G)) · C_in/G`` on; with one group it sees them all.

    Args:
        x: N×C_in×H×W.
        weight: C_out×(C_in/groups)×kh×kw.
        bias: C_out values, or None for none.
        stride, padding, dilation: one number, or one for the height and one for the width. Padding
            is per side.
        groups: into how many groups the channels are divided.

    Shape: N×C_out×H_out×W_out, with sizes from
    :func:`catdog_lib.from_scratch.output_sizes.conv_output_size`.

    Raises:
        CatdogError: the shapes do not fit together, or the kernel does not fit into the padded
            image.
    """
    (height, width), (sh, sw), (ph, pw), (dh, dw) = _convolution_settings(
        x, weight, bias, stride, padding, dilation, groups
    )
    outputs, channels, kh, kw = weight.shape
    padded = F.pad(x, (pw, pw, ph, ph))
    y = x.new_zeros(len(x), outputs, height, width)
    for n in range(len(x)):
        for o in range(outputs):
            first = o // (outputs // groups) * channels
            for r in range(height):
                for c in range(width):
                    total = 0 if bias is None else bias[o]
                    for k in range(channels):
                        for i in range(kh):
                            for j in range(kw):
                                pixel = padded[n, first + k, r * sh + i * dh, c * sw + j * dw]
                                total = total + weight[o, k, i, j] * pixel
                    y[n, o, r, c] = total
    return y


def conv2d_unfold(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> Tensor:
    """Compute the same as one matrix product: each patch is a column, each filter a row.

    ``Y = W · P + b``, for each image and each group of channels: P has one column for each of the
    L = H_out·W_out positions of the kernel, with the C_in/G·kh·kw values that lie under it; W has
    one row for each output channel. The price of the speed is memory: P holds each pixel up to
    kh·kw times.

    Args, shape, errors: as :func:`conv2d_loops`.
    """
    (height, width), stride, padding, dilation = _convolution_settings(
        x, weight, bias, stride, padding, dilation, groups
    )
    check_tensor("x", x, 4, floats=True)  # PyTorch cuts patches from no other type
    outputs, channels, kh, kw = weight.shape
    patches = F.unfold(x, (kh, kw), dilation, padding, stride)  # N × C_in·kh·kw × L
    patches = patches.reshape(len(x), groups, channels * kh * kw, height * width)
    rows = weight.reshape(groups, outputs // groups, channels * kh * kw)
    y = (rows @ patches).reshape(len(x), outputs, height, width)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


def _convolution_settings(x, weight, bias, stride, padding, dilation, groups):
    """Return the output's size and the settings as (height, width), or raise what does not fit."""
    check_tensor("x", x, 4)
    check_tensor("weight", weight, 4, x.dtype)
    check_groups(groups, weight.shape[0], "output")
    if x.shape[1] != weight.shape[1] * groups:
        raise CatdogError(
            f"x has {x.shape[1]} channels, but the weight, of shape {tuple(weight.shape)} with "
            f"groups={groups}, takes {weight.shape[1] * groups}; its second number must be x's "
            "channels divided by groups."
        )
    check_bias(bias, weight.shape[0], x.dtype)
    stride, padding = as_pair("stride", stride), as_pair("padding", padding)
    dilation = as_pair("dilation", dilation)
    sides = zip(x.shape[2:], weight.shape[2:], stride, padding, dilation, strict=True)
    return tuple(conv_output_size(*side) for side in sides), stride, padding, dilation
