"""Convolution, pooling and transposed convolution, written to be read beside their formulas.

They are slow on purpose. `torch.nn.functional` does the same much faster; the tests hold the two
equal. The formulas are those of Dumoulin and Visin, "A guide to convolution arithmetic for deep
learning" (arXiv:1603.07285).
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.output_sizes import (
    conv_output_size,
    pool_output_size,
    transposed_output_size,
)


def cross_correlate_1d(signal: Tensor, kernel: Tensor) -> Tensor:
    """Slide the kernel along the signal and, at each place, sum the products.

    ``y[t] = Σᵢ kernel[i] · signal[t + i]``, with i from 0 to k − 1

    Only places where the whole kernel lies on the signal count (the "valid" part).

    Shape: n values and k values  →  n − k + 1 values.

    Raises:
        CatdogError: an argument is not 1-D, their types differ, or the kernel is longer than the
            signal.
    """
    _expect("signal", signal, 1)
    _expect("kernel", kernel, 1, signal.dtype)
    length = conv_output_size(len(signal), len(kernel))
    return torch.stack(
        [sum(kernel[i] * signal[t + i] for i in range(len(kernel))) for t in range(length)]
    )


def convolve_1d(signal: Tensor, kernel: Tensor) -> Tensor:
    """The same with the kernel flipped: convolution as mathematics defines it.

    ``y[t] = Σᵢ kernel[i] · signal[t + (k − 1) − i]``, with i from 0 to k − 1

    One index grows while the other falls: this is the integral ∫ f(τ) g(t − τ) dτ as a sum, with t
    counted from the first place where the whole kernel lies on the signal.

    Shape: n values and k values  →  n − k + 1 values.

    Raises:
        CatdogError: as :func:`cross_correlate_1d`.
    """
    _expect("kernel", kernel, 1)
    return cross_correlate_1d(signal, kernel.flip(0))


def cross_correlate_2d(image: Tensor, kernel: Tensor) -> Tensor:
    """Slide the kernel over the image and, at each place, sum the products.

    ``y[r, c] = Σᵢ Σⱼ kernel[i, j] · image[r + i, c + j]``, with i below kh and j below kw

    Shape: H×W and kh×kw  →  (H − kh + 1)×(W − kw + 1).

    Raises:
        CatdogError: an argument is not 2-D, their types differ, or the kernel is larger than the
            image.
    """
    _expect("image", image, 2)
    _expect("kernel", kernel, 2, image.dtype)
    kh, kw = kernel.shape
    height, width = conv_output_size(image.shape[0], kh), conv_output_size(image.shape[1], kw)
    y = image.new_zeros(height, width)
    for r in range(height):
        for c in range(width):
            y[r, c] = (kernel * image[r : r + kh, c : c + kw]).sum()
    return y


def convolve_2d(image: Tensor, kernel: Tensor) -> Tensor:
    """The same with the kernel turned by 180°, that is, flipped in both directions.

    ``y[r, c] = Σᵢ Σⱼ kernel[i, j] · image[r + (kh − 1) − i, c + (kw − 1) − j]``

    Shape: H×W and kh×kw  →  (H − kh + 1)×(W − kw + 1).

    Raises:
        CatdogError: as :func:`cross_correlate_2d`.
    """
    _expect("kernel", kernel, 2)
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
    """What ``F.conv2d`` computes, one multiplication at a time.

    ``y[n, o, r, c] = bias[o] + Σₖ Σᵢ Σⱼ weight[o, k, i, j] · x[n, first + k, r·s + i·d − p, c·s + j·d − p]``

    n counts the pictures, o the output channels, r and c the rows and columns of the output; k
    counts the input channels that output channel o sees, i and j the rows and columns of the
    kernel. s is the stride, p the padding (x is 0 outside the picture), d the dilation. With G
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
            picture.
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
    """The same as one matrix product: every patch becomes a column, every filter a row.

    ``Y = W · P + b``, for each picture and each group of channels: P has one column for each of the
    L = H_out·W_out places of the kernel, with the C_in/G·kh·kw values that lie under it; W has one
    row for each output channel. The price of the speed is memory: P holds each pixel up to kh·kw
    times.

    Args, shape, errors: as :func:`conv2d_loops`.
    """
    (height, width), stride, padding, dilation = _convolution_settings(
        x, weight, bias, stride, padding, dilation, groups
    )
    outputs, channels, kh, kw = weight.shape
    patches = F.unfold(x, (kh, kw), dilation, padding, stride)  # N × C_in·kh·kw × L
    patches = patches.reshape(len(x), groups, channels * kh * kw, height * width)
    rows = weight.reshape(groups, outputs // groups, channels * kh * kw)
    y = (rows @ patches).reshape(len(x), outputs, height, width)
    return y if bias is None else y + bias.reshape(-1, 1, 1)


def pool2d(
    x: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
    ceil_mode: bool = False,
    mode: Literal["max", "average"] = "max",
) -> Tensor:
    """One value from each window, channel by channel: its largest, or its mean.

    Padding never wins a maximum: it counts as −∞. In a mean it counts as zeros, and the padded
    places are counted (PyTorch's default, ``count_include_pad=True``), but not those that
    ``ceil_mode`` reaches beyond the padding.

    Args:
        x: N×C×H×W.
        kernel_size, stride, padding: one number, or one for the height and one for the width;
            stride None stands for the kernel's size, so that windows touch and do not overlap.
        ceil_mode: also take a last window that hangs over the edge; see
            :func:`catdog_lib.from_scratch.output_sizes.pool_output_size`.

    Shape: N×C×H_out×W_out.

    Raises:
        CatdogError: x is not 4-D, the mode is unknown, or the window does not fit.
    """
    _expect("x", x, 4)
    if mode not in ("max", "average"):
        raise CatdogError(f'There is no mode={mode!r} of pooling; use "max" or "average".')
    kh, kw = _pair("kernel_size", kernel_size)
    sh, sw = (kh, kw) if stride is None else _pair("stride", stride)
    ph, pw = _pair("padding", padding)
    high, wide = x.shape[2:]
    height = pool_output_size(high, kh, sh, ph, ceil_mode=ceil_mode)
    width = pool_output_size(wide, kw, sw, pw, ceil_mode=ceil_mode)
    y = x.new_zeros(*x.shape[:2], height, width)
    for r in range(height):
        top, bottom = r * sh - ph, min(r * sh - ph + kh, high + ph)
        for c in range(width):
            left, right = c * sw - pw, min(c * sw - pw + kw, wide + pw)
            window = x[:, :, max(top, 0) : min(bottom, high), max(left, 0) : min(right, wide)]
            if mode == "max":
                y[:, :, r, c] = window.flatten(2).max(dim=2).values
            else:
                y[:, :, r, c] = window.sum((2, 3)) / ((bottom - top) * (right - left))
    return y


def conv_transpose2d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: int | tuple[int, int] = 1,
    padding: int | tuple[int, int] = 0,
    output_padding: int | tuple[int, int] = 0,
    dilation: int | tuple[int, int] = 1,
    groups: int = 1,
) -> Tensor:
    """A convolution read backwards: each input value stamps the kernel, times itself, onto a larger
    canvas.

    ``canvas[n, o, r·s + i·d, c·s + j·d] += x[n, k, r, c] · weight[k, o, i, j]``, over all k, r, c,
    i, j

    The letters are those of :func:`conv2d_loops`, but r and c now count the input. Where stamps
    overlap they add up. At the end p rows and columns are cut off on each side, and the bias is
    added. It is not the inverse of a convolution: it gives the shape back, not the values. It is
    how a convolution's gradient reaches its input.

    Args:
        x: N×C_in×H×W.
        weight: C_in×(C_out/groups)×kh×kw; input channels come first, the other way round than in a
            convolution.
        bias: C_out values, or None for none.
        stride, padding, output_padding, dilation: one number, or one for the height and one for the
            width. output_padding makes the bottom and the right larger, to choose among the sizes
            that a stride rounds to one.
        groups: into how many groups the channels are divided.

    Shape: N×C_out×H_out×W_out, with sizes from
    :func:`catdog_lib.from_scratch.output_sizes.transposed_output_size`.

    Raises:
        CatdogError: the shapes do not fit together, or nothing is left of the output.
    """
    _expect("x", x, 4)
    _expect("weight", weight, 4, x.dtype)
    _expect_groups(groups, weight.shape[0], "input")
    inputs, per_group, kh, kw = weight.shape
    if x.shape[1] != inputs:
        raise CatdogError(
            f"x has {x.shape[1]} channels, but the weight, of shape {tuple(weight.shape)}, takes "
            f"{inputs}; the first number of a transposed convolution's weight is its input "
            "channels."
        )
    _expect_bias(bias, groups * per_group, x.dtype)
    sh, sw = _pair("stride", stride)
    ph, pw = _pair("padding", padding)
    oh, ow = _pair("output_padding", output_padding)
    dh, dw = _pair("dilation", dilation)
    high, wide = x.shape[2:]
    height = transposed_output_size(high, kh, sh, ph, oh, dh)
    width = transposed_output_size(wide, kw, sw, pw, ow, dw)
    canvas = x.new_zeros(len(x), groups * per_group, height + 2 * ph, width + 2 * pw)
    for g in range(groups):
        taken = slice(g * inputs // groups, (g + 1) * inputs // groups)
        given = slice(g * per_group, (g + 1) * per_group)
        for r in range(high):
            rows = slice(r * sh, r * sh + dh * (kh - 1) + 1, dh)
            for c in range(wide):
                columns = slice(c * sw, c * sw + dw * (kw - 1) + 1, dw)
                stamps = torch.einsum("nk,koij->noij", x[:, taken, r, c], weight[taken])
                canvas[:, given, rows, columns] += stamps
    y = canvas[:, :, ph : ph + height, pw : pw + width]
    return y if bias is None else y + bias.reshape(-1, 1, 1)


def _convolution_settings(x, weight, bias, stride, padding, dilation, groups):
    """The output's size and the settings as pairs (height, width), or a sentence about what does
    not fit.
    """
    _expect("x", x, 4)
    _expect("weight", weight, 4, x.dtype)
    _expect_groups(groups, weight.shape[0], "output")
    if x.shape[1] != weight.shape[1] * groups:
        raise CatdogError(
            f"x has {x.shape[1]} channels, but the weight, of shape {tuple(weight.shape)} with "
            f"groups={groups}, takes {weight.shape[1] * groups}; its second number must be x's "
            "channels divided by groups."
        )
    _expect_bias(bias, weight.shape[0], x.dtype)
    stride, padding = _pair("stride", stride), _pair("padding", padding)
    dilation = _pair("dilation", dilation)
    sides = zip(x.shape[2:], weight.shape[2:], stride, padding, dilation, strict=True)
    return tuple(conv_output_size(*side) for side in sides), stride, padding, dilation


def _expect(name: str, tensor: Tensor, dimensions: int, dtype: torch.dtype | None = None) -> None:
    if tensor.ndim != dimensions:
        raise CatdogError(
            f"{name} has the shape {tuple(tensor.shape)}, but it must have {dimensions} "
            f"dimension{'s' if dimensions > 1 else ''}; add or remove some with reshape."
        )
    if dtype is not None and tensor.dtype != dtype:  # mixed, the sums would be cut down in silence
        raise CatdogError(
            f"{name} holds {tensor.dtype} but the input holds {dtype}; make them one type, such as "
            "with .float()."
        )


def _expect_bias(bias: Tensor | None, channels: int, dtype: torch.dtype) -> None:
    if bias is not None:
        _expect("bias", bias, 1, dtype)
        if len(bias) != channels:
            raise CatdogError(
                f"bias has {len(bias)} values; give one for each of the {channels} output channels."
            )


def _expect_groups(groups: int, channels: int, which: str) -> None:
    if not isinstance(groups, int) or groups < 1 or channels < groups or channels % groups:
        raise CatdogError(
            f"groups={groups} does not divide the weight's {channels} {which} channels; choose a "
            "divisor of both."
        )


def _pair(name: str, value: int | tuple[int, int]) -> tuple[int, int]:
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise CatdogError(f"{name}={value!r} must be one number or two (height, width).")
        return tuple(value)
    return value, value
