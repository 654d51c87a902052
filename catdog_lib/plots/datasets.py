"""A whole data set at a glance: image sizes, templates of a linear model, accuracies, chance.

Lesson 00, section 2; Lesson 00, section 4; Lesson 00, section 6; Lesson 10, section 3.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.plots.primitives import draw_image, integer_ticks, symmetric_limits
from catdog_lib.plots.style import CLASS_COLOURS, WRONG, counted, describe, new_figure, style


def image_sizes(widths: Tensor, heights: Tensor, labels: Tensor) -> Figure:
    """Draw width and height of every photo, by class, and the number of photos in each class.

    Photos of one size share a dot, whose area grows with their number.

    Args:
        widths, heights: N each, in pixels.
        labels: N.
    """
    with style():
        figure, (cloud, bars) = new_figure(
            1, 2, width=8, height=3.6, gridspec_kw={"width_ratios": [2.2, 1]}
        )
        limit = 1.08 * max(widths.max().item(), heights.max().item())
        cloud.plot([0, limit], [0, limit], color="#999999", linewidth=1, linestyle="--")
        card = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        look = {"ha": "right", "va": "center", "color": "#666666", "fontsize": 9, "bbox": card}
        cloud.text(0.97 * limit, 0.97 * limit, "squares ", **look)
        for label, (name, marker) in enumerate(zip(CLASSES, "o^", strict=True)):
            sizes = torch.stack([widths, heights], 1)[labels == label]
            unique, counts = sizes.unique(dim=0, return_counts=True)
            look = {"color": CLASS_COLOURS[label], "marker": marker, "alpha": 0.5, "linewidths": 0}
            areas = 22 * counts.clamp(max=20)  # or a few common sizes would hide the rest
            cloud.scatter(*unique.T, s=areas, label=f"{name}s", **look)
        cloud.set(xlabel="width, pixels", ylabel="height, pixels", xlim=(0, limit), ylim=(0, limit))
        cloud.set_title("The larger the mark, the more photos")
        for handle in cloud.legend(loc="upper left").legend_handles:
            handle.set_sizes([40])
        counts = [int((labels == label).sum()) for label in range(len(CLASSES))]
        bars.bar([f"{name}s" for name in CLASSES], counts, color=CLASS_COLOURS, width=0.6)
        for x, count in enumerate(counts):
            bars.text(x, count, f"{count:,}", ha="center", va="bottom")
        bars.set_title("How many")
        bars.margins(y=0.12)
        bars.grid(axis="x", visible=False)
        integer_ticks(bars, "y")
    wide = int((widths > heights).sum())
    return describe(
        figure,
        f"{counted(len(labels), 'photo')}: {counted(counts[0], 'cat')}, "
        f"{counted(counts[1], 'dog')}. Widths run from {int(widths.min()):,} to "
        f"{int(widths.max()):,} pixels, heights from {int(heights.min()):,} to "
        f"{int(heights.max()):,}; {wide:,} {'is' if wide == 1 else 'are'} wider than high.",
    )


def multiple_comparisons(accuracies: Tensor, fresh: float, test_size: int) -> Figure:
    """Draw the accuracies of many coin flippers on the same images, and of the best on fresh ones.

    Args:
        accuracies: on the images that choose the best, N values in [0, 1].
        fresh: accuracy of the best of them on fresh images, in [0, 1].
        test_size: number of images that choose; a bar is as wide as one of them counts.
    """
    values, best = 100 * accuracies.numpy(), 100 * accuracies.max().item()
    with style():
        figure, (axes,) = new_figure(width=8, height=3.2)
        width = 100 / test_size
        edges = np.arange(values.min() - width / 2, values.max() + width, width)
        axes.hist(values, edges, color="#9aa5b1", edgecolor="white", linewidth=0.5)
        top = axes.get_ylim()[1]
        axes.set_ylim(0, 1.25 * top)
        axes.axvline(best, color=WRONG)
        axes.text(best, 0.6 * top, f"the luckiest: {best:.0f}%  ", color=WRONG, ha="right")
        axes.axvline(100 * fresh, color=CLASS_COLOURS[1])
        text = f"  the same one on fresh images: {100 * fresh:.1f}%"
        axes.text(100 * fresh, 1.1 * top, text, color=CLASS_COLOURS[1], ha="left")
        axes.set(
            xlabel=f"accuracy, % (bars: on the {test_size:,} images)",
            ylabel="coin flippers",
        )
        axes.margins(x=0.12)
        integer_ticks(axes, "y")
    return describe(
        figure,
        f"A histogram of the accuracy of {counted(len(values), 'coin flipper')} on the same "
        f"images: a bell around 50%. The luckiest has {best:.0f}%, and {100 * fresh:.1f}% on "
        "fresh images.",
    )


def templates(weights: Tensor) -> Figure:
    """Draw the weights of a linear model as one image for each class, with grey for 0.

    Args:
        weights: 2×3×H×W; where a template is bright, bright pixels speak for the class.
    """
    with style():
        figure, all_axes = new_figure(1, 2, width=5.6, height=3)
        largest = symmetric_limits(weights)["vmax"]
        for axes, values, name, colour in zip(
            all_axes, weights, CLASSES, CLASS_COLOURS, strict=True
        ):
            draw_image(axes, 0.5 + values / (2 * largest))
            axes.set_title(f"weights for {name}", color=colour)
    return describe(
        figure,
        "The weights of a linear model, drawn as two images, one for each class. Grey means a "
        "weight of 0. Where one is light, the other is dark.",
    )


def accuracies(results: Mapping[str, tuple[float, float, float]]) -> Figure:
    """Draw accuracies side by side, with their confidence intervals.

    Args:
        results: name → (accuracy, lower and upper end of its interval), all in [0, 1].
    """
    names = list(results)
    with style():
        figure, (axes,) = new_figure(width=8, height=0.7 + 0.45 * len(names))
        for y, (value, low, high) in enumerate(results.values()):
            interval = [100 * low, 100 * high]
            axes.plot(interval, [y, y], color=CLASS_COLOURS[1], linewidth=3, alpha=0.45)
            axes.plot(100 * value, y, "o", color=CLASS_COLOURS[1], markersize=7)
            axes.text(100 * high, y, f"  {value:.1%}", va="center")
        axes.axvline(50, color="#999999", linewidth=1, linestyle="--")
        axes.set_yticks(range(len(names)), names)
        left = min(38, *(100 * low - 2 for _, low, _ in results.values()))
        axes.set(xlabel="accuracy, % (line: 95% interval; dashed: guessing)", xlim=(left, 106))
        axes.set_ylim(len(names) - 0.5, -0.5)
        axes.grid(axis="y", visible=False)
    values = "; ".join(
        f"{name}: {value:.1%}, from {low:.1%} to {high:.1%}"
        for name, (value, low, high) in results.items()
    )
    return describe(figure, f"Accuracies with their 95% intervals. {values}.")
