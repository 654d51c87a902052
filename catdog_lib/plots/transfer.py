"""Networks trained on other images: how features drift, what few images teach, a map of features.

Lesson 06, section 5; Lesson 06, section 7; Lesson 06, section 8.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.plots.primitives import integer_ticks, legend_outside, scatter_by_class
from catdog_lib.plots.style import CLASS_COLOURS, describe, new_figure, style

_MARKERS = "osD^vP"


def feature_drift(runs: Mapping[str, Sequence[tuple[int, float, float]]]) -> Figure:
    """Draw how features and accuracy change while a head is trained on a frozen network.

    Args:
        runs: name → (step, distance of the features from those before, relative to their length,
            accuracy), in order.
    """
    descriptions = []
    with style():
        figure, (left, right) = new_figure(1, 2, width=9.5, height=4.3)
        for number, (name, points) in enumerate(runs.items()):
            steps, moved, accuracy = (np.array(values) for values in zip(*points, strict=True))
            look = {"marker": _MARKERS[number], "color": f"C{number}", "label": name}
            left.plot(steps, 100 * moved, **look)
            right.plot(steps, 100 * accuracy, **look)
            descriptions.append(
                f"{name}: features moved by {moved[-1]:.0%} after {steps[-1]} steps, accuracy from "
                f"{accuracy[0]:.0%} to {accuracy[-1]:.0%}"
            )
        left.set(xlabel="step", ylabel="features moved, %")
        left.set_title("The features of the same images")
        right.set(xlabel="step", ylabel="validation accuracy, %")
        right.set_title("The answers")
        for axes in (left, right):
            integer_ticks(axes)
        legend_outside(figure, left, columns=len(runs), side="lower")
    return describe(
        figure, f"Two charts over the steps of a training run. {'; '.join(descriptions)}."
    )


def learning_curves(curves: Mapping[str, Mapping[int, Sequence[float]]]) -> Figure:
    """Draw accuracy against the number of training images, means as lines, draws as small dots.

    Args:
        curves: name → {number of training images: accuracies, from 0 to 1, one for each draw}.
    """
    descriptions = []
    counts = sorted({count for points in curves.values() for count in points})
    with style():
        figure, (axes,) = new_figure(width=8, height=4.6)
        for number, (name, points) in enumerate(curves.items()):
            means = [100 * np.mean(points[count]) for count in sorted(points)]
            colour, marker = f"C{number}", _MARKERS[number]
            axes.plot(sorted(points), means, color=colour, marker=marker, label=name)
            for count, accuracies in points.items():
                x, y = [count] * len(accuracies), 100 * np.array(accuracies)
                axes.plot(x, y, ".", color=colour, markersize=5, alpha=0.5)
            pairs = zip(sorted(points), means, strict=True)
            values = ", ".join(f"{mean:.1f} % with {count:,}" for count, mean in pairs)
            descriptions.append(f"{name}: {values}")
        axes.set(xscale="log", xlabel="training images", ylabel="accuracy, %")
        axes.set_xticks(counts, [f"{count:,}" for count in counts])
        axes.set_xticks([], minor=True)
        legend_outside(figure, axes, columns=len(curves), side="lower")
    return describe(
        figure,
        "Accuracy against the number of training images, means over the draws. "
        f"{'; '.join(descriptions)}.",
    )


def feature_space(points: Tensor, labels: Tensor, images: Tensor | None = None) -> Figure:
    """Draw images as points of a plane, in the colour of their class.

    Args:
        points: N×2.
        labels: N.
        images: M×3×H×W, uint8, M ≤ N: the first M points are drawn as these, the rest as dots.
    """
    points = points.float()
    distances = torch.cdist(points, points).fill_diagonal_(float("inf"))
    same_class = (labels[distances.argmin(1)] == labels).float().mean().item()
    with style():
        figure, (axes,) = new_figure(width=8.5, height=6.4)
        scatter_by_class(axes, points[:, 0], points[:, 1], labels, size=26, alpha=0.75)
        thumbnails = () if images is None else images
        for point, label, image in zip(points, labels, thumbnails, strict=False):
            small = F.interpolate(image[None].float() / 255, (40, 40), mode="area")[0]
            box = OffsetImage(small.permute(1, 2, 0).numpy(), zoom=0.8)
            border = {"edgecolor": CLASS_COLOURS[int(label)], "linewidth": 2}
            position = tuple(point.tolist())
            axes.add_artist(AnnotationBbox(box, position, pad=0.12, bboxprops=border))
        axes.set(xticks=[], yticks=[], xlabel="first direction", ylabel="second direction")
        axes.margins(0.07)
        legend_outside(figure, axes, columns=2)
    return describe(
        figure,
        f"{len(points)} images as points of a plane, cats and dogs in different colours. For "
        f"{same_class:.0%} of them the nearest neighbour in the plane is of their own class.",
    )
