"""A computational graph: what was computed from what, and the gradients of the backward pass.

Lesson 04, section 1.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from catdog_lib.inspect.autograd_graph import Graph, Node
from catdog_lib.plots.graph_layout import (
    BOX_HEIGHT,
    BOX_WIDTH,
    GAP_BESIDE,
    GAP_STACKED,
    PARAMETER_HEIGHT,
    PARAMETER_WIDTH,
    Layout,
    Point,
    arrange,
    place_boxes,
    route,
)
from catdog_lib.plots.primitives import number_text, shape_text
from catdog_lib.plots.style import GREY, counted, describe, style

GRADIENT = "#D55E00"
GAP_ARROWS = 0.09  # between a value's arrow and its gradient's, in inches
_FILL = {"operation": "#F2F2F2", "parameter": "#BFE7DA", "input": "#C6E6F8"}
_FRAME = {"operation": GREY, "parameter": "#009E73", "input": "#3A8FC2"}


def graph(traced: Graph, title: str = "") -> Figure:
    """Draw a computational graph of up to about 15 operations, with the loss at the foot.

    Grey arrows lead from a value to the operation that takes it. Beside each, the gradient comes
    back in orange, with its length, the root of the sum of squares; a scalar's gradient has its
    sign. Scalars that were given a name show their value. Parameters stand left of the
    operation that uses them; one that was used before stands there again in a dashed frame: its
    gradients add up.

    Args:
        traced: from :func:`catdog_lib.inspect.autograd_graph.trace`.
        title: is shown above the graph.
    """
    layout = arrange(traced)
    lanes, centres, width, height = place_boxes(layout)
    with style():
        figure = Figure(figsize=(width, height), layout="none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set(xlim=(0, width), ylim=(-height, 0))
        axes.axis("off")
        axes.text(0.15, -0.22, title, fontsize=11.5, fontweight="bold", va="center")
        _draw_legend(axes)
        for n, centre in centres.items():
            _draw_box(axes, traced.nodes[n], centre, BOX_WIDTH, BOX_HEIGHT)
        for e, edge in enumerate(traced.edges):
            if edge.source in centres:
                points = route(e, edge.source, edge.target, layout, lanes, centres)
                _draw_edge(axes, points, edge.gradient)
        _draw_parameters(axes, traced, layout, centres)
        x, y = centres[layout.trunk[-1]]
        _draw_arrow(axes, [(x, y - BOX_HEIGHT / 2 - 0.28), (x, y - BOX_HEIGHT / 2)], GRADIENT)
        _write(axes, (x + 0.08, y - BOX_HEIGHT / 2 - 0.18), "∂L/∂L = 1", ha="left", color=GRADIENT)
    return describe(figure, _description(traced, layout, title))


def _draw_parameters(axes: Axes, traced: Graph, layout: Layout, centres: dict) -> None:
    """Draw the parameters left of the operations that use them, with their arrows."""
    drawn: set[int] = set()
    for n, edges in layout.beside.items():
        x, y = centres[n]
        right = x - BOX_WIDTH / 2
        left = right - GAP_BESIDE
        for i, e in enumerate(edges):
            source = traced.edges[e].source
            middle = y + (PARAMETER_HEIGHT + GAP_STACKED) * ((len(edges) - 1) / 2 - i)
            end = y + max(-0.12, min(0.12, middle - y))  # on the box's side
            centre = (left - PARAMETER_WIDTH / 2, middle)
            _draw_box(
                axes,
                traced.nodes[source],
                centre,
                PARAMETER_WIDTH,
                PARAMETER_HEIGHT,
                again=source in drawn,
            )
            _draw_edge(axes, [(left, middle), (right, end)], traced.edges[e].gradient)
            drawn.add(source)


def _draw_box(
    axes: Axes, node: Node, centre: Point, wide: float, high: float, again: bool = False
) -> None:
    """Draw a node as a rounded box with its name and shape; dashed where it stands again."""
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
    _write(axes, (x, y + 0.085), node.name, size=size, fontweight="bold")
    _write(axes, (x, y - 0.09), _size(node) + (", again" if again else ""), size=8.5)


def _draw_edge(axes: Axes, points: list[Point], gradient: float) -> None:
    """Draw the value's arrow along the points, the gradient's beside it and back, and its norm."""
    _draw_arrow(axes, _shifted(points, -GAP_ARROWS / 2), GREY)
    back = _shifted(points, GAP_ARROWS / 2)
    _draw_arrow(axes, back[::-1], GRADIENT)
    (x0, y0), (x1, y1) = max(pairwise(back), key=lambda ends: abs(ends[0][1] - ends[1][1]))
    middle = ((x0 + x1) / 2, (y0 + y1) / 2)
    if abs(x1 - x0) > abs(y1 - y0):
        _write(axes, (middle[0], middle[1] + 0.09), _number(gradient), color=GRADIENT)
    else:
        _write(axes, (middle[0] + 0.07, middle[1]), _number(gradient), ha="left", color=GRADIENT)


def _shifted(points: list[Point], by: float) -> list[Point]:
    """Return the same line, moved to the left of its direction."""
    steps = np.diff(np.array(points), axis=0)
    steps /= np.linalg.norm(steps, axis=1, keepdims=True)
    normals = np.stack([-steps[:, 1], steps[:, 0]], axis=1)
    # At a right-angled corner both sides move.
    moves = [normals[0], *(a + b for a, b in pairwise(normals)), normals[-1]]
    return [(x + by * dx, y + by * dy) for (x, y), (dx, dy) in zip(points, moves, strict=True)]


def _draw_arrow(axes: Axes, points: list[Point], colour: str) -> None:
    """Draw a line along the points, with an arrowhead at the last one."""
    xs, ys = zip(*points, strict=True)
    axes.plot(xs[:-1], ys[:-1], color=colour, linewidth=1.2)
    look = {"arrowstyle": "-|>", "color": colour, "lw": 1.2, "mutation_scale": 9}
    axes.annotate("", points[-1], points[-2], arrowprops=look | {"shrinkA": 0, "shrinkB": 0})


def _draw_legend(axes: Axes) -> None:
    """Draw one arrow of either kind above the graph, and say what it stands for."""
    _draw_arrow(axes, [(0.2, -0.5), (0.5, -0.5)], GREY)
    _write(axes, (0.57, -0.5), "forward: a value", ha="left", size=8.5)
    _draw_arrow(axes, [(2.2, -0.5), (1.9, -0.5)], GRADIENT)
    text = "backward: the loss's gradient (its length, or the number)"
    _write(axes, (2.27, -0.5), text, ha="left", size=8.5, color=GRADIENT)


def _write(
    axes: Axes, point: Point, text: str, ha: str = "center", size: float = 8, **look: str
) -> None:
    """Write a text, in the middle of the line at a point; ``look`` are options of ``Axes.text``."""
    axes.text(*point, text, ha=ha, va="center", fontsize=size, **look)


def _size(node: Node) -> str:
    """Return the value of a named scalar, "one number" for another one, else the shape."""
    if node.value is not None:
        return f"= {number_text(node.value, '.4g')}"
    return shape_text(node.shape) or "one number"


def _number(value: float) -> str:
    """Return a gradient's length as text, with two digits or as an integer."""
    return number_text(value, ".0f" if 100 <= abs(value) < 1e5 else ".2g")


def _description(traced: Graph, layout: Layout, title: str) -> str:
    """Return what is to be seen in words."""
    nodes = traced.nodes
    trunk = [nodes[n] for n in layout.trunk]
    steps = set(pairwise(layout.trunk))
    branches = [
        f"{nodes[edge.source].name} to {nodes[edge.target].name}"
        for e, edge in enumerate(traced.edges)
        if edge.source in layout.row
        and (e in layout.lane or (edge.source, edge.target) not in steps)
    ]
    parameters = counted(sum(node.kind == "parameter" for node in nodes), "parameter")
    return (
        f"{title or 'A computational graph'}: boxes from top to bottom, "
        f"{', '.join(f'{node.name} ({_size(node)})' for node in trunk)}; "
        f"{parameters} beside the operations that use them. "
        + (f"At the right of this path: {', '.join(branches)}. " if branches else "")
        + "Grey arrows lead down to the loss; orange arrows bring the gradient back, with its "
        f"length: {_number(trunk[-1].gradient)} at the loss, {_number(trunk[0].gradient)} at "
        f"{trunk[0].name}."
    )
