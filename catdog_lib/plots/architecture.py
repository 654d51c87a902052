"""A network as a row of boxes, drawn from its shape table.

Lesson 03, section 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import log2

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from catdog_lib.inspect.shape_table import LayerUse
from catdog_lib.plots.primitives import shape_text
from catdog_lib.plots.style import GREY, counted, describe, style

_COLOURS = {
    "image": "#BBBBBB",
    "convolution": "#56B4E9",
    "pooling": "#D55E00",
    "fully connected": "#009E73",
}
_HATCH = "////"
_KINDS = {"Conv2d": "convolution", "MaxPool2d": "pooling", "Linear": "fully connected"}


def architecture(uses: list[LayerUse], title: str = "") -> Figure:
    """Draw the convolutions, poolings and fully connected layers of a network as boxes.

    A box is as tall as its feature maps are, and the wider the more channels it has (both on a
    logarithmic scale). A layer that is used again, with the same weights, is hatched.

    Args:
        uses: from :func:`catdog_lib.inspect.shape_table.shape_table`.
        title: is shown above the boxes.
    """
    boxes = [("image", uses[0].shape_in, False)] + [
        (_KINDS[use.kind], use.shape_out, _is_again(use, uses[:i]))
        for i, use in enumerate(uses)
        if use.kind in _KINDS
    ]
    tallest = max(_height(shape) for _, shape, _ in boxes)
    again = sum(tied for *_, tied in boxes)
    with style():
        figure = Figure(figsize=(10, 4.2))
        axes = figure.subplots()
        x = 0.0
        for kind, shape, tied in boxes:
            width, height = _width(shape), _height(shape)
            _draw_box(axes, x, width, height, _COLOURS[kind], _HATCH if tied else "")
            sides = shape[1:]
            size = f"{sides[0]}²" if len({*sides}) == 1 else shape_text(sides)
            look = {"ha": "center", "va": "top", "fontsize": 9.5}
            axes.text(x + width / 2, -tallest / 2 - 0.3, f"{shape[0]}\n{size}", **look)
            # Room for the box's depth, and its label.
            x += max(width + 0.07 * height + 0.3, 0.45 + 0.12 * len(size))
        for kind, colour in _COLOURS.items():
            axes.add_patch(Polygon([(0, 0)], facecolor=colour, edgecolor=GREY, label=kind))
        if again:
            look = {"facecolor": "white", "edgecolor": GREY, "hatch": _HATCH}
            axes.add_patch(Polygon([(0, 0)], **look, label="same weights as before"))
        axes.legend(loc="upper center", ncols=len(_COLOURS) + 1, bbox_to_anchor=(0.5, -0.02))
        axes.set(xlim=(-0.5, x), ylim=(-tallest / 2 - 1.1, tallest / 2 * 1.4), aspect="equal")
        axes.axis("off")
        axes.set_title(title)
    layers = [
        counted([k for k, *_ in boxes].count(kind), f"{kind} layer") for kind in _KINDS.values()
    ]
    return describe(
        figure,
        f"{title or 'The network'}: a row of boxes, from the image of {shape_text(boxes[0][1])} "
        f"values on the left to the {boxes[-1][1][0]} logits on the right, with "
        f"{', '.join(layers)}{f', of which {again} use weights again' if again else ''}. "
        "The boxes get lower and wider: smaller maps, more channels.",
    )


def _is_again(use: LayerUse, earlier: Sequence[LayerUse]) -> bool:
    """Return whether the layer has weights that it was used with before."""
    return use.kind in ("Conv2d", "Linear") and use.name in [other.name for other in earlier]


def _height(shape: tuple[int, ...]) -> float:
    """Return a box's height in the units of the figure, logarithmic in the map's height."""
    return 0.5 * log2(shape[1]) + 0.25 if len(shape) == 3 else 0.25 * log2(shape[0]) + 0.2


def _width(shape: tuple[int, ...]) -> float:
    """Return a box's width in the units of the figure, logarithmic in the channels."""
    return 0.09 * log2(shape[0]) + 0.05 if len(shape) == 3 else 0.16


def _draw_box(axes: Axes, x: float, width: float, height: float, colour: str, hatch: str) -> None:
    """Draw a box seen a little from above and the right."""
    low, high, depth = -height / 2, height / 2, 0.16 * height
    right = x + width
    front = [(x, low), (right, low), (right, high), (x, high)]
    top = [(x, high), (right, high), (right + depth, high + depth), (x + depth, high + depth)]
    side = [
        (right, low),
        (right + depth, low + depth),
        (right + depth, high + depth),
        (right, high),
    ]
    for corners, alpha in ((front, 1.0), (top, 0.55), (side, 0.75)):
        axes.add_patch(Polygon(corners, facecolor="white", edgecolor="none"))
        look = {"facecolor": colour, "edgecolor": GREY, "linewidth": 0.7}
        axes.add_patch(Polygon(corners, alpha=alpha, hatch=hatch, **look))
