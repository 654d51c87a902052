"""Images in a grid, with what they are and what a network made of them.

Lesson 00, section 2; Lesson 01, section 3; Lesson 02, section 2; Lesson 03, section 1.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.plots.primitives import draw_image, draw_map, shape_text, small_multiples, turn_off
from catdog_lib.plots.style import CLASS_COLOURS, WRONG, counted, describe, style

_PAGE = 8  # inches


def image_grid(images: Tensor, labels: Tensor, columns: int = 8) -> Figure:
    """Draw images (N×3×H×W) side by side, each under its class."""
    side = _PAGE / columns
    with style():
        figure, all_axes = small_multiples(len(images), columns, side, side + 0.22)
        for axes, image, label in zip(all_axes, images, labels.tolist(), strict=False):
            draw_image(axes, image)
            axes.set_title(CLASSES[label], color=CLASS_COLOURS[label], loc="center", fontsize=10)
    counts = " and ".join(counted(int((labels == i).sum()), name) for i, name in enumerate(CLASSES))
    return describe(
        figure,
        f"A grid of {counted(len(images), 'image')}: {counts}, each with its class above it.",
    )


def captioned_images(images: Sequence[Tensor], captions: Sequence[str], columns: int = 6) -> Figure:
    """Draw images (3×H×W each, of any sizes), each with a few words below it."""
    side = _PAGE / columns
    lines = max(caption.count("\n") for caption in captions) + 1
    with style():
        figure, all_axes = small_multiples(len(images), columns, side, side + 0.1 + 0.16 * lines)
        for axes, image, caption in zip(all_axes, images, captions, strict=False):
            draw_image(axes, image)
            axes.spines[:].set(
                visible=True, color="#999999", linewidth=0.6
            )  # a white one shows, too
            axes.set_xlabel(caption, fontsize=8.5)
    words = "; ".join(" ".join(caption.split()) for caption in captions)
    return describe(figure, f"A grid of {counted(len(images), 'image')}: {words}.")


def gallery(rows: Mapping[str, Tensor]) -> Figure:
    """Draw rows of images, such as variants of one image, each row with its name.

    Args:
        rows: name, such as what was done → images, N×3×H×W, uint8 or float in [0, 1].
    """
    columns = max(len(images) for images in rows.values())
    with style():
        figure = Figure(figsize=(_PAGE, 6.4 / columns * len(rows)))
        all_axes = figure.subplots(len(rows), columns, squeeze=False)
        turn_off(all_axes.flat)
        for row, (name, images) in zip(all_axes, rows.items(), strict=True):
            for axes, image in zip(row, images, strict=False):
                axes.axis("on")
                draw_image(axes, image)
            look = {"ha": "right", "va": "center", "fontsize": 9.5, "labelpad": 6}
            row[0].set_ylabel(textwrap.fill(name, 16), rotation=0, **look)
    return describe(figure, f"A row of {columns} images for each of: {', '.join(rows)}.")


def most_wrong(
    images: Tensor, labels: Tensor, logits: Tensor, names: Sequence[str], columns: int = 6
) -> Figure:
    """Draw the images that a network got wrong, with the probability it gave to its answer.

    Args:
        images: N×3×H×W, in the order of :func:`catdog_lib.training.metrics.most_wrong`.
        labels: N.
        logits: N×2.
        names: of the N files.
        columns: the most images in a row.
    """
    side = _PAGE / columns
    captions = [_in_two_lines(name.rsplit("/", 1)[-1], round(14 * side)) for name in names]
    height = side + 0.52 + 0.13 * any("\n" in caption for caption in captions)
    probabilities = logits.softmax(1)
    answers = logits.argmax(1).tolist()
    with style():
        figure, all_axes = small_multiples(len(images), columns, side, height)
        for i, axes in zip(range(len(images)), all_axes, strict=False):
            draw_image(axes, images[i])
            says = f"says {CLASSES[answers[i]]}, {probabilities[i, answers[i]]:.0%}"
            look = {"color": WRONG, "loc": "center", "fontsize": 9, "fontweight": "normal"}
            axes.set_title(f"{says}\nis a {CLASSES[labels[i]]}", **look)
            axes.set_xlabel(captions[i], fontsize=7.5, color="#555555")
    largest = probabilities[range(len(answers)), answers].max().item() if answers else 0
    return describe(
        figure,
        f"The {counted(len(images), 'wrong answer')} of which the network was most certain, each "
        "image with the network's answer, its probability, and the true class; the most certain "
        f"gave {largest:.0%} to the wrong class.",
    )


def _in_two_lines(name: str, width: int) -> str:
    """Return a name in at most two lines of so many characters, without its middle if need be."""
    if len(name) <= width:
        return name
    if len(name) > 2 * width:
        name = f"{name[: width - 1]}…{name[-width:]}"
    half = (len(name) + 1) // 2
    return f"{name[:half]}\n{name[half:]}"


def forward_pass(image: Tensor, steps: Sequence[tuple[str, Tensor]], maps: int = 6) -> Figure:
    """Draw an image's way through a network: a row for each step, with its first feature maps.

    Args:
        image: 3×H×W, uint8.
        steps: name and feature maps (C×H×W) of each step, in order.
        maps: how many of the C to show.
    """
    with style():
        figure = Figure(figsize=(_PAGE, 1.3 * (len(steps) + 1)))
        rows = figure.subplots(len(steps) + 1, maps, squeeze=False)
        turn_off(rows.flat)
        draw_image(rows[0, 0], image)
        text = f"the image\n{shape_text(image.shape)}"
        rows[0, 1].text(0, 0.5, text, va="center", transform=rows[0, 1].transAxes)
        for row, (name, feature_maps) in zip(rows[1:], steps, strict=True):
            for axes, one in zip(row, feature_maps.float(), strict=False):
                draw_map(axes, one)
            row[0].set_title(f"{name}   {shape_text(feature_maps.shape)}", fontsize=10)
    names = ", ".join(f"{name} ({shape_text(one.shape)})" for name, one in steps)
    return describe(
        figure,
        f"One image on its way through the network. Each row shows the first {maps} feature maps "
        f"after a step, bright for large values: {names}. The maps get smaller and coarser from "
        "row to row.",
    )
