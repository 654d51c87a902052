"""One step of a convolution, the static version of the convolution stepper.

Lesson 01, section 2.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.primitives import (
    CHANNELS,
    SIGNED,
    draw_map,
    frame,
    number_text,
    symmetric_limits,
    write_cells,
)
from catdog_lib.plots.style import describe, style


def convolution_step(
    image: Tensor,
    kernel: Tensor,
    row: int = 0,
    column: int = 0,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    bias: float = 0.0,
) -> Figure:
    """Draw one step: the window on the padded image, patch, kernel, products, and the output.

    Args:
        image: C×H×W with 1 or 3 channels, or H×W; at most about 12×12, since its
            values are written into it.
        kernel: C×k×k, or k×k for every channel.
        row, column: of the output.
        stride, padding, dilation: of the convolution, as in ``torch.nn.Conv2d``.
        bias: added to the sum of the products.
    """
    image, kernel = torch.as_tensor(image).double(), torch.as_tensor(kernel).double()
    image = image[None] if image.ndim == 2 else image
    weights = kernel.expand(len(image), -1, -1) if kernel.ndim == 2 else kernel
    padded = F.pad(image, [padding] * 4)
    k_rows, k_columns = weights.shape[1:]
    height, width = dilation * (k_rows - 1) + 1, dilation * (k_columns - 1) + 1
    row = min(row, (padded.shape[1] - height) // stride)  # the last place, if there is none there
    column = min(column, (padded.shape[2] - width) // stride)
    top, left = row * stride, column * stride
    patch = padded[:, top : top + height : dilation, left : left + width : dilation]
    products = patch * weights
    total = products.sum().item() + bias
    output = F.conv2d(
        image[None], weights[None], torch.tensor([bias]).double(), stride, padding, dilation
    )[0, 0]
    white = 255 if image.max() > 1 else 1
    with style():
        figure = Figure(figsize=(8, 4.2 + 1.6 * len(image)))
        above, below = figure.add_gridspec(2, 1, height_ratios=[4.2, 1.6 * len(image)])
        above, below = above.subgridspec(1, 2), below.subgridspec(len(image), 3)
        axes = figure.add_subplot(above[0])
        if len(image) == 3:
            draw_map(axes, (padded / white).clamp(0, 1).permute(1, 2, 0))
        else:
            _draw_values(axes, padded[0], 250, cmap="gray", vmin=0, vmax=white)
        frame(axes, left, top, width, height)
        axes.set_title("input" + (f", padding {padding}" if padding else ""))
        weight_limits = symmetric_limits(weights, room=1.7)
        product_limits = symmetric_limits(products)
        for c in range(len(image)):
            axes = [figure.add_subplot(below[c, i]) for i in range(3)]
            _draw_values(axes[0], patch[c], 100, cmap="gray", vmin=0, vmax=white)
            _draw_values(axes[1], weights[c], 100, cmap=SIGNED, **weight_limits)
            _draw_values(axes[2], products[c], 100, cmap=SIGNED, **product_limits)
            axes[0].set_title(
                (f"{CHANNELS[c]}: " if len(image) == 3 else "") + "patch", fontsize=9.5
            )
            axes[1].set_title("× kernel", fontsize=9.5)
            axes[2].set_title(f"= products, Σ {_text(products[c].sum())}", fontsize=9.5)
        axes = figure.add_subplot(above[1])
        if output.min() < 0:
            _draw_values(axes, output, 250, cmap=SIGNED, **symmetric_limits(output, room=1.2))
        else:
            _draw_values(axes, output, 250, cmap="gray", vmin=0, vmax=output.max().item() or 1)
        frame(axes, column, row, 1, 1)
        axes.set_title(
            f"output: {_text(total)} in row {row}, column {column} (from 0)", fontsize=9.5
        )
    parts = [_text(one) for one in products.sum((1, 2))] + ([f"bias {_text(bias)}"] if bias else [])
    said = " + ".join(parts) + (f" = {_text(total)}" if len(parts) > 1 else "")
    rows, columns = output.shape
    return describe(
        figure,
        f"A kernel of {k_rows}×{k_columns} on an image of {image.shape[1]}×{image.shape[2]}, at "
        f"row {row} and column {column}, counted from 0, of the {rows}×{columns} output. The "
        f"products of patch and kernel sum to {said}.",
    )


def _draw_values(axes: Axes, values: Tensor, points: float, **options) -> None:
    """Draw an array about ``points`` wide, with its values in letters that fit into the cells."""
    draw_map(axes, values, **options)
    texts = [[_text(value) for value in row] for row in values]
    longest = max(3, *(len(text) for row in texts for text in row))
    # A digit is about 0.6 of its size wide.
    write_cells(axes, texts, fontsize=min(10, points / values.shape[1] / (0.66 * longest)))


def _text(value: float | Tensor) -> str:
    """Return a value as text with at most two decimals."""
    return number_text(round(float(value), 2) + 0.0, "g")  # + 0.0: no −0
