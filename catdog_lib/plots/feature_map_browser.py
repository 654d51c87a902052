"""The static twin of the feature-map browser: where one number of a feature map comes from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from catdog_lib.plots.convolution import SIGNED
from catdog_lib.plots.style import describe, style

MARK = "#D6006C"  # as in the interactive picture


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
    """A photo, what a unit saw of it, its map, and patch × filter = products, with the sum over all
    input channels.

    Args:
        photo: 3×H×W, uint8.
        maps: K×h×w, of one layer's channels.
        chosen: which of them is looked at.
        place: row and column of the unit in it.
        patch: C×k×k, what lies under the window in each input channel.
        weights: C×k×k, the filter.
        source: the input channel whose numbers are shown.
        bias: of the filter.
        after: name of each step after the convolution, and what it makes of the number.
        seen: first and last row, first and last column of the photo that the unit saw; None where
            nobody knows.
        heat: any size, values from 0 to 1, to lie over the photo.
        opacity: of the heat.
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
        pictures = above.subgridspec(1, 4)
        _photo(figure.add_subplot(pictures[0]), photo, heat, opacity, seen)
        _part(figure.add_subplot(pictures[1]), photo, seen)
        axes = figure.add_subplot(pictures[2])
        _map(axes, maps[chosen])
        axes.add_patch(_frame(column, row, 1, 1))
        axes.set_title(f"row {row}, column {column}: {_figures(maps[chosen, row, column])}")
        across = int(np.ceil(np.sqrt(len(maps))))
        few = pictures[3].subgridspec(across, across, wspace=0.08, hspace=0.08)
        for i, one in enumerate(maps):
            small = figure.add_subplot(few[i])
            _map(small, one)
            if i == chosen:
                small.spines[:].set(visible=True, color=MARK, linewidth=2.5)
        tables = below.subgridspec(1, 4)
        for i, (numbers, name) in enumerate(
            (
                (patch[source], f"input {source}"),
                (weights[source], "× filter"),
                (products[source], f"= products, Σ {_figures(sums[source])}"),
            )
        ):
            _numbers(figure.add_subplot(tables[i]), numbers, name)
        bars = figure.add_subplot(tables[3])
        colours = ["#444444"] * len(sums)
        colours[source] = MARK
        bars.bar(range(len(sums)), sums.tolist(), color=colours)
        bars.set(xlabel="input channel", title=f"all {len(sums)} sums")
        steps = "".join(f" → {name} {_figures(value)}" for name, value in after)
        figure.suptitle(
            f"{title}: {_figures(sums.sum())} + bias {_figures(bias)} = {_figures(total)}{steps}"
        )
    saw = "nobody knows what of the photo"
    if seen:
        saw = f"rows {seen[0]} to {seen[1]} and columns {seen[2]} to {seen[3]} of the photo"
    made = "".join(f"; {name} makes it {_figures(value)}" for name, value in after)
    return describe(
        figure,
        f"{title}, row {row}, column {column}. The unit sees {saw}. The products of {len(sums)} "
        f"input channels sum to {_figures(sums.sum())}, with the bias {_figures(bias)} to "
        f"{_figures(total)}{made}.",
    )


def _photo(
    axes: Axes, photo: Tensor, heat: Tensor | None, opacity: float, seen: tuple | None
) -> None:
    height, width = photo.shape[1:]
    axes.imshow(np.asarray(photo.permute(1, 2, 0)))
    if heat is not None:
        axes.imshow(np.asarray(heat), cmap="inferno", vmin=0, vmax=1, alpha=opacity,
                    interpolation="bilinear", extent=(-0.5, width - 0.5, height - 0.5, -0.5))  # fmt: skip
    if seen:
        top, bottom, left, right = seen
        axes.add_patch(_frame(left, top, right - left + 1, bottom - top + 1))
    axes.set_title("photo, heat" if heat is not None else "photo")
    _bare(axes)


def _part(axes: Axes, photo: Tensor, seen: tuple | None) -> None:
    _bare(axes)
    top, bottom, left, right = seen or (0, -1, 0, -1)
    if bottom < top or right < left:
        axes.set_title("it saw: nothing" if seen else "it saw: unknown")
        return
    axes.imshow(np.asarray(photo[:, top : bottom + 1, left : right + 1].permute(1, 2, 0)))
    axes.set_title(f"it saw {bottom - top + 1}×{right - left + 1} pixels")


def _map(axes: Axes, values: Tensor) -> None:
    """Grey from 0 to the largest value; brown and violet where some lie below 0."""
    _bare(axes)
    most = max(values.abs().max().item(), 1e-30)
    if values.min() < 0:
        axes.imshow(np.asarray(values), cmap=SIGNED, vmin=-most, vmax=most)
    else:
        axes.imshow(np.asarray(values), cmap="gray", vmin=0, vmax=most)


def _numbers(axes: Axes, values: Tensor, title: str) -> None:
    """A table of numbers on coloured squares."""
    _bare(axes)
    most = max(values.abs().max().item(), 1e-30) / 0.6
    axes.imshow(np.asarray(values), cmap=SIGNED, vmin=-most, vmax=most)
    size = min(9, 32 / values.shape[1])
    for (i, j), value in np.ndenumerate(np.asarray(values)):
        axes.text(j, i, _figures(value, 3), fontsize=size, color="black", ha="center", va="center")
    axes.set_title(title)


def _bare(axes: Axes) -> None:
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)


def _frame(x: float, y: float, width: float, height: float) -> Rectangle:
    return Rectangle((x - 0.5, y - 0.5), width, height, fill=False, edgecolor=MARK, linewidth=2)


def _figures(value: float | Tensor, count: int = 4) -> str:
    return f"{float(value):.{count}g}".replace("-", "−")
