"""Pictures in a grid, with what they are and what a network made of them."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from math import ceil

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.plots.style import CLASS_COLOURS, WRONG, counted, describe, new_figure, style


def picture(axes: Axes, image: Tensor) -> None:
    """Draw one picture (3×H×W, uint8 or float in [0, 1]) without ticks."""
    axes.imshow(np.asarray(image.permute(1, 2, 0)))
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)


def grid(images: Tensor, labels: Tensor, columns: int = 8) -> Figure:
    """Pictures (N×3×H×W) side by side, each under its class."""
    with style():
        figure, all_axes = _grid(len(images), columns, title_height=0.22)
        for axes, image, label in zip(all_axes, images, labels.tolist(), strict=False):
            picture(axes, image)
            axes.set_title(CLASSES[label], color=CLASS_COLOURS[label], loc="center", fontsize=10)
    counts = " and ".join(counted(int((labels == i).sum()), name) for i, name in enumerate(CLASSES))
    return describe(
        figure,
        f"A grid of {counted(len(images), 'picture')}: {counts}, each with its class above it.",
    )


def captioned(images: Sequence[Tensor], captions: Sequence[str], columns: int = 6) -> Figure:
    """Pictures (3×H×W each, of any sizes) with a few words under each."""
    lines = max(caption.count("\n") for caption in captions) + 1
    with style():
        figure, all_axes = _grid(len(images), columns, title_height=0.1 + 0.16 * lines)
        for axes, image, caption in zip(all_axes, images, captions, strict=False):
            picture(axes, image)
            axes.set_xlabel(caption, fontsize=8.5)
    return describe(
        figure,
        f"A grid of {counted(len(images), 'picture')}: "
        + "; ".join(" ".join(c.split()) for c in captions)
        + ".",
    )


def gallery(rows: Mapping[str, Tensor]) -> Figure:
    """Rows of variants of pictures: what was done → what came of it (N×3×H×W, uint8 or float in [0,
    1]).
    """
    columns = max(len(images) for images in rows.values())
    with style():
        figure = Figure(figsize=(8, 6.4 / columns * len(rows)))
        all_axes = figure.subplots(len(rows), columns, squeeze=False)
        for axes in all_axes.flat:
            axes.axis("off")
        for line, (name, images) in zip(all_axes, rows.items(), strict=True):
            for axes, image in zip(line, images, strict=False):
                axes.axis("on")
                picture(axes, image)
            line[0].set_ylabel(
                textwrap.fill(name, 16),
                rotation=0,
                ha="right",
                va="center",
                fontsize=9.5,
                labelpad=6,
            )
    return describe(
        figure,
        f"A row of {columns} variants of one picture for each of: " + ", ".join(rows) + ".",
    )


def most_wrong(
    images: Tensor, labels: Tensor, logits: Tensor, names: Sequence[str], columns: int = 6
) -> Figure:
    """The pictures (N×3×H×W) that a network got wrong, with the probability it gave to its answer.

    Pass them in the order of :func:`catdog_lib.training.metrics.most_wrong`.
    """
    probabilities = logits.softmax(1)
    answers = logits.argmax(1).tolist()
    with style():
        figure, all_axes = _grid(len(images), columns, title_height=0.52)
        for i, axes in zip(range(len(images)), all_axes, strict=False):
            picture(axes, images[i])
            says = f"says {CLASSES[answers[i]]}, {probabilities[i, answers[i]]:.0%}"
            axes.set_title(
                f"{says}\nis a {CLASSES[labels[i]]}",
                color=WRONG,
                loc="center",
                fontsize=9,
                fontweight="normal",
            )
            axes.set_xlabel(names[i].rsplit("/", 1)[-1], fontsize=7.5, color="#555555")
    sure = probabilities[range(len(answers)), answers].max().item() if answers else 0
    return describe(
        figure,
        f"The {len(images)} wrong answers that the network was surest of, each picture with the "
        f"network's answer, its probability, and the true class; the surest gave {sure:.0%} to the "
        "wrong class.",
    )


def forward_pass(image: Tensor, steps: Sequence[tuple[str, Tensor]], maps: int = 6) -> Figure:
    """A picture on its way through a network: one row a step, the first ``maps`` feature maps of
    each.

    Args:
        image: 3×H×W, uint8.
        steps: name and feature maps (C×H×W) of each step, in order.
        maps: how many of the C to show.
    """
    with style():
        figure = Figure(figsize=(8, 1.3 * (len(steps) + 1)))
        rows = figure.subplots(len(steps) + 1, maps, squeeze=False)
        for axes in rows.flat:
            axes.axis("off")
        picture(rows[0, 0], image)
        rows[0, 1].text(
            0, 0.5, f"the picture\n{_shape(image)}", va="center", transform=rows[0, 1].transAxes
        )
        for row, (name, values) in zip(rows[1:], steps, strict=True):
            for axes, values_of_map in zip(row, values.float(), strict=False):
                axes.imshow(values_of_map.numpy())
            row[0].set_title(f"{name}   {_shape(values)}", fontsize=10)
    names = ", ".join(f"{name} ({_shape(values)})" for name, values in steps)
    return describe(
        figure,
        f"One picture on its way through the network. Each row shows the first {maps} feature maps "
        f"after a step, bright for large values: {names}. The maps get smaller and coarser from "
        "row to row.",
    )


def _shape(values: Tensor) -> str:
    return "×".join(str(n) for n in values.shape)


def _grid(count: int, columns: int, title_height: float) -> tuple[Figure, list[Axes]]:
    """Axes for ``count`` pictures, ``columns`` of which fill the width of the page."""
    side = 8 / columns
    columns = min(columns, max(count, 1))
    rows = max(1, ceil(count / columns))
    figure, all_axes = new_figure(
        rows, columns, width=columns * side, height=rows * (side + title_height)
    )
    for axes in all_axes[count:]:
        axes.axis("off")
    return figure, all_axes
