"""Heatmaps over images, and whether they tell the truth: heat by part, deletion curves.

Lesson 07, section 4; Lesson 07, section 5.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.primitives import (
    SIGNED,
    draw_image,
    draw_map,
    legend_outside,
    symmetric_limits,
    to_gray,
)
from catdog_lib.plots.style import GREY, counted, describe, new_figure, style
from catdog_lib.sketches.canvas import BODY_PARTS

SCALE = "each map has its own scale: grey is 0"
HOT = ", yellow its hottest 1%"
SIGNS = "violet speaks for the class, brown against it"


def heatmaps(images: Tensor, maps: Mapping[str, Tensor], captions: Sequence[str] = ()) -> Figure:
    """Draw images in a row, and below them a row of heatmaps for each method.

    Each heatmap has a scale of its own, up to its hottest hundredth of the pixels, and lies over
    the image in grey. One with values below 0, as of occlusion, is drawn in two colours: violet
    speaks for the class, brown against it. The figure says so.

    Args:
        images: N×3×H×W, uint8 or float in [0, 1].
        maps: method → heat, N×H×W.
        captions: a few words above each image; () for none.
    """
    count = len(images)
    side = min(8 / (count + 0.6), 1.7)
    with style():
        figure = Figure(figsize=(side * (count + 0.6), side * (1 + len(maps)) + 0.5))
        rows = figure.subplots(1 + len(maps), count, squeeze=False)
        for axes, image in zip(rows[0], images, strict=True):
            draw_image(axes, image)
        for axes, caption in zip(rows[0], captions, strict=False):
            axes.set_title(caption, fontsize=9, loc="center", fontweight="normal")
        for row, (method, values) in zip(rows[1:], maps.items(), strict=True):
            row[0].set_ylabel(method, fontsize=9.5)
            signed = bool((values < 0).any())
            for axes, image, heat in zip(row, images, values, strict=True):
                _overlay(axes, image, heat, signed)
        signed = [name.replace("\n", " ") for name, heat in maps.items() if (heat < 0).any()]
        meaning = SCALE + HOT * (len(signed) < len(maps))
        if signed:
            meaning += "\n" + f"{', '.join(signed)}: " * (len(signed) < len(maps)) + SIGNS
        letters = int(15 * figure.get_figwidth())  # of 8.5 points, in a line
        lines = [textwrap.fill(line, letters) for line in meaning.split("\n")]
        figure.supxlabel("\n".join(lines), fontsize=8.5, color=GREY)
    return describe(figure, _description(count, maps, captions))


def draw_heat(axes: Axes, image: Tensor, heat: Tensor, opacity: float) -> None:
    """Draw an image, 3×H×W, with heat of any size over it, from 0 to 1, in an even opacity."""
    height, width = image.shape[1:]
    extent = (-0.5, width - 0.5, height - 0.5, -0.5)
    colours = {"cmap": "inferno", "vmin": 0, "vmax": 1, "alpha": opacity}
    draw_image(axes, image)
    draw_map(axes, heat, extent=extent, interpolation="bilinear", **colours)


def _overlay(axes: Axes, image: Tensor, heat: Tensor, signed: bool) -> None:
    """Draw an image in pale grey, and the heat in colours that hide it where they are strong."""
    # Up to the hottest hundredth: a single pixel would leave all others pale.
    limits = symmetric_limits(heat.flatten().abs().quantile(0.99) or heat)
    opacity = 0.8 * (heat.abs() / limits["vmax"]).sqrt().clamp(0, 1)
    colours = {"cmap": SIGNED} | limits if signed else {"cmap": "inferno"} | limits | {"vmin": 0}
    draw_map(axes, 0.2 + 0.6 * to_gray(image), cmap="gray", vmin=0, vmax=1)
    draw_map(axes, heat, alpha=opacity.numpy(), interpolation="nearest", **colours)


def _description(count: int, maps: Mapping[str, Tensor], captions: Sequence[str]) -> str:
    """Return what is to be seen in words: where each heatmap is hottest."""
    shown = f" ({'; '.join(' '.join(c.split()) for c in captions)})" if captions else ""
    hottest = [
        f"{method}: hottest {', '.join(_place_of_maximum(heat) for heat in values)}"
        for method, values in maps.items()
    ]
    return (
        f"{counted(count, 'image')}{shown}, and below {'it' if count == 1 else 'them'} the "
        f"heatmaps, each on its own scale. {'; '.join(hottest)}."
    )


def _place_of_maximum(values: Tensor) -> str:
    """Return where in a map (H×W) its largest value lies, such as "upper left"; if it has heat."""
    if values.max() <= 0:
        return "nowhere"
    row, column = divmod(int(values.argmax()), values.shape[1])
    vertical = ("upper", "middle", "lower")[3 * row // values.shape[0]]
    horizontal = ("left", "centre", "right")[3 * column // values.shape[1]]
    return f"{vertical} {horizontal}"


def attribution_by_part(
    shares: Mapping[str, Tensor], area: Tensor, parts: Sequence[str] = BODY_PARTS
) -> Figure:
    """Draw the share of the heat on each part of the animal, beside the part's share of the area.

    Args:
        shares: network → N×P, from :func:`catdog_lib.explain.heat_by_part`: the bar is the mean
            over the images, and the line on it the 95% interval of that mean.
        area: N×P, from :func:`catdog_lib.explain.area_by_part`: a mark at each part.
        parts: their P names.
    """
    width = 0.8 / len(shares)
    positions = np.arange(len(parts))
    descriptions = []
    with style():
        figure, (axes,) = new_figure(height=3.4)
        for i, (name, values) in enumerate(shares.items()):
            mean = 100 * values.double().mean(0).numpy()
            error = 196 * values.double().std(0).numpy() / len(values) ** 0.5
            x = positions + (i - (len(shares) - 1) / 2) * width
            line = {"elinewidth": 1.2, "ecolor": "#333333"}
            axes.bar(x, mean, width * 0.92, yerr=error, label=name, color=f"C{i}", error_kw=line)
            descriptions.append(f"{name}: {_percent(parts, mean)}")
        mean_area = 100 * area.double().mean(0).numpy()
        left, right = positions - 0.45, positions + 0.45
        look = {"color": GREY, "linestyle": "--", "linewidth": 1.5}
        axes.hlines(mean_area, left, right, label="share of the area", **look)
        axes.set_xticks(positions, parts)
        axes.set(ylabel="share of the heat, %", ylim=(0, None))
        axes.grid(axis="x", visible=False)
        axes.legend()
    return describe(
        figure,
        f"Bars: the share of the heat on each part of the image. {'; '.join(descriptions)}. "
        f"Dashed marks show what even heat would give: {_percent(parts, mean_area)}.",
    )


def _percent(parts: Sequence[str], values: Sequence[float]) -> str:
    """Return parts with their percentages as text."""
    return ", ".join(f"{part} {value:.0f}%" for part, value in zip(parts, values, strict=True))


def deletion_curves(curves: Mapping[str, Tensor], *, insertion: bool = False) -> Figure:
    """Draw the class's probability while the hottest pixels are deleted, a curve for each method.

    Args:
        curves: method → N×(steps + 1), from :func:`catdog_lib.explain.deletion_curve` or
            ``insertion_curve``; the mean over the images is drawn, the legend gives its area.
        insertion: the pixels are inserted instead.
    """
    descriptions = []
    with style():
        figure, (axes,) = new_figure(height=3.2)
        for i, (name, values) in enumerate(curves.items()):
            mean = values.double().mean(0).numpy()
            changed = np.linspace(0, 100, len(mean))
            area = np.trapezoid(mean, dx=1 / (len(mean) - 1))
            axes.plot(changed, 100 * mean, color=f"C{i}", label=f"{name}, area {area:.2f}")
            ends = f"from {mean[0]:.0%} to {mean[-1]:.0%}"
            descriptions.append(f"{name} {ends}, area {area:.2f}")
        verb = "put in" if insertion else "taken away"
        axes.set(xlabel=f"pixels {verb}, %", ylabel="probability of the class, %", ylim=(0, 103))
        legend_outside(figure, axes, columns=2)
    verb = "put into a grey image" if insertion else "taken out of the image"
    return describe(
        figure,
        f"Curves of the class's probability while pixels are {verb}, the hottest first; means over "
        f"the images. {'; '.join(descriptions)}.",
    )
