"""Small arrays with their values written into the cells.

Lesson 01, section 2; Lesson 04, section 3.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.primitives import (
    SIGNED,
    draw_map,
    number_text,
    symmetric_limits,
    turn_off,
    write_cells,
)
from catdog_lib.plots.style import describe, new_figure, style


def annotated_arrays(
    arrays: Mapping[str, Tensor], windows: Mapping[str, int] = MappingProxyType({})
) -> Figure:
    """Draw small arrays with their values, brown below zero and violet above.

    Args:
        arrays: title → H×W values.
        windows: title → side of the square windows whose borders are drawn over the array.
    """
    widths = [array.shape[1] for array in arrays.values()]
    height = max(array.shape[0] for array in arrays.values())
    columns = sum(widths) + len(widths)
    cell = min(0.42, 7.6 / columns)
    with style():
        figure, all_axes = new_figure(
            1,
            len(arrays),
            width=max(4, cell * columns),
            height=cell * height + 0.85,
            gridspec_kw={"width_ratios": widths},
        )
        turn_off(all_axes)
        for axes, (title, array) in zip(all_axes, arrays.items(), strict=True):
            draw_array(axes, array)
            axes.set_title(title, fontsize=10, loc="center")
            if title in windows:
                _draw_borders(axes, array.shape, windows[title])
    values = "; ".join(f"{title}: {rows_text(array)}" for title, array in arrays.items())
    return describe(figure, f"Small arrays with their values, row by row. {values}.")


def _draw_borders(axes: Axes, shape: tuple[int, int], side: int) -> None:
    """Draw the borders of square windows that do not overlap."""
    look = {"color": "black", "linewidth": 2.2, "clip_on": False}
    for row in range(0, shape[0] + 1, side):
        axes.plot([-0.5, shape[1] - 0.5], [row - 0.5] * 2, **look)
    for column in range(0, shape[1] + 1, side):
        axes.plot([column - 0.5] * 2, [-0.5, shape[0] - 0.5], **look)


def draw_array(axes: Axes, array: Tensor, limits_of: Tensor | None = None) -> None:
    """Draw one array (H×W) with its values in the cells.

    Args:
        axes: to draw on.
        array: H×W.
        limits_of: the values that the colours span, where several arrays share one scale.
    """
    limits = symmetric_limits(array if limits_of is None else limits_of, room=1.4)
    draw_map(axes, array, cmap=SIGNED, **limits)
    texts = [[fraction_text(value) for value in row] for row in array.tolist()]
    write_cells(axes, texts, fontsize=10 if max(array.shape) <= 5 else 8)


def fraction_text(value: float) -> str:
    """Return a number as short text: ninths and sixteenths as fractions, else one or two digits."""
    for denominator in (9, 18, 16) if math.isfinite(value) else ():
        numerator = round(value * denominator)
        is_fraction = abs(value * denominator - numerator) < 1e-5
        if is_fraction and abs(10 * value - round(10 * value)) > 1e-5:
            return f"{numerator}/{denominator}".replace("-", "−")
    if not math.isfinite(value) or abs(round(value, 1) - value) > 0.05 * abs(value):
        return number_text(value, ".2g")
    return number_text(round(value, 1) + 0.0, ".1f").removesuffix(".0")  # + 0.0: no −0


def rows_text(array: Tensor) -> str:
    """Return the values of an array as text, row by row, for those who cannot see them."""
    return ", ".join(" ".join(map(fraction_text, row)) for row in array.tolist())
