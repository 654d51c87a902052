"""Networks trained on other images: how features drift, what few images teach, a map of features.

Longer than 200 lines because the figures of one lesson's features stand together.

Lesson 06, section 4; Lesson 06, section 6; Lesson 06, section 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.classes import CLASSES
from catdog_lib.plots.primitives import (
    curve_look,
    draw_image,
    frame,
    integer_ticks,
    legend_outside,
    scatter_by_class,
)
from catdog_lib.plots.style import CLASS_COLOURS, GREY, describe, new_figure, style


def feature_drift(runs: Mapping[str, Sequence[tuple[int, float, float, float]]]) -> Figure:
    """Draw how features and accuracy change while a head is trained on a frozen network.

    Args:
        runs: name → (step, distance of the features from those before, relative to their length,
            accuracy of the head, accuracy of a probe trained again), in order.
    """
    descriptions = []
    with style():
        figure, all_axes = new_figure(1, 3, width=10.5, height=4)
        for number, (name, points) in enumerate(runs.items()):
            steps, *rows = (np.array(values) for values in zip(*points, strict=True))
            look = curve_look(number) | {"label": name}
            for axes, row in zip(all_axes, rows, strict=True):
                axes.plot(steps, 100 * row, **look)
            moved, old, new = rows
            descriptions.append(
                f"{name}: features moved by {moved[-1]:.0%} after {steps[-1]} steps, accuracy of "
                f"the head from {old[0]:.0%} to {old[-1]:.0%}, of a new probe from {new[0]:.0%} "
                f"to {new[-1]:.0%}"
            )
        all_axes[0].set(ylabel="features moved, %")
        all_axes[1].set(ylabel="validation accuracy, %")
        all_axes[2].sharey(all_axes[1])
        titles = ("Same images, same features?", "The old head", "A new probe")
        for axes, title in zip(all_axes, titles, strict=True):
            axes.set(xlabel="step")
            axes.set_title(title)
            integer_ticks(axes)
        legend_outside(figure, all_axes[0], columns=len(runs), side="lower")
    return describe(
        figure, f"Three charts over the steps of a training run. {'; '.join(descriptions)}."
    )


def learning_curves(
    curves: Mapping[str, Mapping[int, Sequence[float]]], levels: Mapping[str, float] | None = None
) -> Figure:
    """Draw accuracy against the number of training images, means as lines, draws as small dots.

    Args:
        curves: name → {number of training images: accuracies, from 0 to 1, one for each draw}.
        levels: name → an accuracy from 0 to 1 that needs no training images: a dashed line.
    """
    levels = levels or {}
    descriptions = []
    counts = sorted({count for points in curves.values() for count in points})
    with style():
        figure, (axes,) = new_figure(width=8.5, height=5)
        for number, (name, points) in enumerate(curves.items()):
            means = [100 * np.mean(points[count]) for count in sorted(points)]
            look = curve_look(number)
            axes.plot(sorted(points), means, label=name, **look)
            for count, accuracies in points.items():
                x, y = [count] * len(accuracies), 100 * np.array(accuracies)
                axes.plot(x, y, ".", color=look["color"], markersize=5, alpha=0.5)
            pairs = zip(sorted(points), means, strict=True)
            values = ", ".join(f"{mean:.1f}% with {count:,}" for count, mean in pairs)
            descriptions.append(f"{name}: {values}")
        for number, (name, level) in enumerate(levels.items()):
            dashes = (0, (4, 2 + 2 * number))
            axes.axhline(100 * level, color=GREY, linestyle=dashes, linewidth=1.2, label=name)
            descriptions.append(f"{name}: {level:.1%}")
        axes.set(xscale="log", xlabel="training images", ylabel="accuracy, %")
        axes.set_xticks(counts, [f"{count:,}" for count in counts])
        axes.set_xticks([], minor=True)
        legend_outside(figure, axes, columns=3, side="lower")
    return describe(
        figure,
        "Accuracy against the number of training images, means over the draws. "
        f"{'; '.join(descriptions)}.",
    )


def nearest_neighbours(
    queries: Tensor, query_labels: Tensor, neighbours: Tensor, labels: Tensor
) -> Figure:
    """Draw images, each with its nearest neighbours beside it, framed in the colour of their class.

    Args:
        queries: N×3×H×W, uint8.
        query_labels: N.
        neighbours: N×K×3×H×W, the nearest first.
        labels: N×K.
    """
    count, columns = labels.shape
    same = labels == query_labels[:, None]
    with style():
        figure, all_axes = new_figure(
            count, columns + 1, width=1.25 * (columns + 1), height=1.3 * count + 0.3
        )
        rows = zip(queries, query_labels, neighbours, labels, strict=True)
        for row, (query, own, images, classes) in enumerate(rows):
            here = all_axes[row * (columns + 1) : (row + 1) * (columns + 1)]
            for axes, image, label in zip(here, [query, *images], [own, *classes], strict=True):
                draw_image(axes, image)
                frame(axes, 0, 0, *image.shape[:0:-1], CLASS_COLOURS[int(label)])
        all_axes[0].set_title("image", loc="center", fontsize=10)
        for rank, axes in enumerate(all_axes[1 : columns + 1], 1):
            axes.set_title(f"neighbour {rank}", loc="center", fontsize=10)
    each = "; ".join(
        f"{CLASSES[int(own)]}: {', '.join(CLASSES[int(label)] for label in row)}"
        for own, row in zip(query_labels, labels, strict=True)
    )
    return describe(
        figure,
        f"{count} images, each with its {columns} nearest neighbours, of which "
        f"{same.float().mean():.0%} are of its own class. {each}.",
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
