"""A network as a picture, drawn from the network itself."""

from __future__ import annotations

from math import log2

from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from catdog_lib.inspect.shape_table import LayerUse
from catdog_lib.plots.style import GREY, counted, describe, style

_COLOURS = {
    "picture": "#BBBBBB",
    "convolution": "#56B4E9",
    "pooling": "#D55E00",
    "fully connected": "#009E73",
}
_KINDS = {"Conv2d": "convolution", "MaxPool2d": "pooling", "Linear": "fully connected"}


def architecture(uses: list[LayerUse], title: str = "") -> Figure:
    """Draw the convolutions, poolings and fully connected layers of a network as boxes, from its
    shape table.

    A box is as tall as its feature maps are, and the wider the more channels it has (both on a
    logarithmic scale).

    Args:
        uses: from :func:`catdog_lib.inspect.shape_table.shape_table`.
        title: stands above the picture.
    """
    boxes = [("picture", uses[0].shape_in)] + [
        (_KINDS[use.kind], use.shape_out) for use in uses if use.kind in _KINDS
    ]
    tallest = max(_height(shape) for _, shape in boxes)
    with style():
        figure = Figure(figsize=(10, 3.4))
        axes = figure.subplots()
        x = 0.0
        for kind, shape in boxes:
            width, height = _width(shape), _height(shape)
            _box(axes, x, width, height, _COLOURS[kind])
            place = f"{shape[1]}×{shape[2]}" if len(shape) == 3 else ""
            axes.text(
                x + width / 2,
                -tallest / 2 - 0.3,
                f"{shape[0]}\n{place}",
                ha="center",
                va="top",
                fontsize=7.5,
            )
            x += max(
                width + 0.07 * height + 0.3, 0.45 + 0.12 * len(place)
            )  # room for the box's depth, and its label
        for kind, colour in _COLOURS.items():
            axes.add_patch(Polygon([(0, 0)], facecolor=colour, edgecolor=GREY, label=kind))
        axes.legend(loc="upper center", ncols=len(_COLOURS), bbox_to_anchor=(0.5, -0.02))
        axes.set(xlim=(-0.5, x), ylim=(-tallest / 2 - 1.1, tallest / 2 * 1.4), aspect="equal")
        axes.axis("off")
        axes.set_title(title)
    layers = [
        counted([k for k, _ in boxes].count(kind), f"{kind} layer")
        for kind in _COLOURS
        if kind != "picture"
    ]
    return describe(
        figure,
        f"{title or 'The network'}: a row of boxes, from the picture of "
        f"{'×'.join(map(str, boxes[0][1]))} values on the left to the {boxes[-1][1][0]} logits on "
        f"the right, with {', '.join(layers)}. The boxes get lower and wider: less place, more "
        "channels.",
    )


def _height(shape: tuple[int, ...]) -> float:
    """Inches-like units; a fully connected layer is as tall as a column of its units would be,
    compressed.
    """
    return 0.5 * log2(shape[1]) + 0.25 if len(shape) == 3 else 0.25 * log2(shape[0]) + 0.2


def _width(shape: tuple[int, ...]) -> float:
    return 0.09 * log2(shape[0]) + 0.05 if len(shape) == 3 else 0.16


def _box(axes, x: float, width: float, height: float, colour: str) -> None:
    """A box seen a little from above and the right."""
    low, high, depth = -height / 2, height / 2, 0.16 * height
    faces = (
        ([(x, low), (x + width, low), (x + width, high), (x, high)], 1.0),
        (
            [
                (x, high),
                (x + width, high),
                (x + width + depth, high + depth),
                (x + depth, high + depth),
            ],
            0.55,
        ),
        (
            [
                (x + width, low),
                (x + width + depth, low + depth),
                (x + width + depth, high + depth),
                (x + width, high),
            ],
            0.75,
        ),
    )
    for corners, alpha in faces:
        axes.add_patch(Polygon(corners, facecolor="white", edgecolor="none"))
        axes.add_patch(
            Polygon(corners, facecolor=colour, edgecolor=GREY, linewidth=0.7, alpha=alpha)
        )
