"""What a layer is made of and what it makes: filters, feature maps, and a unit's top activations.

Lesson 07, section 1; Lesson 07, section 2; Lesson 07, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.inspect.activations import TopActivation
from catdog_lib.plots.primitives import (
    SIGNED,
    draw_image,
    draw_map,
    frame,
    shape_text,
    symmetric_limits,
    turn_off,
)
from catdog_lib.plots.style import WRONG, counted, describe, new_figure, style


def filters(weights: Tensor, columns: int = 16) -> Figure:
    """Draw the filters of a convolution, in colour if it has 3 input channels.

    Args:
        weights: C_out×C_in×k×k. With 3 input channels each filter is a small image: grey is
            weight 0, and a colour is what the filter looks for. Otherwise a row is a filter and a
            column an input channel, on one scale: violet above 0, brown below.
        columns: filters in a row, or input channels shown.
    """
    weights = weights.detach().float().cpu()
    limits = symmetric_limits(weights)
    outputs, inputs, height, width = weights.shape
    with style():
        if inputs == 3:
            columns = min(columns, outputs)
            rows = -(-outputs // columns)
            figure, all_axes = new_figure(rows, columns, width=8, height=8 / columns * rows + 0.1)
            for axes, one in zip(all_axes, weights, strict=False):
                draw_image(axes, (one / limits["vmax"] + 1) / 2)
            turn_off(all_axes[outputs:])
            layout = (
                "each as a small image: grey is weight 0, a colour is what the filter looks for"
            )
        else:
            columns, rows = min(columns, inputs), min(8, outputs)
            side = min(8 / columns, 0.6)
            figure, all_axes = new_figure(
                rows, columns, width=side * columns + 0.3, height=side * rows
            )
            for i, axes in enumerate(all_axes):
                one = weights[i // columns, i % columns]
                draw_map(axes, one, cmap=SIGNED, interpolation="nearest", **limits)
                if i % columns == 0:
                    axes.set_ylabel(i // columns, rotation=0, ha="right", va="center", fontsize=9)
            layout = (
                f"a row for each of the first {rows}, a column for each of the first {columns} "
                "input channels, violet above 0, brown below"
            )
    return describe(
        figure,
        f"The {outputs} filters of a convolution with {counted(inputs, 'input channel')}, "
        f"{height}×{width} weights each, {layout}. The largest weight is {limits['vmax']:.2f}.",
    )


def feature_maps(
    image: Tensor, layers: Mapping[str, Tensor], channels: Sequence[int] | int = 8
) -> Figure:
    """Draw an image and its feature maps, a row for each layer, bright for large values.

    Each map has a scale of its own, from its smallest to its largest value; a map with one value
    only, such as that of a dead channel, is marked.

    Args:
        image: 3×H×W, uint8 or float in [0, 1].
        layers: name → maps, C×H×W.
        channels: which channels to show, or how many of the first.
    """
    shown = list(range(channels)) if isinstance(channels, int) else list(channels)
    side = 8 / (len(shown) + 0.8)
    descriptions = []
    with style():
        figure = Figure(figsize=(8, (side + 0.24) * (len(layers) + 1)))
        rows = figure.subplots(len(layers) + 1, len(shown), squeeze=False)
        turn_off(rows.flat)
        draw_image(rows[0, 0], image)
        for row, (name, maps) in zip(rows[1:], layers.items(), strict=True):
            flat = 0
            maps = maps.detach().float().cpu()
            for axes, channel in zip(row, shown, strict=True):
                if channel >= len(maps):
                    continue
                axes.axis("on")
                one = maps[channel]
                draw_map(axes, one, interpolation="nearest")
                axes.set_xlabel(channel, fontsize=7.5, labelpad=1)
                if one.min() == one.max():
                    flat += 1
                    look = {"ha": "center", "va": "center", "fontsize": 8, "color": "white"}
                    axes.text(0.5, 0.5, f"all {one.min():g}", transform=axes.transAxes, **look)
            shape = shape_text(maps.shape)
            row[0].set_title(f"{name}   {shape}", fontsize=10)
            descriptions.append(f"{name} ({shape}{f', {flat} flat' if flat else ''})")
    return describe(
        figure,
        f"An image, and below it {counted(len(layers), 'row')} of feature maps, one for each "
        f"layer, bright for large values: {', '.join(descriptions)}.",
    )


def top_activations(images: Tensor, activations: Sequence[TopActivation]) -> Figure:
    """Draw the images that activate a unit most, what it saw framed, and below each that patch.

    Args:
        images: those that were found, in the same order: N×3×H×W, uint8.
        activations: from :func:`catdog_lib.inspect.activations.top_activations`; so the images are
            ``images[[one.position for one in activations]]``.
    """
    columns = min(9, len(activations))
    rows = -(-len(activations) // columns)
    side = 8 / max(columns, 4)
    with style():
        figure, all_axes = new_figure(
            2 * rows, columns, width=side * columns, height=rows * (2 * side + 0.3)
        )
        turn_off(all_axes)
        for i, (image, one) in enumerate(zip(images, activations, strict=True)):
            top = i // columns * 2 * columns + i % columns
            above, below = all_axes[top], all_axes[top + columns]
            draw_image(above, image)
            draw_image(below, one.patch)
            first, last, left, right = one.box
            width, height = right - left + 1, last - first + 1
            frame(above, left, first, width, height, colour=WRONG, linewidth=1.8, clip_on=False)
            below.axis("on")
            below.set_xlabel(f"{one.value:.2f}", fontsize=8.5)
    heights = [one.patch.shape[1] for one in activations]
    return describe(
        figure,
        f"The {counted(len(activations), 'image')} that activate one unit most, each with a box "
        f"around what it saw, and below it the patch in the box ({min(heights)} to {max(heights)} "
        f"pixels high) with the unit's value: from {activations[0].value:.2f} down to "
        f"{activations[-1].value:.2f}.",
    )
