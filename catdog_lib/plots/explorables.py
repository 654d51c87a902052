"""The static twins of the interactive pictures: the same state, drawn for print and for the text of
a lesson.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Patch, Polygon, Rectangle
from torch import Tensor

from catdog_lib.plots.convolution import SIGNED
from catdog_lib.plots.pixels import CHANNELS
from catdog_lib.plots.style import describe, style
from catdog_lib.sparsity.quadratic import loss, minimisers, shrink

MARK = "#D6006C"
PENALTY_COLOURS = ("#C24E00", "#0072B2")  # L1, L2; as in the interactive picture


def convolution_step(
    picture: Tensor,
    kernel: Tensor,
    row: int = 0,
    column: int = 0,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    bias: float = 0.0,
) -> Figure:
    """One step of a convolution: the window on the padded picture, patch, kernel, products, and the
    output so far.

    Args:
        picture: C×H×W with 1 or 3 channels, or H×W; at most about 12×12, since its numbers are
            shown.
        kernel: C×k×k, or k×k for every channel.
        row, column: of the output.
    """
    picture, kernel = torch.as_tensor(picture).double(), torch.as_tensor(kernel).double()
    planes = picture[None] if picture.ndim == 2 else picture
    weights = kernel.expand(len(planes), -1, -1) if kernel.ndim == 2 else kernel
    padded = F.pad(planes, [padding] * 4)
    top, left = row * stride, column * stride
    k_rows, k_columns = weights.shape[1:]
    high, wide = dilation * (k_rows - 1) + 1, dilation * (k_columns - 1) + 1
    patch = padded[:, top : top + high : dilation, left : left + wide : dilation]
    products = patch * weights
    total = products.sum().item() + bias
    output = F.conv2d(
        planes[None], weights[None], torch.tensor([bias]).double(), stride, padding, dilation
    )[0, 0]
    with style():
        figure = Figure(figsize=(8, 4.2 + 1.6 * len(planes)))
        above, below = figure.add_gridspec(2, 1, height_ratios=[4.2, 1.6 * len(planes)])
        grids, places = above.subgridspec(1, 2), below.subgridspec(len(planes), 3)
        whole = figure.add_subplot(grids[0])
        limit = 255 if planes.max() > 1 else 1
        colour = len(planes) == 3
        shown = (padded / limit).clamp(0, 1).permute(1, 2, 0) if colour else padded[0]
        _numbers(whole, shown, "gray", 0, limit, 250, written=not colour)
        whole.add_patch(_frame(left, top, wide, high))
        whole.set_title("input" + (f", padding {padding}" if padding else ""))
        top_product, top_weight = products.abs().max().item(), weights.abs().max().item()
        for c in range(len(planes)):
            name = f"{CHANNELS[c]}: " if colour else ""
            for place, numbers, title, colours, low, high_value in (
                (0, patch[c], f"{name}patch", "gray", 0, limit),
                (1, weights[c], "× kernel", SIGNED, -1.7 * top_weight, 1.7 * top_weight),
                (2, products[c], f"= products, Σ {_text(products[c].sum())}", SIGNED, -top_product, top_product),
            ):  # fmt: skip
                axes = figure.add_subplot(places[c, place])
                _numbers(axes, numbers, colours, low, high_value, 100)
                axes.set_title(title, fontsize=9.5)
        result = figure.add_subplot(grids[1])
        most = output.abs().max().item()
        signed = output.min() < 0
        least = -1.2 * most if signed else 0
        _numbers(result, output, SIGNED if signed else "gray", least, most, 250)
        result.add_patch(_frame(column, row, 1, 1))
        result.set_title(f"output: {_text(total)} in row {row}, column {column}", fontsize=9.5)
    sums = " + ".join(_text(one) for one in products.sum((1, 2)))
    return describe(
        figure,
        f"A kernel of {k_rows}×{k_columns} on a picture of {planes.shape[1]}×{planes.shape[2]}, at "
        f"row {row} and column {column} of the {output.shape[0]}×{output.shape[1]} output. The "
        f"products of patch and kernel sum to {sums}{f' + bias {_text(bias)}' if bias else ''} = "
        f"{_text(total)}.",
    )


def _numbers(
    axes: Axes, numbers: Tensor, colours, low, high, points: float, written: bool = True
) -> None:
    """A table of numbers on coloured squares, about so many points wide."""
    values = np.asarray(numbers)
    image = axes.imshow(values, cmap=colours, vmin=low, vmax=max(high, low + 1e-9))
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
    if not written:
        return
    longest = max(3, *(len(_text(one)) for one in values.flat))
    size = min(
        10, points / values.shape[1] / (0.66 * longest)
    )  # a digit is about 0.6 of its size wide
    for (i, j), value in np.ndenumerate(values):
        r, g, b, _ = image.cmap(image.norm(value))
        ink = "black" if 0.3 * r + 0.59 * g + 0.11 * b > 0.5 else "white"
        axes.text(j, i, _text(value), color=ink, fontsize=size, ha="center", va="center")


def _text(value: float) -> str:
    return f"{round(float(value), 2) + 0.0:g}".replace("-", "−")


def _frame(x: float, y: float, width: float, height: float) -> Rectangle:
    return Rectangle((x - 0.5, y - 0.5), width, height, fill=False, edgecolor=MARK, linewidth=2.5)


def receptive_field_stack(
    layers: Sequence[dict],
    size: int,
    layer: int = -1,
    row: int = -1,
    column: int = -1,
    photo: Tensor | None = None,
) -> Figure:
    """What a unit sees in each map below its own, and on the photo.

    Args:
        layers: dicts with kernel, stride, padding, dilation, and perhaps a name, as
            :class:`catdog_lib.explore.ReceptiveFieldViewer` holds them.
        size: the photo's side in pixels.
        layer: 1 is the first, −1 the top one.
        row, column: of the unit; −1 is the middle.
        photo: 3×size×size, drawn under what is seen of it.
    """
    sides = [size]
    for one in layers:
        sides.append(
            (sides[-1] + 2 * one["padding"] - one["dilation"] * (one["kernel"] - 1) - 1)
            // one["stride"]
            + 1
        )
    layer = len(layers) if layer < 1 else layer
    unit = [(sides[layer] - 1) // 2 if at < 0 else at for at in (row, column)]
    rows, columns = (_seen(layers, sides, layer, at) for at in unit)
    with style():
        figure = Figure(figsize=(10, 2.4 * -(-(layer + 1) // 6)))
        for i in range(layer + 1):
            axes = figure.add_subplot(-(-(layer + 1) // 6), min(6, layer + 1), i + 1)
            field = np.zeros((sides[i], sides[i]))
            field[np.ix_(rows[i], columns[i])] = 1
            edges = (-0.5, sides[i] - 0.5, sides[i] - 0.5, -0.5)
            if i == 0 and photo is not None:
                axes.imshow(np.asarray(photo.permute(1, 2, 0)), extent=edges)
            pale = LinearSegmentedColormap.from_list("seen", ["#cfe8f7", MARK])
            axes.imshow(
                field,
                cmap=pale,
                vmin=0,
                vmax=1,
                extent=edges,
                alpha=0.5 if i == 0 and photo is not None else 1,
            )
            if rows[i] and columns[i]:  # else it sees only padding
                spans = np.ptp(columns[i]) + 1, np.ptp(rows[i]) + 1
                axes.add_patch(_frame(columns[i][0], rows[i][0], *spans))
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
            name = (
                (layers[i - 1].get("name") or layers[i - 1].get("kind", "layer")) if i else "photo"
            )
            axes.set_title(f"{f'{i} ' if i else ''}{name}\n{sides[i]}×{sides[i]}", fontsize=9.5)
    return describe(
        figure,
        f"The unit in row {unit[0]}, column {unit[1]} of layer {layer}, and what it sees in the "
        f"maps below: of the photo, {_span('row', rows[0])} and {_span('column', columns[0])}.",
    )


def _seen(layers: Sequence[dict], sides: list[int], layer: int, unit: int) -> list[list[int]]:
    """Positions that a unit sees along one side, in the photo (first), each map, and its own
    (last).
    """
    found = [[unit]]
    for one, side in zip(layers[layer - 1 :: -1], sides[layer - 1 :: -1], strict=True):
        taps = range(0, one["dilation"] * one["kernel"], one["dilation"])
        positions = {at * one["stride"] - one["padding"] + tap for at in found[0] for tap in taps}
        found.insert(0, sorted(at for at in positions if 0 <= at < side))
    return found


def _span(noun: str, positions: list[int]) -> str:
    """``"rows 3 to 9"``, or ``"no row"`` where only padding is seen."""
    return f"{noun}s {positions[0]} to {positions[-1]}" if positions else f"no {noun}"


def lambda_slider(
    weights: Tensor,
    penalty: str = "L1",
    *,
    lam: float = 0.2,
    minimum: tuple[float, float] = (0.8, 0.6),
) -> Figure:
    """What a penalty does to two weights, to any weight, and to a layer's; its largest weight
    counts as 1.

    Args:
        weights: of a layer, of any shape.
        penalty, lam, minimum: as in :class:`catdog_lib.explore.LambdaSlider`.

    Raises:
        CatdogError: there is no such penalty.
    """
    before = torch.as_tensor(weights).detach().double().flatten()
    before = before / before.abs().max()
    after = shrink(before, lam, penalty)
    colour = PENALTY_COLOURS[penalty == "L2"]
    path = minimisers(minimum, lam, penalty)
    zeros = int((after == 0).sum())
    with style():
        figure = Figure(figsize=(11, 3.9))
        chart, curve, bars = figure.subplots(1, 3)
        _two_weights(chart, path.numpy(), minimum, penalty, colour)
        line = torch.linspace(-1, 1, 401, dtype=torch.float64)
        curve.plot(line, line, ":", color="#8a8a8a", linewidth=1.2)
        other = "L1" if penalty == "L2" else "L2"
        curve.plot(line, shrink(line, lam, other), "--", label=other,
                   color=PENALTY_COLOURS[other == "L2"], linewidth=1.2)  # fmt: skip
        curve.plot(line, shrink(line, lam, penalty), color=colour, label=penalty)
        curve.set(xlabel="weight before", ylabel="weight after", xlim=(-1, 1), ylim=(-1, 1))
        curve.set(aspect="equal", title=f"A weight, λ = {lam:.3g}")
        curve.legend(loc="upper left")
        edges = np.linspace(-1, 1, 42)
        bars.hist(before[before != 0], edges, histtype="step", color="black", label="before")
        bars.hist(after[after != 0], edges, color=colour, label="after")
        bars.set_ylim(0, 1.3 * np.histogram(before, edges)[0].max())
        bars.set(xlabel="weights that are not 0, of the largest", xlim=(-1, 1), box_aspect=1)
        bars.set_title(f"The layer: {zeros} of {len(after)} are 0")
        bars.legend(loc="upper left", fontsize=9)
    x, y = (f"{one:.3g}".replace("-", "−") for one in path[-1].tolist())
    return describe(
        figure,
        f"{penalty} with λ = {lam:.3g}. The lowest loss of two weights is at ({minimum[0]:g}, "
        f"{minimum[1]:g}); with the penalty they go to ({x}, {y}). Of the layer's {len(after)} "
        f"weights {zeros} ({zeros / len(after):.1%}) are exactly 0, the largest is "
        f"{after.abs().max():.3g} of what it was.",
    )


def _two_weights(axes: Axes, path: np.ndarray, minimum, penalty: str, colour: str) -> None:
    """A map of the loss, the penalty's ball through the last point of the path, and the path."""
    end = path[-1]
    x, y = np.meshgrid(np.linspace(-1.2, 1.2, 121), np.linspace(-1.2, 1.2, 121))
    heights = loss((x, y), minimum)
    axes.contour(x, y, heights, [(0.22 * i) ** 2 / 2 for i in range(1, 10)], colors="#8a8a8a",
                 linewidths=0.6)  # fmt: skip
    axes.contour(x, y, heights, [loss(end, minimum)], colors="black", linewidths=1.2)
    size = np.abs(end).sum()
    ball: Patch = Polygon([(size, 0), (0, size), (-size, 0), (0, -size)])
    if penalty == "L2":
        ball = Circle((0, 0), np.hypot(*end))
    ball.set(facecolor=(colour, 0.18), edgecolor=colour)
    axes.add_patch(ball)
    axes.plot(*path.T, color=colour)
    axes.plot(*end, "o", color=colour, markersize=8, markeredgecolor="white")
    axes.plot(*minimum, "x", color=MARK, markersize=9, markeredgewidth=2.5)
    axes.axhline(0, color="#8a8a8a", linewidth=0.8)
    axes.axvline(0, color="#8a8a8a", linewidth=0.8)
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", xlabel="w₁", ylabel="w₂")
    axes.set_title("Two weights")
    axes.grid(False)
