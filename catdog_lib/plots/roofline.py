"""How fast a layer could be at most: the limits of a machine, and layers below them.

Source: S. Williams, A. Waterman and D. Patterson 2009, "Roofline", Communications of the ACM
52(4).

Lesson 10, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import isclose

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from catdog_lib.plots.style import GREY, describe, new_figure, style

_MARKERS = {"Conv2d": "o", "BatchNorm2d": "s", "ReLU": "^", "MaxPool2d": "D"}

_HEIGHTS = (-26, -43, -60, -77, -94, 14, 31, 48, 65)  # of a label over its dot, in points
_DOT = 6  # pixels from a dot's centre that no label covers


def roofline(points: Mapping[str, tuple[float, float]], peak: float, bandwidth: float) -> Figure:
    """Draw layers below the two limits of a machine, on logarithmic axes.

    Args:
        points: layer → (arithmetic intensity in operations per byte, speed in operations per
            second).
        peak: operations per second of the fastest layer that was measured.
        bandwidth: the bytes per second that come out of its memory.
    """
    intensities = np.array([intensity for intensity, _ in points.values()])
    left, right = min(intensities.min(), peak / bandwidth) / 3, intensities.max() * 6
    x = np.geomspace(left, right, 200)
    descriptions = []
    with style():
        figure, (axes,) = new_figure(height=4.6)
        axes.plot(x, np.minimum(peak, bandwidth * x) / 1e9, color=GREY)
        axes.axvline(peak / bandwidth, color=GREY, linestyle=":", linewidth=1.2)
        for name, (intensity, speed) in points.items():
            kind = name.split()[0]
            colour = f"C{[*_MARKERS, kind].index(kind)}"
            marker = _MARKERS.get(kind, "v")
            axes.plot(intensity, speed / 1e9, marker, color=colour, markersize=8)
            descriptions.append(
                f"{name}: {intensity:.3g} per byte, {speed / 1e9:.3g} billion a second"
            )
        axes.set(xscale="log", yscale="log", xlim=(left, right))
        low = min(speed for _, speed in points.values()) / 1e9
        axes.set_ylim(low / 6, 2.5 * max(peak, *(speed for _, speed in points.values())) / 1e9)
        _label(axes, points)
        axes.set_xlabel("arithmetic intensity, operations per byte")
        axes.set_ylabel("billion operations a second")
    return describe(
        figure,
        "Speed against arithmetic intensity, both logarithmic. The limit rises with "
        f"{bandwidth / 1e9:.3g} GB a second up to {peak / bandwidth:.3g} operations per byte and "
        f"is level from there, at {peak / 1e9:,.0f} billion operations a second. "
        f"{'; '.join(descriptions)}.",
    )


def _label(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write each layer's name below its dot, or above it where there is room, with a line to it."""
    labels: list[tuple[str, tuple[float, float]]] = []
    for name, point in sorted(points.items(), key=lambda point: point[1][0]):
        if labels and all(map(partial(isclose, rel_tol=0.1), point, labels[-1][1])):
            kind, _, number = name.rpartition(" ")  # the same place: "Conv2d 4, 5"
            same = labels[-1][0].startswith(f"{kind} ")
            labels[-1] = (f"{labels[-1][0]}, {number if same else name}", point)
        else:
            labels.append((name, point))
    figure = axes.get_figure()
    figure.draw_without_rendering()  # the axes have their place only then
    dots = axes.transData.transform([(x, speed / 1e9) for x, speed in points.values()])
    taken = [Bbox([dot - _DOT, dot + _DOT]) for dot in dots]
    for name, (intensity, speed) in labels:
        label = axes.annotate(
            name,
            (intensity, speed / 1e9),
            xytext=(0, -26),
            textcoords="offset points",
            ha="right",  # to the left of its line, so that the next line, to its right, misses it
            fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},  # lines stop before it
            arrowprops={
                **{"arrowstyle": "-", "color": GREY, "linewidth": 0.7, "shrinkB": 4},
                "relpos": (1, 1),  # from the label's end
            },
        )
        for height in _HEIGHTS:
            label.set_position((0, height))
            label.get_window_extent()  # moves it
            place = Text.get_window_extent(label).padded(3)
            free = not any(place.overlaps(other) for other in taken)
            if free and place.y0 > axes.bbox.y0:
                break
        taken.append(place)
