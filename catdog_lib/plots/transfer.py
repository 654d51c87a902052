"""Networks that have learned elsewhere: what they cost, what drifts in them, what their features
know.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox, OffsetImage
from matplotlib.transforms import Bbox
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.classes import CLASSES
from catdog_lib.plots.style import CLASS_COLOURS, GREY, describe, new_figure, style

_MARKERS = "osD^vP"


def families(
    published: Mapping[str, tuple[float, float, float]], speeds: Mapping[str, float] | None = None
) -> Figure:
    """Accuracy against work, a dot for each network, the larger the more parameters; and speed
    against parameters.

    Args:
        published: name → (multiply-adds for a picture, parameters, ImageNet top-1 accuracy from 0
            to 1).
        speeds: name → pictures a second, of some of them or of all.
    """
    speeds = speeds or {}
    words = []
    with style():
        figure, all_axes = new_figure(1, 1 + bool(speeds), width=10, height=5)
        spots = {}
        for name, (work, parameters, accuracy) in published.items():
            spots[name] = (work / 1e9, 100 * accuracy)
            all_axes[0].scatter(
                *spots[name], s=6 + 4 * parameters / 1e6, color="C0", alpha=0.45, linewidths=0
            )
            words.append(
                f"{name}: {work / 1e9:.2f} G multiply-adds, {parameters / 1e6:.1f} M parameters, "
                f"{accuracy:.1%}"
            )
        all_axes[0].set(
            xscale="log", xlabel="multiply-adds for a picture, G", ylabel="ImageNet accuracy, %"
        )
        all_axes[0].set_title("More work, more accuracy?\n(area: parameters)")
        if speeds:
            dots = {name: (published[name][1] / 1e6, speed) for name, speed in speeds.items()}
            all_axes[1].plot(*zip(*dots.values(), strict=True), "o", color="C1", markersize=7)
            all_axes[1].set(xscale="log", yscale="log")
            all_axes[1].set(xlabel="parameters, M", ylabel="pictures a second, measured here")
            all_axes[1].set_title("More parameters, less speed?")
            measured = ", ".join(f"{name} {speed:.3g}" for name, speed in speeds.items())
            words.append(f"Measured here, pictures a second: {measured}")
        for axes in all_axes:
            axes.margins(0.16)
        _name_dots(all_axes[0], spots)
        if speeds:
            _name_dots(all_axes[1], dots)
    return describe(figure, f"Networks as dots. {'; '.join(words)}.")


def channel_links(layers: Mapping[str, Tensor]) -> Figure:
    """Which output channel of a convolution reads which input channel.

    Args:
        layers: name → weights, C_out×C_in×k×k, with zeros where an output does not look at an
            input.
    """
    words = []
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
            axes.set(xlim=(-0.2, 1.2), ylim=(0, 1), xticks=[], yticks=[])
            axes.grid(False)
            axes.spines[:].set_visible(False)
            axes.set_title(name, loc="center")
            axes.set_xlabel(f"{int(linked.sum())} kernels of {kernel}×{kernel}: {count} weights")
            words.append(f"{name}: {int(linked.sum())} kernels of {kernel}×{kernel}, {count} weights")  # fmt: skip
    return describe(
        figure,
        "Input channels left, output channels right, a line wherever an output reads an input. "
        + "; ".join(words)
        + ".",
    )


def drift(runs: Mapping[str, Sequence[tuple[int, float, float]]]) -> Figure:
    """What happens to features and accuracy while a head is trained on a network that should stand
    still.

    Args:
        runs: name → (step, how far the features are from those before, relative to their length,
            accuracy), in order.
    """
    words = []
    with style():
        figure, (left, right) = new_figure(1, 2, width=9.5, height=4.3)
        for number, (name, points) in enumerate(runs.items()):
            steps, moved, accuracy = (np.array(values) for values in zip(*points, strict=True))
            look = {"marker": _MARKERS[number], "color": f"C{number}", "label": name}
            left.plot(steps, 100 * moved, **look)
            right.plot(steps, 100 * accuracy, **look)
            words.append(
                f"{name}: features moved by {moved[-1]:.0%} after {steps[-1]} steps, accuracy from "
                f"{accuracy[0]:.0%} to {accuracy[-1]:.0%}"
            )
        left.set(xlabel="step", ylabel="features moved, %")
        left.set_title("The features of the same pictures")
        right.set(xlabel="step", ylabel="validation accuracy, %")
        right.set_title("The answers")
        for axes in (left, right):
            axes.xaxis.get_major_locator().set_params(integer=True)
        figure.legend(
            *left.get_legend_handles_labels(), loc="outside lower center", ncols=len(runs)
        )
    return describe(figure, f"Two charts over the steps of a training. {'; '.join(words)}.")


def learning_curves(curves: Mapping[str, Mapping[int, Sequence[float]]]) -> Figure:
    """Accuracy against the number of training pictures: a line through the means, a small dot for
    each draw.

    Args:
        curves: name → {number of training pictures: accuracies, from 0 to 1, one for each draw}.
    """
    words = []
    counts = sorted({count for points in curves.values() for count in points})
    with style():
        figure, (axes,) = new_figure(width=8, height=4.6)
        for number, (name, points) in enumerate(curves.items()):
            means = [100 * np.mean(points[count]) for count in sorted(points)]
            axes.plot(
                sorted(points), means, color=f"C{number}", marker=_MARKERS[number], label=name
            )
            for count, accuracies in points.items():
                axes.plot(
                    [count] * len(accuracies), 100 * np.array(accuracies), ".", color=f"C{number}",
                    markersize=5, alpha=0.5,
                )  # fmt: skip
            told = [f"{count} {mean:.1f} %" for count, mean in zip(sorted(points), means, strict=True)]  # fmt: skip
            words.append(f"{name}: {', '.join(told)}")
        axes.set(xscale="log", xlabel="training pictures", ylabel="accuracy, %")
        axes.set_xticks(counts, [f"{count:,}" for count in counts])
        axes.set_xticks([], minor=True)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=len(curves))  # fmt: skip
    return describe(
        figure,
        f"Accuracy against the number of training pictures, means over draws. {'; '.join(words)}.",
    )


def feature_space(points: Tensor, labels: Tensor, pictures: Tensor | None = None) -> Figure:
    """Pictures as points of a plane, in the colour of their class.

    Args:
        points: N×2.
        labels: N.
        pictures: M×3×H×W, uint8, M ≤ N: the first M points are shown as pictures, the others as
            dots.
    """
    points = points.float()
    distances = torch.cdist(points, points).fill_diagonal_(float("inf"))
    alike = (labels[distances.argmin(1)] == labels).float().mean().item()
    with style():
        figure, (axes,) = new_figure(width=8.5, height=6.4)
        for label, (name, marker) in enumerate(zip(CLASSES, "o^", strict=True)):
            of_class = points[labels == label]
            axes.scatter(
                of_class[:, 0], of_class[:, 1], s=26, marker=marker, color=CLASS_COLOURS[label],
                alpha=0.75, linewidths=0, label=f"{name}s",
            )  # fmt: skip
        for point, label, image in zip(points, labels, () if pictures is None else pictures, strict=False):  # fmt: skip
            small = F.interpolate(image[None].float() / 255, (40, 40), mode="area")[0]
            axes.add_artist(
                AnnotationBbox(
                    OffsetImage(small.permute(1, 2, 0).numpy(), zoom=0.8), tuple(point.tolist()), pad=0.12,
                    bboxprops={"edgecolor": CLASS_COLOURS[int(label)], "linewidth": 2},
                )
            )  # fmt: skip
        axes.set(xticks=[], yticks=[], xlabel="first direction", ylabel="second direction")
        axes.margins(0.07)
        figure.legend(*axes.get_legend_handles_labels(), loc="outside upper center", ncols=2)
    return describe(
        figure,
        f"{len(points)} pictures as points of a plane, cats and dogs in different colours. Of "
        f"{alike:.0%} of them the nearest neighbour in the plane is of their own class.",
    )


def _name_dots(axes: Axes, points: Mapping[str, tuple[float, float]]) -> None:
    """Write the names beside the dots: above, below, right or left, wherever they cover the
    least.
    """
    places = {"center bottom": (0, 7), "center top": (0, -7)}
    places |= {"left center": (8, 0), "right center": (-8, 0)}
    axes.figure.draw_without_rendering()  # only now it is known where in the figure each dot comes to lie
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
