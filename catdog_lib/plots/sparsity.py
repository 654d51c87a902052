"""Networks with few connections: what accuracy is left, and where the zeros are.

Lesson 05, section 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from catdog_lib.plots.primitives import label_bar, legend_outside
from catdog_lib.plots.style import GREY, describe, new_figure, style
from catdog_lib.sparsity import LayerSparsity

_LOOKS = {"gradient": ("C1", "s"), "proximal": ("C0", "o")}


def accuracy_against_zeros(
    path: Mapping[str, Sequence[Mapping[str, Any]]], without: Mapping[str, Any] | None = None
) -> Figure:
    """Draw accuracy against the share of weights that are 0, along a path of λ.

    Args:
        path: "gradient" and "proximal", or other names → points; each has "l1", which is λ, and
            "accuracy" and "zeros", from 0 to 1, each a number or one for each seed.
        without: the point without a penalty.
    """
    with style():
        figure, (axes,) = new_figure(width=6.4, height=4.9)
        ends = _draw_path(axes, path, [without] if without else [])
    return describe(figure, f"Accuracy against the share of weights that are exactly 0. {ends}")


def zeros_by_layer(networks: Mapping[str, Sequence[LayerSparsity]]) -> Figure:
    """Draw the share of each layer's weights that are 0, for networks with the same layers.

    Args:
        networks: name → layers, from :func:`catdog_lib.sparsity.sparsity`.
    """
    layers = [layer.name for layer in next(iter(networks.values()))]
    places, height = np.arange(len(layers)), 0.8 / len(networks)
    with style():
        figure, (axes,) = new_figure(width=7, height=1.4 + 0.4 * len(layers))
        for number, (name, found) in enumerate(networks.items()):
            at = places + (number - (len(networks) - 1) / 2) * height
            shares = [100 * layer.share for layer in found]
            axes.barh(at, shares, 0.9 * height, color=f"C{number}", label=name)
            for y, share in zip(at, shares, strict=True):
                label_bar(axes, share, y, f"{share:.0f}", gap=3, fontsize=9, color=GREY)
        axes.set(xlabel="weights that are 0, %", xlim=(0, 105))
        axes.set_yticks(places, layers)
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
        legend_outside(figure, axes, columns=len(networks))
    descriptions = "; ".join(
        f"{name}: {', '.join(f'{layer.name} {layer.share:.0%}' for layer in found)}"
        for name, found in networks.items()
    )
    return describe(figure, f"Bars: the share of each layer's weights that are 0. {descriptions}.")


def _draw_path(
    axes: Axes,
    path: Mapping[str, Sequence[Mapping[str, Any]]],
    without: Sequence[Mapping[str, Any]],
) -> str:
    """Draw lines through the means of the points, a small dot for each seed; return a description.

    Args:
        axes: to draw on.
        path: as for :func:`accuracy_against_zeros`.
        without: the points without a penalty, each a dotted line.
    """
    descriptions = []
    for number, (name, points) in enumerate(path.items()):
        points = sorted(points, key=lambda point: point["l1"])
        colour, marker = _LOOKS.get(name, (f"C{number}", "o"))
        means = [[100 * np.mean(p[kind]) for p in points] for kind in ("zeros", "accuracy")]
        crowded = max(means[0]) < 2  # they lie on one another, and so would their labels
        lams = ", ".join(f"{point['l1']:g}" for point in points)
        label = f"{name}, λ = {lams}" if crowded else name
        axes.plot(*means, marker=marker, color=colour, label=label, linewidth=1.4, markersize=7)
        for point, zeros, accuracy in zip(points, *means, strict=True):
            _draw_seeds(axes, point, colour)
            lam = f"λ = {point['l1']:g}"
            if not crowded:
                look = {"textcoords": "offset points", "fontsize": 8.5, "color": colour}
                look["bbox"] = {"facecolor": "white", "edgecolor": "none", "pad": 1, "alpha": 0.8}
                axes.annotate(lam, (zeros, accuracy), xytext=(0, 12), ha="center", **look)
            descriptions.append(f"{name}, {lam}: {zeros:.0f}% zeros, {accuracy:.1f}%")
    for point in without:
        accuracy = 100 * np.mean(point["accuracy"])
        axes.axhline(accuracy, color=GREY, linestyle=":", linewidth=1.2, label="without L1")
        _draw_seeds(axes, point, GREY)
        descriptions.append(f"without L1: {accuracy:.1f}%")
    axes.set(xlabel="weights that are exactly 0, %", ylabel="accuracy, %", xlim=(-4, 104))
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.17))
    return "; ".join(descriptions) + "."


def _draw_seeds(axes: Axes, point: Mapping[str, Any], colour: str) -> None:
    """Draw a small dot for each seed of a point."""
    zeros, accuracies = np.broadcast_arrays(*np.atleast_1d(point["zeros"], point["accuracy"]))
    axes.plot(100 * zeros, 100 * accuracies, ".", color=colour, markersize=4, alpha=0.6)
