"""Max-pooling and average pooling, written to be read, slowly; the tests hold them to PyTorch's.

Lesson 01, section 6.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.arguments import as_pair, check_tensor
from catdog_lib.from_scratch.output_sizes import pool_output_size


def pool2d(
    x: Tensor,
    kernel_size: int | tuple[int, int],
    stride: int | tuple[int, int] | None = None,
    padding: int | tuple[int, int] = 0,
    ceil_mode: bool = False,
    mode: Literal["max", "average"] = "max",
) -> Tensor:
    """Keep one value of each window, channel by channel: the largest, or the mean.

    Padding never wins a maximum: it counts as −∞. In a mean it counts as zeros, and the padded
    positions are counted (PyTorch's default, ``count_include_pad=True``), but not those that
    ``ceil_mode`` reaches beyond the padding.

    Args:
        x: N×C×H×W.
        kernel_size, stride, padding: one number, or one for the height and one for the width;
            stride None stands for the kernel's size, so that windows touch and do not overlap.
        ceil_mode: also take a last window that hangs over the edge; see
            :func:`catdog_lib.from_scratch.output_sizes.pool_output_size`.

    Shape: N×C×H_out×W_out.

    Raises:
        CatdogError: x is not 4-D or holds integers to average, the mode is unknown, or the window
            does not fit.
    """
    check_tensor("x", x, 4, floats=mode == "average")
    if mode not in ("max", "average"):
        raise CatdogError(f'There is no mode={mode!r} of pooling; use "max" or "average".')
    kh, kw = as_pair("kernel_size", kernel_size)
    sh, sw = (kh, kw) if stride is None else as_pair("stride", stride)
    ph, pw = as_pair("padding", padding)
    in_height, in_width = x.shape[2:]
    height = pool_output_size(in_height, kh, sh, ph, ceil_mode=ceil_mode)
    width = pool_output_size(in_width, kw, sw, pw, ceil_mode=ceil_mode)
    y = x.new_zeros(*x.shape[:2], height, width)
    for r in range(height):
        top, bottom = r * sh - ph, min(r * sh - ph + kh, in_height + ph)
        for c in range(width):
            left, right = c * sw - pw, min(c * sw - pw + kw, in_width + pw)
            rows = slice(max(top, 0), min(bottom, in_height))
            columns = slice(max(left, 0), min(right, in_width))
            window = x[:, :, rows, columns]
            if mode == "max":
                y[:, :, r, c] = window.flatten(2).max(dim=2).values
            else:
                y[:, :, r, c] = window.sum((2, 3)) / ((bottom - top) * (right - left))
    return y
