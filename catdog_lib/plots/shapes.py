"""How large feature maps are and what they cost: maps drawn to scale, and bars by layer.

Lesson 02, section 2; Lesson 02, section 6.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Patch
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
_OTHER_COLOUR = "#BBBBBB"


def maps_to_scale(maps: Mapping[str, Tensor]) -> Figure:
    """Draw images or maps in a row, all to one scale, and below it each as large as the others.

    Args:
        maps: name → an image (3×H×W, uint8 or float in [0, 1]) or a single map (H×W).
    """
    sides = [tuple(one.shape[-2:]) for one in maps.values()]
    tallest, total = max(h for h, _ in sides), sum(w for _, w in sides)
    # Room for the words below a map that is smaller than they are.
    gap = 0.115 * total
    width = total + gap * (len(maps) - 1)
    side = (width - 0.15 * gap * (len(maps) - 1)) / len(maps)  # of an enlarged map
    lower = -0.26 * tallest - side
    with style():
        figure = Figure(figsize=(8, 8 * (tallest - lower) * 1.04 / width))
        axes = figure.subplots()
        left = 0.0
        for i, (name, one) in enumerate(maps.items()):
            values = np.asarray(one.permute(1, 2, 0) if one.ndim == 3 else one)
            h, w = sides[i]
            axes.imshow(values, extent=(left, left + w, 0, h), interpolation="nearest")
            text = f"{name}\n{h}×{w}"
            look = {"ha": "center", "va": "top", "fontsize": 8.5}
            axes.text(left + w / 2, -0.03 * tallest, text, **look)
            left += w + gap
            x, scale = i * (side + 0.15 * gap), side / max(h, w)
            extent = (x, x + w * scale, lower, lower + h * scale)
            axes.imshow(values, extent=extent, interpolation="nearest")
        axes.set(xlim=(-0.3 * gap, width + 0.3 * gap), ylim=(lower, tallest))
        axes.set_aspect("equal")
        axes.axis("off")
    sizes = ", ".join(f"{name} {h}×{w}" for name, (h, w) in zip(maps, sides, strict=True))
    return describe(
        figure, f"Maps in a row, drawn to one scale, and below it each enlarged: {sizes}."
    )


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
    colours = [_KIND_COLOURS.get(use.kind, _OTHER_COLOUR) for use in uses]
    with style():
        figure = Figure(figsize=(9, 1.2 + 0.21 * len(uses)))
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
        all_axes[0].tick_params(axis="y", labelsize=9, length=0)
        all_axes[0].set_ylim(len(uses) - 0.4, -0.6)
        kinds = [kind for kind in _KIND_COLOURS if any(use.kind == kind for use in uses)]
        marks = [Patch(color=_KIND_COLOURS[kind], label=kind) for kind in kinds]
        if _OTHER_COLOUR in colours:
            marks.append(Patch(color=_OTHER_COLOUR, label="other layers"))
        figure.legend(handles=marks, loc="outside lower center", ncols=len(marks), fontsize=9)
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
