"""Where one value of a feature map comes from, the static version of the feature-map browser."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.heatmaps import draw_heat
from catdog_lib.plots.primitives import (
    MARK,
    SIGNED,
    draw_image,
    draw_map,
    frame,
    integer_ticks,
    number_text,
    remove_ticks,
    symmetric_limits,
    write_cells,
)
from catdog_lib.plots.style import describe, style


def feature_map_browser(
    photo: Tensor,
    maps: Tensor,
    chosen: int,
    place: tuple[int, int],
    patch: Tensor,
    weights: Tensor,
    *,
    source: int = 0,
    bias: float = 0.0,
    after: Sequence[tuple[str, float]] = (),
    seen: tuple[int, int, int, int] | None = None,
    heat: Tensor | None = None,
    opacity: float = 0.4,
    title: str = "A channel",
) -> Figure:
    """Draw a photo, what a unit sees of it, its map, and the products of patch and filter.

    Args:
        photo: 3×H×W, uint8.
        maps: K×h×w, of one layer's channels.
        chosen: which of them is looked at.
        place: row and column of the unit in it.
        patch: C×k×k, what lies under the window in each input channel.
        weights: C×k×k, the filter.
        source: the input channel whose values are shown.
        bias: of the filter.
        after: name of each step after the convolution, and what it makes of the value.
        seen: first and last row, first and last column of the photo that the unit saw; None where
            it is unknown.
        heat: heatmap of any size, values from 0 to 1, to lie over the photo.
        opacity: of the heatmap.
        title: the layer and the channel.
    """
    patch, weights = patch.double(), weights.double()
    products = patch * weights
    sums = products.sum((1, 2))
    total = (sums.sum() + bias).item()
    row, column = place
    with style():
        figure = Figure(figsize=(10, 6.4))
        above, below = figure.add_gridspec(2, 1, height_ratios=[1.15, 1])
        above, below = above.subgridspec(1, 4), below.subgridspec(1, 4)
        _draw_photo(figure.add_subplot(above[0]), photo, heat, opacity, seen)
        _draw_field(figure.add_subplot(above[1]), photo, seen)
        axes = figure.add_subplot(above[2])
        _draw_feature_map(axes, maps[chosen])
        frame(axes, column, row, 1, 1, linewidth=2)
        axes.set_title(f"row {row}, column {column}: {number_text(maps[chosen, row, column])}")
        side = int(np.ceil(np.sqrt(len(maps))))
        grid = above[3].subgridspec(side, side, wspace=0.08, hspace=0.08)
        for i, one in enumerate(maps):
            small = figure.add_subplot(grid[i])
            _draw_feature_map(small, one)
            if i == chosen:
                small.spines[:].set(visible=True, color=MARK, linewidth=2.5)
        tables = (
            (patch[source], f"input {source}"),
            (weights[source], "× filter"),
            (products[source], f"= products, Σ {number_text(sums[source])}"),
        )
        for i, (values, name) in enumerate(tables):
            _draw_values(figure.add_subplot(below[i]), values, name)
        bars = figure.add_subplot(below[3])
        colours = ["#444444"] * len(sums)
        colours[source] = MARK
        bars.bar(range(len(sums)), sums.tolist(), color=colours)
        bars.set(xlabel="input channel", title=f"all {len(sums)} sums")
        integer_ticks(bars)
        terms = f"{number_text(sums.sum())} + bias {number_text(bias)} = {number_text(total)}"
        steps = "".join(f" → {name} {number_text(value)}" for name, value in after)
        figure.suptitle(f"{title}: {terms}{steps}")
    field = "an unknown part of the photo"
    if seen:
        field = f"rows {seen[0]} to {seen[1]} and columns {seen[2]} to {seen[3]} of the photo"
    steps = "".join(f"; {name} makes it {number_text(value)}" for name, value in after)
    return describe(
        figure,
        f"{title}, row {row}, column {column}. The unit sees {field}. The products of {len(sums)} "
        f"input channels sum to {number_text(sums.sum())}, with the bias {number_text(bias)} to "
        f"{number_text(total)}{steps}.",
    )


def _draw_photo(
    axes: Axes, photo: Tensor, heat: Tensor | None, opacity: float, seen: tuple | None
) -> None:
    """Draw the photo, the heatmap over it, and a frame around what the unit saw."""
    if heat is not None:
        draw_heat(axes, photo, heat, opacity)
    else:
        draw_image(axes, photo)
    if seen:
        top, bottom, left, right = seen
        frame(axes, left, top, right - left + 1, bottom - top + 1, linewidth=2)
    axes.set_title("photo, heat" if heat is not None else "photo")


def _draw_field(axes: Axes, photo: Tensor, seen: tuple | None) -> None:
    """Draw the part of the photo that the unit saw."""
    remove_ticks(axes)
    top, bottom, left, right = seen or (0, -1, 0, -1)
    if bottom < top or right < left:
        axes.set_title("it saw: nothing" if seen else "it saw: unknown")
        return
    draw_image(axes, photo[:, top : bottom + 1, left : right + 1])
    axes.set_title(f"it saw {bottom - top + 1}×{right - left + 1} pixels")


def _draw_feature_map(axes: Axes, values: Tensor) -> None:
    """Draw a map, grey from 0 to the largest value; brown and violet where some lie below 0."""
    limits = symmetric_limits(values)
    if values.min() < 0:
        draw_map(axes, values, cmap=SIGNED, **limits)
    else:
        draw_map(axes, values, cmap="gray", **limits | {"vmin": 0})


def _draw_values(axes: Axes, values: Tensor, title: str) -> None:
    """Draw an array with its values in the cells."""
    draw_map(axes, values, cmap=SIGNED, **symmetric_limits(values, room=1 / 0.6))
    texts = [[number_text(value, ".3g") for value in row] for row in values]
    write_cells(axes, texts, fontsize=min(9, 32 / values.shape[1]), ink="black")
    axes.set_title(title)
