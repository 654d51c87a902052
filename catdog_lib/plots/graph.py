"""A computational graph: what was computed from what, and how the gradient comes back."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from catdog_lib.inspect.autograd_graph import Graph, Node
from catdog_lib.plots.graph_layout import Layout, arrange
from catdog_lib.plots.style import GREY, counted, describe, style

GRADIENT = "#D55E00"
_FILL = {"operation": "#F2F2F2", "parameter": "#BFE7DA", "input": "#C6E6F8"}
_FRAME = {"operation": GREY, "parameter": "#009E73", "input": "#3A8FC2"}
# In inches: width and height of an operation's box and of a parameter's; the gaps below and beside
# a box, between two parameters, and between a value's arrow and its gradient's.
_WIDE, _HIGH, _PARAMETER, _LOW = 1.7, 0.46, 1.5, 0.39
_DOWN, _ALONG, _LANE, _STACK, _APART = 0.33, 0.7, 0.75, 0.09, 0.09

Point = tuple[float, float]


def graph(traced: Graph, title: str = "") -> Figure:
    """Draw a computational graph from top to bottom, the loss at the foot, for networks of up to
    about 15 operations.

    Grey arrows lead from a value to the operation that takes it. Beside each, the gradient comes
    back in orange, with its norm: the root of the sum of squares. Parameters stand left of the
    operation that uses them; one that was used before stands there again in a dashed frame: its
    gradients add up.

    Args:
        traced: from :func:`catdog_lib.inspect.autograd_graph.trace`.
        title: stands above the picture.
    """
    layout = arrange(traced)
    lanes, centres, width, height = _places(layout)
    with style():
        figure = Figure(figsize=(width, height), layout="none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(-height, 0))
        axes.axis("off")
        axes.text(0.15, -0.22, title, fontsize=11.5, fontweight="bold", va="center")
        _legend(axes)
        for n, centre in centres.items():
            _box(axes, traced.nodes[n], centre, _WIDE, _HIGH)
        for e, edge in enumerate(traced.edges):
            if edge.source in centres:
                _pair(
                    axes, _way(e, edge.source, edge.target, layout, lanes, centres), edge.gradient
                )
        _parameters(axes, traced, layout, centres)
        x, y = centres[layout.trunk[-1]]
        _arrow(axes, [(x, y - _HIGH / 2 - 0.28), (x, y - _HIGH / 2)], GRADIENT)
        _text(axes, (x + 0.08, y - _HIGH / 2 - 0.18), "∂L/∂L = 1", ha="left", color=GRADIENT)
    return describe(figure, _words(traced, layout, title))


def _places(layout: Layout) -> tuple[dict[int, float], dict[int, Point], float, float]:
    """The x of each column, the centre of each operation's box, and the figure's width and
    height.
    """
    x: dict[int, float] = {}
    right = 0.2
    for c in range(1 + max([0, *layout.column.values(), *layout.lane.values()])):
        inside = [n for n, column in layout.column.items() if column == c]
        left = right + (_LANE if c else 0)
        left += (_PARAMETER + _ALONG) * any(layout.beside[n] for n in inside)
        right = left + (_WIDE if inside else 0)
        x[c] = (left + right) / 2
    tall = dict.fromkeys(sorted(layout.row.values()), _HIGH)
    for n, row in layout.row.items():
        tall[row] = max(tall[row], (_LOW + _STACK) * len(layout.beside[n]) - _STACK)
    y = {0: -0.75 - tall[0] / 2}
    for row in range(1, len(tall)):
        y[row] = y[row - 1] - max(_HIGH + _DOWN, (tall[row - 1] + tall[row]) / 2 + 2 * _STACK)
    centres = {n: (x[layout.column[n]], y[row]) for n, row in layout.row.items()}
    return x, centres, max(right + _LANE, 5.9), -y[len(tall) - 1] + tall[len(tall) - 1] / 2 + 0.4


def _way(
    e: int, source: int, target: int, layout: Layout, lanes: dict, centres: dict
) -> list[Point]:
    """The corners of an edge: straight down, or out to its lane, along it, and in again."""
    (x0, y0), (x1, y1) = centres[source], centres[target]
    if e not in layout.lane:
        return [(x0, y0 - _HIGH / 2), (x1, y1 + _HIGH / 2)]
    lane, c = lanes[layout.lane[e]], layout.lane[e]
    # Out in the lower half and in in the upper half of a box's side, so that one box can do both.
    out = [(x0, y0 - _HIGH / 2)]
    if layout.column[source] != c:
        out = [(x0 + np.copysign(_WIDE / 2, lane - x0), y0 - 0.12), (lane, y0 - 0.12)]
    into = [(x1, y1 + _HIGH / 2)]
    if layout.column[target] != c:
        into = [(lane, y1 + 0.12), (x1 + np.copysign(_WIDE / 2, lane - x1), y1 + 0.12)]
    return out + into


def _parameters(axes: Axes, traced: Graph, layout: Layout, centres: dict) -> None:
    drawn: set[int] = set()
    for n, edges in layout.beside.items():
        x, y = centres[n]
        right = x - _WIDE / 2
        left = right - _ALONG
        for i, e in enumerate(edges):
            source = traced.edges[e].source
            middle = y + (_LOW + _STACK) * ((len(edges) - 1) / 2 - i)
            end = y + max(-0.12, min(0.12, middle - y))  # on the box's side
            centre = (left - _PARAMETER / 2, middle)
            _box(axes, traced.nodes[source], centre, _PARAMETER, _LOW, again=source in drawn)
            _pair(axes, [(left, middle), (right, end)], traced.edges[e].gradient)
            drawn.add(source)


def _box(
    axes: Axes, node: Node, centre: Point, wide: float, high: float, again: bool = False
) -> None:
    x, y = centre
    pad = 0.04
    axes.add_patch(
        FancyBboxPatch(
            (x - wide / 2 + pad, y - high / 2 + pad),
            wide - 2 * pad,
            high - 2 * pad,
            boxstyle=f"round,pad={pad}",
            facecolor=_FILL[node.kind],
            edgecolor=_FRAME[node.kind],
            linestyle="--" if again else "-",
            linewidth=1,
        )
    )
    size = min(9.5, 72 * (wide - 0.1) / (0.7 * len(node.name)))  # long names in smaller letters
    _text(axes, (x, y + 0.085), node.name, size=size, fontweight="bold")
    _text(axes, (x, y - 0.09), _shape(node.shape) + (", again" if again else ""), size=8.5)


def _pair(axes: Axes, points: list[Point], gradient: float) -> None:
    """The value's arrow along the points, the gradient's beside it and back, and its norm."""
    _arrow(axes, _shifted(points, -_APART / 2), GREY)
    back = _shifted(points, _APART / 2)
    _arrow(axes, back[::-1], GRADIENT)
    (x0, y0), (x1, y1) = max(pairwise(back), key=lambda ends: abs(ends[0][1] - ends[1][1]))
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    if abs(x1 - x0) > abs(y1 - y0):
        _text(axes, (middle[0], middle[1] + 0.09), _number(gradient), color=GRADIENT)
    else:
        _text(axes, (middle[0] + 0.07, middle[1]), _number(gradient), ha="left", color=GRADIENT)


def _shifted(points: list[Point], by: float) -> list[Point]:
    """The same line, moved to the left of the way it goes."""
    steps = np.diff(np.array(points), axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    normals = np.stack([-steps[:, 1], steps[:, 0]], axis=1)
    # At a right-angled corner both sides move.
    moves = [normals[0], *(a + b for a, b in pairwise(normals)), normals[-1]]
    return [(x + by * dx, y + by * dy) for (x, y), (dx, dy) in zip(points, moves, strict=True)]


def _arrow(axes: Axes, points: list[Point], colour: str) -> None:
    xs, ys = zip(*points, strict=True)
    axes.plot(xs[:-1], ys[:-1], color=colour, linewidth=1.2)
    look = {"arrowstyle": "-|>", "color": colour, "lw": 1.2, "mutation_scale": 9}
    axes.annotate("", points[-1], points[-2], arrowprops=look | {"shrinkA": 0, "shrinkB": 0})


def _legend(axes: Axes) -> None:
    _arrow(axes, [(0.2, -0.5), (0.5, -0.5)], GREY)
    _text(axes, (0.57, -0.5), "a value, with its shape", ha="left", size=8.5)
    _arrow(axes, [(2.5, -0.5), (2.2, -0.5)], GRADIENT)
    words = "its gradient on the way back, with its norm"
    _text(axes, (2.57, -0.5), words, ha="left", size=8.5, color=GRADIENT)


def _text(
    axes: Axes, place: Point, words: str, ha: str = "center", size: float = 8, **look: str
) -> None:
    axes.text(*place, words, ha=ha, va="center", fontsize=size, **look)


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "one number"


def _number(value: float) -> str:
    return f"{value:.0f}" if 100 <= value < 1e5 else f"{value:.2g}"


def _words(traced: Graph, layout: Layout, title: str) -> str:
    nodes = traced.nodes
    trunk = [nodes[n] for n in layout.trunk]
    steps = set(pairwise(layout.trunk))
    others = [
        f"{nodes[edge.source].name} to {nodes[edge.target].name}"
        for e, edge in enumerate(traced.edges)
        if edge.source in layout.row
        and (e in layout.lane or (edge.source, edge.target) not in steps)
    ]
    parameters = counted(sum(node.kind == "parameter" for node in nodes), "parameter")
    return (
        f"{title or 'A computational graph'}: boxes from top to bottom, "
        f"{', '.join(f'{node.name} ({_shape(node.shape)})' for node in trunk)}; "
        f"{parameters} beside the operations that use them. "
        + (f"At the right of this path: {', '.join(others)}. " if others else "")
        + "Grey arrows lead down to the loss; orange arrows bring the gradient back, with its norm: "
        f"{_number(trunk[-1].gradient)} at the loss, {_number(trunk[0].gradient)} at "
        f"{trunk[0].name}."
    )
