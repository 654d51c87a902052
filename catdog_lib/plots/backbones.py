"""Which pretrained network to take: accuracy, compute and speed, and which channels it connects.

Lesson 06, section 3; Lesson 06, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox
from torch import Tensor

from catdog_lib.plots.primitives import remove_ticks
from catdog_lib.plots.style import GREY, describe, new_figure, style


def backbone_comparison(
    published: Mapping[str, tuple[float, float, float]], speeds: Mapping[str, float] | None = None
) -> Figure:
    """Draw accuracy against compute, a dot for each network, and speed against parameters.

    Args:
        published: name → (multiply-adds for an image, parameters, ImageNet top-1 accuracy from 0
            to 1); the area of a dot shows the parameters.
        speeds: name → images a second, of some of them or of all.
    """
    speeds = speeds or {}
    descriptions = []
    with style():
        figure, all_axes = new_figure(1, 1 + bool(speeds), width=10, height=5)
        positions = {}
        for name, (work, parameters, accuracy) in published.items():
            positions[name] = (work / 1e9, 100 * accuracy)
            look = {"color": "C0", "alpha": 0.45, "linewidths": 0}
            all_axes[0].scatter(*positions[name], s=6 + 4 * parameters / 1e6, **look)
            descriptions.append(
                f"{name}: {work / 1e9:.2f} G multiply-adds, {parameters / 1e6:.1f} M parameters, "
                f"{accuracy:.1%}"
            )
        all_axes[0].set(
            xscale="log", xlabel="multiply-adds for an image, G", ylabel="ImageNet accuracy, %"
        )
        all_axes[0].set_title("More work, more accuracy?\n(area: parameters)")
        if speeds:
            dots = {name: (published[name][1] / 1e6, speed) for name, speed in speeds.items()}
            all_axes[1].plot(*zip(*dots.values(), strict=True), "o", color="C1", markersize=7)
            all_axes[1].set(xscale="log", yscale="log")
            all_axes[1].set(xlabel="parameters, M", ylabel="images a second, measured here")
            all_axes[1].set_title("More parameters, less speed?")
            measured = ", ".join(f"{name} {speed:.3g}" for name, speed in speeds.items())
            descriptions.append(f"Measured here, images a second: {measured}")
        for axes in all_axes:
            axes.margins(0.16)
        _name_dots(all_axes[0], positions)
        if speeds:
            _name_dots(all_axes[1], dots)
    return describe(figure, f"Networks as dots. {'; '.join(descriptions)}.")


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


def _name_dots(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write names beside dots: above, below, right or left, wherever they cover the least."""
    places = {"center bottom": (0, 7), "center top": (0, -7)}
    places |= {"left center": (8, 0), "right center": (-8, 0)}
    axes.figure.draw_without_rendering()  # settles where in the figure each dot lies
    dots = axes.transData.transform(list(points.values()))
    taken = [Bbox.from_extents(x - 5, y - 5, x + 5, y + 5) for x, y in dots]
    for name, point in points.items():
        candidates = []
        for place, offset in places.items():
            ha, va = place.split()
            text = axes.annotate(
                name, point, xytext=offset, textcoords="offset points", fontsize=8, ha=ha, va=va
            )
            box = text.get_window_extent()
            inside = axes.bbox.x0 < box.x0 and box.x1 < axes.bbox.x1
            candidates.append((box.count_overlaps(taken) + 10 * (not inside), text, box))
        best = min(candidates, key=lambda candidate: candidate[0])
        for candidate in candidates:
            if candidate is not best:
                candidate[1].remove()
        taken.append(best[2])
