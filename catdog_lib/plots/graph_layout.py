"""Where the boxes of a computational graph stand: a row for each depth, the longest path in one
column, no overlaps.
"""

from __future__ import annotations

from dataclasses import dataclass

from catdog_lib.inspect.autograd_graph import Graph


@dataclass(frozen=True)
class Layout:
    """Places of a graph's nodes; nodes and edges are named by their place in ``Graph.nodes`` and
    ``Graph.edges``.

    Attributes:
        row: of each operation and input; row 0 is the top, the loss is in the last.
        column: of the same; column 0 is that of the longest path.
        trunk: the nodes of column 0 from the top to the loss.
        lane: of each edge between them that does not run straight down its column, the column in
            which it does.
        beside: operation → its edges from parameters, whose boxes stand beside it, the largest
            first.
    """

    row: dict[int, int]
    column: dict[int, int]
    trunk: list[int]
    lane: dict[int, int]
    beside: dict[int, list[int]]


def arrange(graph: Graph) -> Layout:
    """A layered layout: every edge leads downwards, and branches run in columns of their own, right
    of the trunk.
    """
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
        """From a node straight up, to where a box already stands or the graph begins."""
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
