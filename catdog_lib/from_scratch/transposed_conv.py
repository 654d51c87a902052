"""Transposed convolution, written to be read beside its formula; the tests hold it to PyTorch's.

The formula is that of Dumoulin and Visin (arXiv:1603.07285), chapter 4.

Lesson 02, section 4.
"""

from __future__ import annotations

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.arguments import as_pair, check_bias, check_groups, check_tensor
from catdog_lib.from_scratch.output_sizes import transposed_output_size


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
    """Stamp the kernel, times each input value, onto a larger canvas: a convolution reversed.

    ``canvas[n, o, r·s + i·d, c·s + j·d] += x[n, k, r, c] · weight[k, o, i, j]``, over all k, r, c,
    i, j

    The letters are those of :func:`catdog_lib.from_scratch.conv.conv2d_loops`, but r and c now
    count the input. Where stamps overlap they add up. At the end p rows and columns are cut off on
    each side, and the bias is added. It is not the inverse of a convolution: it gives the shape
    back, not the values. It is how a convolution's gradient reaches its input.

    Args:
        x: N×C_in×H×W.
        weight: C_in×(C_out/groups)×kh×kw; input channels come first, unlike in a convolution.
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
    check_tensor("x", x, 4)
    check_tensor("weight", weight, 4, x.dtype)
    check_groups(groups, weight.shape[0], "input")
    inputs, per_group, kh, kw = weight.shape
    if x.shape[1] != inputs:
        raise CatdogError(
            f"x has {x.shape[1]} channels, but the weight, of shape {tuple(weight.shape)}, takes "
            f"{inputs}; the first number of a transposed convolution's weight is its input "
            "channels."
        )
    check_bias(bias, groups * per_group, x.dtype)
    sh, sw = as_pair("stride", stride)
    ph, pw = as_pair("padding", padding)
    oh, ow = as_pair("output_padding", output_padding)
    dh, dw = as_pair("dilation", dilation)
    in_height, in_width = x.shape[2:]
    height = transposed_output_size(in_height, kh, sh, ph, oh, dh)
    width = transposed_output_size(in_width, kw, sw, pw, ow, dw)
    canvas = x.new_zeros(len(x), groups * per_group, height + 2 * ph, width + 2 * pw)
    for g in range(groups):
        in_group = slice(g * inputs // groups, (g + 1) * inputs // groups)
        out_group = slice(g * per_group, (g + 1) * per_group)
        for r in range(in_height):
            rows = slice(r * sh, r * sh + dh * (kh - 1) + 1, dh)
            for c in range(in_width):
                columns = slice(c * sw, c * sw + dw * (kw - 1) + 1, dw)
                stamps = torch.einsum("nk,koij->noij", x[:, in_group, r, c], weight[in_group])
                canvas[:, out_group, rows, columns] += stamps
    y = canvas[:, :, ph : ph + height, pw : pw + width]
    return y if bias is None else y + bias.reshape(-1, 1, 1)
