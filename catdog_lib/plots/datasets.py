"""A whole set at a glance: how large its photos are, what a model of single pixels learned, who is
how good.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.plots.style import CLASS_COLOURS, WRONG, counted, describe, new_figure, style


def sizes(widths: Tensor, heights: Tensor, labels: Tensor) -> Figure:
    """Width and height of every photo (N each, in pixels), by class, and how many there are of each
    class.
    """
    with style():
        figure, (cloud, bars) = new_figure(
            1, 2, width=8, height=3.6, gridspec_kw={"width_ratios": [2.2, 1]}
        )
        most = 1.08 * max(widths.max().item(), heights.max().item())
        cloud.plot([0, most], [0, most], color="#999999", linewidth=1, linestyle="--")
        cloud.text(
            0.97 * most, 0.97 * most, "squares ", ha="right", va="center", color="#666666", fontsize=9,
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )  # fmt: skip
        for label, (name, marker) in enumerate(zip(CLASSES, "o^", strict=True)):
            of_class = labels == label
            cloud.scatter(
                widths[of_class], heights[of_class], s=22, alpha=0.5, marker=marker, linewidths=0,
                color=CLASS_COLOURS[label], label=f"{name}s",
            )  # fmt: skip
        cloud.set(xlabel="width, pixels", ylabel="height, pixels", xlim=(0, most), ylim=(0, most))
        cloud.set_title("Every photo a point")
        cloud.legend(loc="upper left")
        counts = [int((labels == label).sum()) for label in range(len(CLASSES))]
        bars.bar([f"{name}s" for name in CLASSES], counts, color=CLASS_COLOURS, width=0.6)
        for x, count in enumerate(counts):
            bars.text(x, count, f"{count:,}", ha="center", va="bottom")
        bars.set_title("How many")
        bars.margins(y=0.12)
        bars.grid(axis="x", visible=False)
    wide = int((widths > heights).sum())
    return describe(
        figure,
        f"{counted(len(labels), 'photo')}: {counted(counts[0], 'cat')}, "
        f"{counted(counts[1], 'dog')}. Widths run from {int(widths.min()):,} to "
        f"{int(widths.max()):,} pixels, heights from {int(heights.min()):,} to "
        f"{int(heights.max()):,}; {wide:,} are wider than high.",
    )


def multiple_comparisons(accuracies: Tensor, fresh: float, pictures: int) -> Figure:
    """Accuracies of many coin-flippers on one test set (N, in [0, 1]), and of the best of them on a
    fresh one.

    Args:
        pictures: how many the test set has; the bars are as wide as one of them.
    """
    values, best = 100 * accuracies.numpy(), 100 * accuracies.max().item()
    with style():
        figure, (axes,) = new_figure(width=8, height=3.2)
        width = 100 / pictures
        edges = np.arange(values.min() - width / 2, values.max() + width, width)
        axes.hist(values, edges, color="#9aa5b1", edgecolor="white", linewidth=0.5)
        top = axes.get_ylim()[1]
        axes.set_ylim(0, 1.25 * top)
        for x, y, text, side, colour in (
            (best, 0.6, f"the luckiest: {best:.0f} %  ", "right", WRONG),
            (
                100 * fresh,
                1.1,
                f"  the same one on fresh pictures: {100 * fresh:.1f} %",
                "left",
                CLASS_COLOURS[1],
            ),
        ):
            axes.axvline(x, color=colour)
            axes.text(x, y * top, text, color=colour, ha=side)
        axes.set(xlabel="accuracy on the test set, %", ylabel="coin-flippers")
        axes.margins(x=0.12)
    return describe(
        figure,
        f"A histogram of the accuracy of {counted(len(values), 'coin-flipper')} on one test set: a "
        f"bell around 50 %. The luckiest has {best:.0f} %, and {100 * fresh:.1f} % on fresh "
        "pictures.",
    )


def templates(weights: Tensor) -> Figure:
    """The weights (2×3×H×W) of a linear model, one picture a class: grey is 0, bright colours say
    yes to it.
    """
    with style():
        figure, all_axes = new_figure(1, 2, width=5.6, height=3)
        most = weights.abs().max()
        for axes, values, name, colour in zip(
            all_axes, weights, CLASSES, CLASS_COLOURS, strict=True
        ):
            axes.imshow((0.5 + values / (2 * most)).permute(1, 2, 0).numpy())
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
            axes.set_title(f"weights for {name}", color=colour)
    return describe(
        figure,
        "The weights of a linear model, drawn as two pictures, one for each class. Grey is no "
        "weight. Where one is light the other is dark.",
    )


def accuracies(results: Mapping[str, tuple[float, float, float]]) -> Figure:
    """Accuracies side by side: name → (accuracy, and the lower and upper end of its interval), all
    in [0, 1].
    """
    names = list(results)
    with style():
        figure, (axes,) = new_figure(width=8, height=0.7 + 0.45 * len(names))
        for y, (value, low, high) in enumerate(results.values()):
            axes.plot(
                [100 * low, 100 * high], [y, y], color=CLASS_COLOURS[1], linewidth=3, alpha=0.45
            )
            axes.plot(100 * value, y, "o", color=CLASS_COLOURS[1], markersize=7)
            axes.text(100 * high, y, f"  {value:.1%}", va="center")
        axes.axvline(50, color="#999999", linewidth=1, linestyle="--")
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="accuracy, % (line: 95 % interval; dashed: guessing)", xlim=(38, 106))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
    return describe(
        figure,
        "Accuracies with their 95 % intervals. "
        + "; ".join(
            f"{name}: {v:.1%}, from {low:.1%} to {high:.1%}"
            for name, (v, low, high) in results.items()
        )
        + ".",
    )
