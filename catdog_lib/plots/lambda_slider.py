"""What a penalty does to weights, the static version of the λ slider."""

from __future__ import annotations

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Patch, Polygon
from torch import Tensor

from catdog_lib.plots.primitives import MARK, number_text
from catdog_lib.plots.style import describe, style
from catdog_lib.sparsity.quadratic import loss, minimisers, shrink

# As in the interactive version.
PENALTY_COLOURS = {"L1": "#C24E00", "L1 subgradient": "#C24E00", "L2": "#0072B2"}
_LINES = "#8a8a8a"


def lambda_slider(
    weights: Tensor,
    penalty: str = "L1",
    *,
    lam: float = 0.2,
    minimum: tuple[float, float] = (0.8, 0.6),
) -> Figure:
    """Draw what a penalty does to two weights, to any weight, and to the weights of a layer.

    Args:
        weights: of a layer, of any shape; the largest magnitude counts as 1.
        penalty, lam, minimum: as in :class:`catdog_lib.explore.LambdaSlider`.

    Raises:
        CatdogError: there is no such penalty.
    """
    before = torch.as_tensor(weights).detach().double().flatten()
    before = before / (before.abs().max().item() or 1.0)
    after = shrink(before, lam, penalty)
    path = minimisers(minimum, lam, penalty)
    zeros = int((after == 0).sum())
    with style():
        figure = Figure(figsize=(11, 3.9))
        chart, curve, bars = figure.subplots(1, 3)
        _draw_two_weights(chart, path.numpy(), minimum, penalty)
        _draw_shrinkage(curve, lam, penalty)
        edges = np.linspace(-1, 1, 42)
        colour = PENALTY_COLOURS[penalty]
        bars.hist(before[before != 0], edges, histtype="step", color="black", label="before")
        bars.hist(after[after != 0], edges, color=colour, label="after")
        bars.set_ylim(0, 1.3 * np.histogram(before, edges)[0].max())
        bars.set(xlabel="weights that are not 0, of the largest", xlim=(-1, 1), box_aspect=1)
        bars.set_title(f"The layer: {zeros} of {len(after)} are 0")
        bars.legend(loc="upper left", fontsize=9)
    x, y = (number_text(one, ".3g") for one in path[-1])
    return describe(
        figure,
        f"{penalty} with λ = {lam:.3g}. The lowest loss of two weights is at ({minimum[0]:g}, "
        f"{minimum[1]:g}); with the penalty they go to ({x}, {y}). Of the layer's {len(after)} "
        f"weights {zeros} ({zeros / len(after):.1%}) are exactly 0, the largest is "
        f"{after.abs().max():.3g} of what it was.",
    )


def _draw_shrinkage(axes: Axes, lam: float, penalty: str) -> None:
    """Draw what becomes of a weight, with the penalty and, dashed, with the other one."""
    weight = torch.linspace(-1, 1, 401, dtype=torch.float64)
    other = "L1" if penalty == "L2" else "L2"
    axes.plot(weight, weight, ":", color=_LINES, linewidth=1.2)
    look = {"color": PENALTY_COLOURS[other], "linewidth": 1.2, "label": other}
    axes.plot(weight, shrink(weight, lam, other), "--", **look)
    axes.plot(weight, shrink(weight, lam, penalty), color=PENALTY_COLOURS[penalty], label=penalty)
    axes.set(xlabel="weight before", ylabel="weight after", xlim=(-1, 1), ylim=(-1, 1))
    axes.set(aspect="equal", title=f"A weight, λ = {lam:.3g}")
    axes.legend(loc="upper left")


def _draw_two_weights(
    axes: Axes, path: np.ndarray, minimum: tuple[float, float], penalty: str
) -> None:
    """Draw a map of the loss, the penalty's ball through the end of the path, and the path."""
    colour, end = PENALTY_COLOURS[penalty], path[-1]
    x, y = np.meshgrid(np.linspace(-1.2, 1.2, 121), np.linspace(-1.2, 1.2, 121))
    heights = loss((x, y), minimum)
    levels = [(0.22 * i) ** 2 / 2 for i in range(1, 10)]
    axes.contour(x, y, heights, levels, colors=_LINES, linewidths=0.6)
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
    axes.axhline(0, color=_LINES, linewidth=0.8)
    axes.axvline(0, color=_LINES, linewidth=0.8)
    axes.set(xlim=(-1.2, 1.2), ylim=(-1.2, 1.2), aspect="equal", xlabel="w₁", ylabel="w₂")
    axes.set_title("Two weights")
    axes.grid(False)
