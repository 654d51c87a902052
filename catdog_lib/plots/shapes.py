"""How large feature maps are and what they cost: maps drawn to scale, and bars by layer.

Lesson 02, section 2; Lesson 02, section 9.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.inspect.shape_table import LayerUse
from catdog_lib.plots.primitives import shape_text
from catdog_lib.plots.style import describe, style

_KIND_COLOURS = {
    "Conv2d": "#0072B2",
    "MaxPool2d": "#D55E00",
    "AvgPool2d": "#D55E00",
    "Linear": "#009E73",
}


def maps_to_scale(maps: Mapping[str, Tensor]) -> Figure:
    """Draw images or maps in a row, all to one scale.

    Args:
        maps: name → an image (3×H×W, uint8 or float in [0, 1]) or a single map (H×W).
    """
    sides = [tuple(one.shape[-2:]) for one in maps.values()]
    tallest, total = max(h for h, _ in sides), sum(w for _, w in sides)
    # Room for the words below a map that is smaller than they are.
    gap = 0.115 * total
    with style():
        figure = Figure(figsize=(8, 8 * (tallest * 1.22) / (total + gap * (len(maps) - 1))))
        axes = figure.subplots()
        left = 0.0
        for (name, one), (height, width) in zip(maps.items(), sides, strict=True):
            values = np.asarray(one.permute(1, 2, 0) if one.ndim == 3 else one)
            axes.imshow(values, extent=(left, left + width, 0, height), interpolation="nearest")
            x, text = left + width / 2, f"{name}\n{height}×{width}"
            axes.text(x, -0.03 * tallest, text, ha="center", va="top", fontsize=8.5)
            left += width + gap
        axes.set(xlim=(-0.4 * gap, left - 0.5 * gap), ylim=(-0.2 * tallest, tallest))
        axes.set_aspect("equal")
        axes.axis("off")
    sizes = ", ".join(f"{name} {h}×{w}" for name, (h, w) in zip(maps, sides, strict=True))
    return describe(figure, f"Maps in a row, drawn to one scale: {sizes}.")


def layer_costs(uses: list[LayerUse], title: str = "") -> Figure:
    """Draw what each layer costs for one image: memory of its output, parameters, multiply-adds.

    Args:
        uses: from :func:`catdog_lib.inspect.shape_table.shape_table`.
        title: is shown above the charts.
    """
    memory = [4 * prod(use.shape_out) / 1e6 for use in uses]
    parameters = [use.parameters / 1e6 for use in uses]
    work = [use.multiply_adds / 1e9 for use in uses]
    names = [f"{use.kind}  {shape_text(use.shape_out)}" for use in uses]
    colours = [_KIND_COLOURS.get(use.kind, "#BBBBBB") for use in uses]
    with style():
        figure = Figure(figsize=(9, 0.8 + 0.19 * len(uses)))
        all_axes = figure.subplots(1, 3, sharey=True)
        for axes, values, label in zip(
            all_axes,
            (memory, parameters, work),
            ("MB of output (float32)", "million parameters", "G multiply-adds"),
            strict=True,
        ):
            axes.barh(range(len(uses)), values, color=colours, height=0.78)
            axes.set_xlabel(label)
            axes.grid(axis="y", visible=False)
        all_axes[0].set(yticks=range(len(uses)), yticklabels=names)
        all_axes[0].tick_params(axis="y", labelsize=8, length=0)
        all_axes[0].set_ylim(len(uses) - 0.4, -0.6)
        figure.suptitle(title, fontweight="bold", fontsize=11.5)
    largest_output, most_parameters, most_work = (
        f"layer {values.index(max(values)) + 1} ({names[values.index(max(values))]})"
        for values in (memory, parameters, work)
    )
    return describe(
        figure,
        f"{title or 'A network'}, layer by layer from top to bottom, in three bar charts. Together "
        f"{sum(memory):,.1f} MB of outputs, {sum(parameters):,.2f} million parameters and "
        f"{sum(work):,.2f} G multiply-adds. The largest output is that of {largest_output}, the "
        f"most parameters are in {most_parameters}, the most work is in {most_work}.",
    )
