"""Where the boxes of a computational graph stand: a row for each depth, without overlaps."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from catdog_lib.inspect.autograd_graph import Graph

# In inches: the boxes of operations and of parameters; the gap below a box, between a parameter's
# box and its operation's, and between two parameters; a column without boxes.
BOX_WIDTH, BOX_HEIGHT, PARAMETER_WIDTH, PARAMETER_HEIGHT = 1.7, 0.46, 1.5, 0.39
GAP_BELOW, GAP_BESIDE, GAP_STACKED, LANE_WIDTH = 0.33, 0.7, 0.09, 0.75

Point = tuple[float, float]


@dataclass(frozen=True)
class Layout:
    """Rows and columns of a graph's nodes, which are named by their index in ``Graph.nodes``.

    Edges are named by their index in ``Graph.edges``.

    Attributes:
        row: of each operation and input; row 0 is the top, the loss is in the last.
        column: of the same; column 0 is that of the longest path.
        trunk: the nodes of column 0 from the top to the loss.
        lane: of each edge between them that does not run straight down its column, the column in
            which it does.
        beside: operation → its edges from parameters, whose boxes are beside it, the largest
            first.
    """

    row: dict[int, int]
    column: dict[int, int]
    trunk: list[int]
    lane: dict[int, int]
    beside: dict[int, list[int]]


def arrange(graph: Graph) -> Layout:
    """Return a layered layout: every edge leads downwards, branches run right of the trunk."""
    parameters = {n for n, node in enumerate(graph.nodes) if node.kind == "parameter"}
    placed = [n for n in range(len(graph.nodes)) if n not in parameters]
    source_of = [edge.source for edge in graph.edges]
    incoming: dict[int, list[int]] = {n: [] for n in placed}
    beside: dict[int, list[int]] = {n: [] for n in placed}
    for e, edge in enumerate(graph.edges):
        (beside if edge.source in parameters else incoming)[edge.target].append(e)
    for edges in beside.values():
        edges.sort(key=lambda e: -len(graph.nodes[source_of[e]].shape))

    above = dict.fromkeys(placed, 0)  # longest way up to where the graph begins
    below = dict.fromkeys(placed, 0)  # longest way down to the loss
    for n in placed:
        above[n] = max((above[source_of[e]] + 1 for e in incoming[n]), default=0)
    for n in reversed(placed):
        for e in incoming[n]:
            below[source_of[e]] = max(below[source_of[e]], below[n] + 1)
    row = {n: max(below.values()) - below[n] for n in placed}
    # Each box hangs straight under that of its inputs which has the most above it.
    straight = {
        n: max(edges, key=lambda e: above[source_of[e]]) for n, edges in incoming.items() if edges
    }

    column: dict[int, int] = {}
    lane: dict[int, int] = {}
    taken: set[tuple[int, int]] = set()  # (column, row)

    def climb(n: int) -> list[int]:
        """Return the path straight up, to a box that stands or where the graph begins."""
        path = [n]
        while path[-1] not in column and path[-1] in straight:
            path.append(source_of[straight[path[-1]]])
        return path

    trunk = climb(placed[-1])
    column.update(dict.fromkeys(trunk, 0))
    waiting = list(trunk)
    while waiting:
        target = waiting.pop(0)
        for e in incoming[target]:
            if e == straight[target]:
                if column[source_of[e]] != column[target]:  # a branch that leaves an earlier box
                    lane[e] = column[target]
                continue
            path = climb(source_of[e])
            rows = range(row[path[-1]], row[target] + 1)
            free = 1
            while any((free, r) in taken for r in rows):
                free += 1
            taken.update((free, r) for r in rows)
            lane[e] = free
            new = [n for n in path if n not in column]
            column.update(dict.fromkeys(new, free))
            waiting.extend(new)
    return Layout(row, column, trunk[::-1], lane, beside)


def place_boxes(layout: Layout) -> tuple[dict[int, float], dict[int, Point], float, float]:
    """Return the x of each column, the centre of each box, and the figure's width and height."""
    x: dict[int, float] = {}
    right = 0.2
    for c in range(1 + max([0, *layout.column.values(), *layout.lane.values()])):
        inside = [n for n, column in layout.column.items() if column == c]
        left = right + (LANE_WIDTH if c else 0)
        left += (PARAMETER_WIDTH + GAP_BESIDE) * any(layout.beside[n] for n in inside)
        right = left + (BOX_WIDTH if inside else 0)
        x[c] = (left + right) / 2
    tall = dict.fromkeys(sorted(layout.row.values()), BOX_HEIGHT)
    for n, row in layout.row.items():
        tall[row] = max(
            tall[row], (PARAMETER_HEIGHT + GAP_STACKED) * len(layout.beside[n]) - GAP_STACKED
        )
    y = {0: -0.75 - tall[0] / 2}
    for row in range(1, len(tall)):
        y[row] = y[row - 1] - max(
            BOX_HEIGHT + GAP_BELOW, (tall[row - 1] + tall[row]) / 2 + 2 * GAP_STACKED
        )
    centres = {n: (x[layout.column[n]], y[row]) for n, row in layout.row.items()}
    return (
        x,
        centres,
        max(right + LANE_WIDTH, 5.9),
        -y[len(tall) - 1] + tall[len(tall) - 1] / 2 + 0.4,
    )


def route(
    e: int, source: int, target: int, layout: Layout, lanes: dict, centres: dict
) -> list[Point]:
    """Return the corners of an edge: straight down, or out to its lane, along it, and in again."""
    (x0, y0), (x1, y1) = centres[source], centres[target]
    if e not in layout.lane:
        return [(x0, y0 - BOX_HEIGHT / 2), (x1, y1 + BOX_HEIGHT / 2)]
    lane, c = lanes[layout.lane[e]], layout.lane[e]
    # Out in the lower half and in in the upper half of a box's side, so that one box can do both.
    out = [(x0, y0 - BOX_HEIGHT / 2)]
    if layout.column[source] != c:
        out = [(x0 + np.copysign(BOX_WIDTH / 2, lane - x0), y0 - 0.12), (lane, y0 - 0.12)]
    into = [(x1, y1 + BOX_HEIGHT / 2)]
    if layout.column[target] != c:
        into = [(lane, y1 + 0.12), (x1 + np.copysign(BOX_WIDTH / 2, lane - x1), y1 + 0.12)]
    return out + into
