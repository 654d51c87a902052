"""Which pretrained network to take: accuracy, compute and speed, and which channels it connects.

Lesson 06, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter
from matplotlib.transforms import Bbox
from torch import Tensor

from catdog_lib.plots.primitives import remove_ticks
from catdog_lib.plots.style import GREY, describe, new_figure, style

_DIRECTIONS = {
    (1, 0): ("left", "center"),
    (-1, 0): ("right", "center"),
    (0, 1): ("center", "bottom"),
    (0, -1): ("center", "top"),
    (1, 1): ("left", "bottom"),
    (-1, 1): ("right", "bottom"),
    (1, -1): ("left", "top"),
    (-1, -1): ("right", "top"),
}
_DISTANCES = (4, 11, 21, 33)  # of a name from the edge of its dot, in points


def backbone_comparison(published: Mapping[str, tuple[float, float, float]]) -> Figure:
    """Draw accuracy against compute, a dot for each network.

    Args:
        published: name → (multiply-adds for an image, parameters, ImageNet top-1 accuracy from 0
            to 1); the area of a dot shows the parameters.
    """
    with style():
        figure, (axes,) = new_figure(width=8, height=4.8)
        look = {"color": "C0", "alpha": 0.45, "linewidths": 0}
        for work, parameters, accuracy in published.values():
            axes.scatter(work / 1e9, 100 * accuracy, s=_area(parameters), **look)
        for millions in (5, 25, 100):
            axes.scatter([], [], s=_area(1e6 * millions), label=f"{millions} M parameters", **look)
        axes.set(xlabel="multiply-adds for an image, G", ylabel="ImageNet accuracy, %")
        axes.margins(0.16)
        _log_axis(axes, "x")
        axes.legend(loc="lower right", labelspacing=1.2, borderpad=1)
        dots = {name: (work / 1e9, 100 * top) for name, (work, _, top) in published.items()}
        _name_dots(axes, dots, [_area(each[1]) ** 0.5 / 2 for each in published.values()])
    each = "; ".join(
        f"{name}: {work / 1e9:.2f} G multiply-adds, {parameters / 1e6:.1f} M parameters, {top:.1%}"
        for name, (work, parameters, top) in published.items()
    )
    return describe(figure, f"Networks as dots, accuracy against multiply-adds. {each}.")


def backbone_times(costs: Mapping[str, tuple[float, float, float]]) -> Figure:
    """Draw the measured time of networks, against their parameters and against their multiply-adds.

    Args:
        costs: name → (multiply-adds for an image, parameters, milliseconds for an image).
    """
    with style():
        figure, (left, right) = new_figure(1, 2, width=10, height=4.8, sharey=True)
        for axes, place, unit, name in (
            (left, 1, 1e6, "parameters, M"),
            (right, 0, 1e9, "multiply-adds for an image, G"),
        ):
            dots = {network: (cost[place] / unit, cost[2]) for network, cost in costs.items()}
            axes.plot(*zip(*dots.values(), strict=True), "o", color="C1", markersize=6)
            axes.set(xlabel=name)
            axes.margins(0.16)
            _log_axis(axes, "x")
            _log_axis(axes, "y")
            _name_dots(axes, dots, [3] * len(dots))
        left.set(ylabel="milliseconds for an image, measured here")
        left.set_title("Do parameters predict the time?")
        right.set_title("Do multiply-adds?")
    each = "; ".join(
        f"{name}: {parameters / 1e6:.1f} M parameters, {work / 1e9:.2f} G multiply-adds, "
        f"{milliseconds:.3g} ms"
        for name, (work, parameters, milliseconds) in costs.items()
    )
    return describe(
        figure, f"Milliseconds for an image, against parameters and multiply-adds. {each}."
    )


def channel_connections(layers: Mapping[str, Tensor]) -> Figure:
    """Draw which output channel of a convolution reads which input channel.

    Args:
        layers: name → weights, C_out×C_in×k×k, with zeros where an output does not look at an
            input.
    """
    descriptions = []
    with style():
        figure, all_axes = new_figure(1, len(layers), width=9, height=3.4)
        for axes, (name, weights) in zip(all_axes, layers.items(), strict=True):
            linked = weights.flatten(2).abs().sum(2) > 0
            count, kernel = int((weights != 0).sum()), weights.shape[-1]
            heights = [
                np.linspace(1, 0, n + 2)[1:-1] if n > 1 else np.array([0.5]) for n in linked.shape
            ]
            for out, into in linked.nonzero().tolist():
                axes.plot([0, 1], [heights[1][into], heights[0][out]], color="C0", linewidth=1)
            for x, ys in ((0, heights[1]), (1, heights[0])):
                axes.plot([x] * len(ys), ys, "s", color=GREY, markersize=15)
            axes.set(xlim=(-0.2, 1.2), ylim=(0, 1))
            remove_ticks(axes)
            axes.set_title(name, loc="center")
            kernels = f"{int(linked.sum())} kernels of {kernel}×{kernel}"
            axes.set_xlabel(f"{kernels}: {count} weights")
            descriptions.append(f"{name}: {kernels}, {count} weights")
    return describe(
        figure,
        "Input channels on the left, output channels on the right, a line wherever an output reads "
        f"an input. {'; '.join(descriptions)}.",
    )


def _area(parameters: float) -> float:
    """Return the area of the dot for so many parameters, in square points."""
    return 6 + 4 * parameters / 1e6


def _log_axis(axes: Axes, which: str) -> None:
    """Make an axis logarithmic, with numbers such as 0.1, 1, 10 in place of powers."""
    axes.set(**{f"{which}scale": "log"})
    axis = getattr(axes, f"{which}axis")
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1,) if high > 50 * low else (1, 2, 5)))
    axis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_minor_formatter(NullFormatter())


def _name_dots(
    axes: Axes, points: Mapping[str, tuple[float, float]], radii: Sequence[float]
) -> None:
    """Write a name beside each dot, where it covers the least; a line joins it if it is far.

    Args:
        axes: with the dots.
        points: name → where its dot lies, in data coordinates.
        radii: of the dots, in points.
    """
    axes.figure.draw_without_rendering()  # settles where in the figure each dot lies
    pixels = axes.figure.dpi / 72
    dots = axes.transData.transform(list(points.values()))
    taken = [
        Bbox.from_extents(x - r * pixels, y - r * pixels, x + r * pixels, y + r * pixels)
        for (x, y), r in zip(dots, radii, strict=True)
    ]
    if axes.get_legend():
        taken.append(axes.get_legend().get_window_extent())
    for (name, point), radius in zip(points.items(), radii, strict=True):
        best = None
        for distance in _DISTANCES:
            for (right, up), (ha, va) in _DIRECTIONS.items():
                far = distance > _DISTANCES[0]
                text = axes.annotate(
                    name,
                    point,
                    xytext=((distance + radius) * right, (distance + radius) * up),
                    textcoords="offset points",
                    fontsize=8,
                    ha=ha,
                    va=va,
                    arrowprops={"arrowstyle": "-", "lw": 0.5, "color": GREY} if far else None,
                )
                box = text.get_window_extent()
                inside = axes.bbox.contains(box.x0, box.y0) and axes.bbox.contains(box.x1, box.y1)
                badness = box.count_overlaps(taken) + 10 * (not inside)
                if best is None or badness < best[0]:
                    if best:
                        best[1].remove()
                    best = (badness, text, box)
                else:
                    text.remove()
        taken.append(best[2])
