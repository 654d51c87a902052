"""What convolutions do: kernels and their maps, sums over channels, connections, equivariance.

Lesson 01, section 3; Lesson 01, section 4; Lesson 01, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.arrays import draw_array, rows_text
from catdog_lib.plots.primitives import (
    CHANNELS,
    SIGNED,
    draw_map,
    number_text,
    remove_ticks,
    shape_text,
    symmetric_limits,
    turn_off,
)
from catdog_lib.plots.style import counted, describe, new_figure, style


def kernels(results: Mapping[str, tuple[Tensor, Tensor]], columns: int = 4) -> Figure:
    """Draw kernels, and below each the map that it makes of a grey image.

    Where the values of a kernel add up to 0, its map is drawn with grey for 0; else black is 0 and
    white is 1.

    Args:
        results: name → (kernel k×k, map H×W).
        columns: the most kernels in a row.
    """
    columns = min(columns, len(results))
    blocks = -(-len(results) // columns)
    ratios = {"height_ratios": [0.72, 1] * blocks}
    with style():
        figure, all_axes = new_figure(
            2 * blocks, columns, width=8, height=3.55 * blocks, gridspec_kw=ratios
        )
        turn_off(all_axes)
        for position, (name, (kernel, feature_map)) in enumerate(results.items()):
            block, column = divmod(position, columns)
            above = all_axes[2 * block * columns + column]
            below = all_axes[(2 * block + 1) * columns + column]
            draw_array(above, kernel)
            above.set_title(name, loc="center")
            if abs(kernel.sum().item()) < 1e-6:
                _draw_signed(below, feature_map)
            else:
                draw_map(below, feature_map, cmap="gray", vmin=0, vmax=1)
    values = "; ".join(f"{name} ({rows_text(kernel)})" for name, (kernel, _) in results.items())
    return describe(
        figure,
        f"{len(results)} kernels, each with its values and the map that it makes: {values}.",
    )


def channel_sum(channels: Tensor, kernel: Tensor, channel_maps: Tensor, bias: float) -> Figure:
    """Draw how one kernel makes one map of several channels: a map for each channel, and their sum.

    Args:
        channels: of the image, C×H×W.
        kernel: C×k×k.
        channel_maps: what each slice of the kernel makes of its channel, C×H×W.
        bias: added to the sum.
    """
    total = channel_maps.sum(0) + bias
    count = len(channels)
    names = CHANNELS if count == 3 else [f"channel {c}" for c in range(count)]
    with style():
        figure, all_axes = new_figure(
            3, count + 1, width=8, height=5.6, gridspec_kw={"height_ratios": [1, 0.62, 1]}
        )
        turn_off(all_axes)
        top, middle, bottom = (
            all_axes[row * (count + 1) : (row + 1) * (count + 1)] for row in range(3)
        )
        for c, name in enumerate(names):
            draw_map(top[c], channels[c], cmap="gray", vmin=0, vmax=1)
            top[c].set_title(name, loc="center")
            draw_array(middle[c], kernel[c], limits_of=kernel)
            middle[c].set_title("× slice", loc="center")
            _draw_signed(bottom[c], channel_maps[c], limit=channel_maps.abs().max().item())
            bottom[c].set_title("= its map", loc="center")
            sign = "+" if c < count - 1 else "="
            bottom[c].text(1.09, 0.5, sign, transform=bottom[c].transAxes, ha="center")
        for axes, text in (
            (top[-1], f"{count} channels"),
            (middle[-1], f"one kernel\nof {shape_text(kernel.shape)}"),
        ):
            axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
        _draw_signed(bottom[-1], total)
        bottom[-1].set_title("sum + bias", loc="center")
    return describe(
        figure,
        f"The {count} channels of an image; below each its slice of the kernel; below that "
        "the map that the slice makes of it, all on one scale, grey for 0. At the lower right is "
        f"their sum, with the bias {number_text(bias, '+.2f')} added: a single map.",
    )


def connectivity_matrices(matrices: Mapping[str, Tensor]) -> Figure:
    """Draw the weights of layers as matrices; grey where there is no connection.

    Args:
        matrices: name → weights, outputs×inputs.
    """
    with style():
        figure, all_axes = new_figure(1, len(matrices), width=8, height=2.1)
        descriptions = []
        for axes, (name, matrix) in zip(all_axes, matrices.items(), strict=True):
            limits = symmetric_limits(matrix)
            connected = np.ma.masked_equal(matrix.numpy(), 0)
            axes.set_facecolor("#c4c4c4")  # a weak weight is nearly white, none at all is grey
            axes.imshow(connected, cmap=SIGNED, interpolation="nearest", **limits)
            remove_ticks(axes, keep_spines=True)
            weights = matrix[matrix != 0]
            connections = counted(len(weights), "connection")
            distinct = counted(len(weights.unique()), "different weight")
            axes.set_title(name, loc="center")
            axes.set_ylabel("outputs")
            axes.set_xlabel(f"inputs\n{connections},\n{distinct}", fontsize=9.5)
            descriptions.append(f"{name}: {connections}, {distinct}")
    return describe(
        figure,
        "The weights of layers as matrices, a row for each output and a column for each input; "
        "grey means no connection. " + "; ".join(descriptions) + ".",
    )


def equivariance(
    layers: Mapping[str, tuple[Tensor, Tensor]], images: tuple[Tensor, Tensor]
) -> Figure:
    """Draw an image and the moved image, and whether layers are equivariant.

    For each layer: its map, moved; its map of the moved image; their difference, measured as its
    root mean square relative to that of the map.

    Args:
        layers: name → (the layer's map, moved; the layer's map of the moved image), H×W each.
        images: the image and the moved image, H×W each.
    """
    rows = len(layers) + 1
    with style():
        figure, all_axes = new_figure(rows, 3, width=6.6, height=2.3 * rows)
        turn_off(all_axes[2:3])
        names = ("the image", "the moved image")
        for axes, image, title in zip(all_axes, images, names, strict=False):
            draw_map(axes, image, cmap="gray")
            axes.set_title(title, loc="center")
        descriptions = []
        for row, (name, (moved, of_moved)) in enumerate(layers.items(), start=1):
            left, middle, right = all_axes[3 * row : 3 * row + 3]
            difference = (moved - of_moved).abs()
            limits = symmetric_limits(moved)
            draw_map(left, moved, cmap="gray", **limits)
            draw_map(middle, of_moved, cmap="gray", **limits)
            draw_map(right, difference, vmin=0, vmax=limits["vmax"])
            share = (difference.norm() / moved.norm()).item()
            left.set_ylabel(name)
            right.set_xlabel(f"{share:.0%} of the map's size", fontsize=9.5)
            descriptions.append(f"{name}: they differ by {share:.0%}")
        titles = ("layer, then move", "move, then layer", "difference")
        for axes, title in zip(all_axes[3:], titles, strict=False):
            axes.set_title(title, loc="center")
    return describe(
        figure,
        "Above, an image and the image moved. Three maps for each layer: its map, moved; its map "
        "of the moved image; the difference, dark where there is none, and as a share of the map "
        "by root mean squares. " + "; ".join(descriptions) + ".",
    )


def _draw_signed(axes: Axes, values: Tensor, limit: float | None = None) -> None:
    """Draw a map in grey for 0; by default the brightest 0.5% of the values may saturate."""
    limit = limit or max(values.abs().quantile(0.995).item(), 1e-9)
    draw_map(axes, values, cmap="gray", vmin=-limit, vmax=limit)
