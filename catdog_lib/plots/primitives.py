"""What the figures are made of: images without ticks, grids of numbers, frames, labels of bars.

Longer than 200 lines because most are a few lines, and many are used together.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage
from matplotlib.patches import Rectangle
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.plots.style import CLASS_COLOURS, WRONG, new_figure

MARK = "#D6006C"  # what is chosen, as in the interactive versions
SIGNED = "PuOr"  # brown below zero, white at zero, violet above
CHANNELS = ("red", "green", "blue")


def remove_ticks(axes: Axes, *, keep_spines: bool = False) -> None:
    """Take ticks, grid lines and the frame from axes; their title and labels stay."""
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    if not keep_spines:
        axes.spines[:].set_visible(False)


def turn_off(all_axes: Iterable[Axes]) -> None:
    """Hide everything of several axes but their titles and what is drawn in them."""
    for axes in all_axes:
        axes.axis("off")


def draw_image(axes: Axes, image: Tensor, **options) -> AxesImage:
    """Draw one image without ticks.

    Args:
        axes: to draw on.
        image: 3×H×W, uint8 or float in [0, 1].
        options: of ``Axes.imshow``.
    """
    return draw_map(axes, image.permute(1, 2, 0), **options)


def draw_map(axes: Axes, values: Tensor, **options) -> AxesImage:
    """Draw one map without ticks.

    Args:
        axes: to draw on.
        values: H×W, or H×W×3 for colours.
        options: of ``Axes.imshow``.
    """
    remove_ticks(axes)
    return axes.imshow(np.asarray(values), **options)


def symmetric_limits(values: Tensor, room: float = 1.0) -> dict[str, float]:
    """Return colour limits with 0 in the middle, as options of ``Axes.imshow``.

    Args:
        values: of any shape.
        room: the limits are this many times the largest magnitude; more than 1 leaves the ends of
            the colour map, which are dark, unused.
    """
    limit = room * (values.abs().max().item() or 1.0)
    return {"vmin": -limit, "vmax": limit}


def write_cells(
    axes: Axes, texts: Sequence[Sequence[str]], fontsize: float, ink: str | None = None
) -> None:
    """Write a text into each cell of the map drawn last.

    Args:
        axes: with the map.
        texts: H×W.
        fontsize: in points.
        ink: the colour of the texts; by default black or white, whichever reads better.
    """
    image = axes.images[-1]
    colours = image.cmap(image.norm(image.get_array()))
    for i, row in enumerate(texts):
        for j, text in enumerate(row):
            colour = ink or readable_ink(colours[i, j])
            axes.text(j, i, text, color=colour, fontsize=fontsize, ha="center", va="center")


def readable_ink(colour: str | Sequence[float]) -> str:
    """Return "black" or "white", whichever reads better on a colour."""
    red, green, blue = to_rgb(colour)
    return "black" if 0.3 * red + 0.59 * green + 0.11 * blue > 0.5 else "white"


def box(
    axes: Axes, x: float, y: float, width: float, height: float, colour: str, **options
) -> None:
    """Draw a filled rectangle from its corner at (x, y); ``options`` are those of ``Rectangle``."""
    options = {"linewidth": 0.8, "edgecolor": "none"} | options
    axes.add_patch(Rectangle((x, y), width, height, facecolor=colour, **options))


def frame(
    axes: Axes,
    column: float,
    row: float,
    width: float,
    height: float,
    colour: str = MARK,
    linewidth: float = 2.5,
    **options,
) -> None:
    """Draw a frame around pixels of an image.

    Args:
        axes: with the image.
        column, row: of the upper left pixel in the frame.
        width, height: in pixels.
        colour, linewidth: of the frame.
        options: of ``Rectangle``.
    """
    options |= {"fill": False, "edgecolor": colour, "linewidth": linewidth}
    axes.add_patch(Rectangle((column - 0.5, row - 0.5), width, height, **options))


def small_multiples(
    count: int, columns: int, width: float, height: float
) -> tuple[Figure, list[Axes]]:
    """Return a figure with axes in a grid, of which the first ``count`` are visible.

    Args:
        count: number of axes needed.
        columns: the most in a row.
        width, height: of one of the axes, in inches.
    """
    columns = min(columns, max(count, 1))
    rows = max(1, -(-count // columns))
    figure, all_axes = new_figure(rows, columns, width=columns * width, height=rows * height)
    turn_off(all_axes[count:])
    return figure, all_axes


def label_bar(axes: Axes, end: float, y: float, text: str, gap: float = 4, **options) -> None:
    """Write a text to the right of a horizontal bar.

    Args:
        axes: with the bar.
        end, y: where the bar ends, in data coordinates.
        text: usually the bar's length.
        gap: between bar and text, in points.
        options: of ``Axes.annotate``.
    """
    options |= {"xytext": (gap, 0), "textcoords": "offset points", "va": "center"}
    axes.annotate(text, (end, y), **options)


def scatter_by_class(
    axes: Axes, x: Tensor, y: Tensor, labels: Tensor, size: float, alpha: float
) -> None:
    """Draw points (N each) in the colour and with the marker of their class."""
    for label, (name, marker) in enumerate(zip(CLASSES, "o^", strict=True)):
        mask = labels == label
        look = {"color": CLASS_COLOURS[label], "marker": marker, "linewidths": 0}
        axes.scatter(x[mask], y[mask], s=size, alpha=alpha, label=f"{name}s", **look)


def integer_ticks(axes: Axes, axis: str = "x") -> None:
    """Let the ticks of an axis, x or y, be integers, as for epochs, layers and counts."""
    locator = getattr(axes, f"{axis}axis").get_major_locator()
    locator.set_params(integer=True, min_n_ticks=1)


def curve_look(number: int) -> dict[str, str]:
    """Return colour, marker and line style of a curve: after a round of colours it is dashed."""
    colours = mpl.rcParams["axes.prop_cycle"].by_key()["color"]
    turn, place = divmod(number, len(colours))
    dashes = ("-", "--", ":")[turn % 3]
    return {"color": colours[place], "marker": "osD^vP"[place], "linestyle": dashes}


def mark_missing(axes: Axes) -> None:
    """Mark at the upper edge where a line is nan or infinite: there matplotlib draws nothing."""
    points = [point for line in axes.lines for point in zip(*line.get_data(), strict=True)]
    missing = {x: y for x, y in points if not np.isfinite(y)}
    if missing:
        edge, first = axes.get_xaxis_transform(), min(missing)
        axes.plot(
            list(missing), [1] * len(missing), "x", color=WRONG, transform=edge, clip_on=False
        )
        look = {"textcoords": "offset points", "va": "center", "fontsize": 9, "color": WRONG}
        look["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 0}
        axes.annotate(f"{missing[first]:g}", (first, 1), (5, 0), xycoords=edge, **look)


def legend_outside(figure: Figure, axes: Axes, columns: int, side: str = "upper") -> None:
    """Put the legend of axes above the whole figure, or below it with ``side="lower"``."""
    handles, names = axes.get_legend_handles_labels()
    legend = figure.legend(handles, names, loc=f"outside {side} center", ncols=columns)
    if columns > 1 and legend.get_window_extent().width > figure.bbox.width:  # long names
        legend.remove()
        legend_outside(figure, axes, columns - 1, side)


def lone_marker(values: Sequence[float]) -> str:
    """Return the marker of a curve by epoch: a dot if it has one point, which no line shows."""
    return "o" if len(values) == 1 else ""


def to_gray(image: Tensor) -> Tensor:
    """Return the mean of an image's channels (3×H×W, uint8 or float) as H×W floats in [0, 1]."""
    gray = image.float().mean(0)
    return gray / 255 if image.dtype == torch.uint8 else gray


def number_text(value: float | Tensor, spec: str = ".4g") -> str:
    """Return a number as text in a format such as ".3g", with a true minus sign."""
    return f"{float(value):{spec}}".replace("-", "−")


def rate_text(rate: float) -> str:
    """Return a speed as text, with three digits or as an integer."""
    return f"{rate:,.0f}" if rate >= 100 else f"{rate:.3g}"


def factor_text(factor: float) -> str:
    """Return a factor as text, with one decimal; with one digit below 0.1, and never as 0."""
    return f"{factor:.1f}" if factor >= 0.1 else f"{factor:.1g}"


def shape_text(shape: Sequence[int]) -> str:
    """Return a shape as text: ``shape_text((3, 64, 64))`` is "3×64×64"."""
    return "×".join(map(str, shape))
