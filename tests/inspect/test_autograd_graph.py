"""The computational graph that is drawn is autograd's own."""

import random
from itertools import pairwise

import pytest
import torch
from matplotlib.colors import same_color
from torch import nn
from torch.nn import functional as F

from catdog_lib import plots
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.autograd_graph import Edge, Graph, Node, trace
from catdog_lib.plots.graph import GRADIENT
from catdog_lib.plots.graph_layout import arrange

LABELS = torch.tensor([0, 1, 1, 0])


def block():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 2),
    )


def value_edges(graph):
    """Return the names at both ends of each edge that does not come from a parameter."""
    return [
        (graph.nodes[e.source].name, graph.nodes[e.target].name)
        for e in graph.edges
        if graph.nodes[e.source].kind != "parameter"
    ]


def test_the_graph_of_a_convolution_block():
    model, x = block(), torch.rand(4, 3, 8, 8, requires_grad=True)
    graph = trace(F.cross_entropy(model(x), LABELS), dict(model.named_parameters()) | {"x": x})
    path = [
        "x",
        "convolution",
        "BatchNorm",
        "ReLU",
        "max-pooling",
        "reshape",
        "linear",
        "log-softmax",
        "negative log-likelihood",
    ]
    assert value_edges(graph) == list(pairwise(path))
    assert (
        len(graph.nodes) == len(path) + 6
    )  # and the parameters; the weight's transposition is none
    shapes = {node.name: (node.kind, node.shape) for node in graph.nodes}
    assert shapes["x"] == ("input", (4, 3, 8, 8)) and shapes["linear"] == ("operation", (4, 2))
    assert shapes["max-pooling"] == ("operation", (4, 4, 4, 4))
    assert shapes["negative log-likelihood"] == ("operation", ())
    takes = {graph.nodes[e.source].name: graph.nodes[e.target].name for e in graph.edges}
    for name, parameter in model.named_parameters():
        assert shapes[name] == ("parameter", tuple(parameter.shape))
        assert takes[name] == {"0": "convolution", "1": "BatchNorm", "5": "linear"}[name[0]]


def test_the_graphs_gradients_are_autograds_and_nothing_stays_changed():
    model, x = block(), torch.rand(4, 3, 8, 8, requires_grad=True)
    kept, value = {}, x
    path = ["convolution", "BatchNorm", "ReLU", "max-pooling", "reshape", "linear"]
    for name, layer in zip(path, model, strict=True):
        value = kept[name] = layer(value)
        value.retain_grad()
    loss = F.cross_entropy(value, LABELS)
    names = dict(model.named_parameters()) | {"x": x}
    graph = trace(loss, names)
    assert all(tensor.grad is None for tensor in names.values())
    assert trace(loss, names) == graph  # it can be traced again
    for tensor in kept.values():
        tensor.grad = None
    loss.backward()  # and used
    found = {node.name: node.gradient for node in graph.nodes}
    for name, tensor in (names | kept).items():
        assert found[name] == pytest.approx(tensor.grad.norm().item(), rel=1e-4, abs=1e-6), name
    assert found["negative log-likelihood"] == 1
    with pytest.raises(CatdogError, match="used up"):
        trace(loss, names)


def test_a_value_used_twice_has_two_edges_whose_gradients_add_up():
    w = nn.Parameter(torch.tensor([3.0, 4.0]))
    graph = trace((w * torch.tensor([2.0, 0])).sum() - w.sum(), {"w": w})
    place = [node.name for node in graph.nodes].index("w")
    # Towards the first (2, 0), towards the second (−1, −1): together (1, −1).
    assert [e.gradient for e in graph.edges if e.source == place] == [2, pytest.approx(2**0.5)]
    assert graph.nodes[place].gradient == pytest.approx(2**0.5)
    assert [node.name for node in graph.nodes].count("w") == 1
    assert graph.nodes[-1].name == "subtract"


def test_tensors_without_gradients_are_not_in_the_graph_and_unnamed_leaves_get_their_kind():
    x, weight = torch.rand(2, 3), nn.Parameter(torch.rand(3))
    graph = trace((x @ weight).sum() * 2, {})
    assert [node.name for node in graph.nodes] == ["parameter", "mv", "sum", "multiply"]


class Twofold(torch.autograd.Function):
    """An operation of two outputs that is written in Python: 2x and x²."""

    @staticmethod
    def forward(context, x):
        context.save_for_backward(x)
        return 2 * x, x**2

    @staticmethod
    def backward(context, of_double, of_square):
        (x,) = context.saved_tensors
        return 2 * of_double + 2 * x * of_square


OUTPUTS = {
    "unbind": lambda x: x.unbind(),
    "split": lambda x: x.split([1, 2]),
    "var mean": lambda x: torch.var_mean(x, 1),
    "twofold": Twofold.apply,
}


@pytest.mark.parametrize("operation", OUTPUTS)
def test_each_output_of_an_operation_is_a_node_with_its_own_gradients(operation):
    x = torch.tensor([[0.1, 0.5], [2.0, 3.0], [1.0, 7.0]], requires_grad=True)
    first, second = OUTPUTS[operation](x)[:2]
    loss = (first**2).sum() + second.pow(3).sum()
    graph = trace(loss, {"x": x, "the second": second})
    one, other = (
        next(n for n, node in enumerate(graph.nodes) if node.name == name)
        for name in (f"{operation}[0]", "the second")
    )
    for n, output, part in ((one, first, (first**2).sum()), (other, second, (second**3).sum())):
        of_x, of_output = torch.autograd.grad(part, (x, output), retain_graph=True)
        assert graph.nodes[n].shape == tuple(output.shape)
        assert graph.nodes[n].gradient == pytest.approx(of_output.norm().item())
        assert [e.gradient for e in graph.edges if e.source == n] == [graph.nodes[n].gradient]
        (from_x,) = (e for e in graph.edges if e.target == n)
        assert graph.nodes[from_x.source].name == "x"
        assert from_x.gradient == pytest.approx(of_x.norm().item())
    words = [text.get_text() for text in plots.graph(graph).axes[0].texts]
    assert {f"{operation}[0]", "the second"} <= set(words)


def test_an_output_that_is_used_alone_has_its_own_name():
    w = nn.Parameter(torch.tensor([3.0, 4.0]))
    unused, used = w.unbind()
    graph = trace(used * 2, {"unused": unused})
    assert [node.name for node in graph.nodes] == ["parameter", "unbind", "multiply"]


def test_a_graph_deeper_than_pythons_stack():
    x = torch.ones((), requires_grad=True)
    y = x
    for _ in range(3000):
        y = y + 1
    assert len(trace(y, {"x": x}).nodes) == 3001


@pytest.mark.parametrize(
    "loss", [lambda: torch.ones(()), lambda: torch.ones(2, requires_grad=True) * 2]
)
def test_a_loss_without_a_graph_or_with_two_values_raises(loss):
    with pytest.raises(CatdogError, match="one number that was computed"):
        trace(loss(), {})


def random_graph(rng):
    """Return operations that each take one to three earlier values and all lead to the last."""
    nodes, edges = [], []
    for n in range(rng.randint(2, 14)):
        kind = "input" if n == 0 else rng.choice(["operation"] * 4 + ["parameter"])
        nodes.append(Node(f"n{n}", kind, (2,), 1.0))
        if kind == "operation":
            count = rng.randint(1, 3)
            sources = [rng.randrange(max(0, n - rng.randint(1, 5)), n) for _ in range(count)]
            edges += [Edge(s, n, float("nan")) for s in sources]
    used = {edge.source for edge in edges}
    nodes.append(Node("loss", "operation", (), 1.0))
    edges += [Edge(n, len(nodes) - 1, 1.0) for n in range(len(nodes) - 1) if n not in used]
    return Graph(tuple(nodes), tuple(edges))


def test_no_box_stands_on_another_and_no_line_runs_through_one():
    rng, lanes = random.Random(0), 0
    for _ in range(500):
        graph = random_graph(rng)
        layout = arrange(graph)
        where = {(layout.column[n], layout.row[n]): n for n in layout.row}
        assert len(where) == len(layout.row) == sum(n.kind != "parameter" for n in graph.nodes)
        assert layout.row[len(graph.nodes) - 1] == max(layout.row.values())
        for e, edge in enumerate(graph.edges):
            if edge.source not in layout.row:
                assert e in layout.beside[edge.target]
                continue
            top, foot = layout.row[edge.source], layout.row[edge.target]
            assert top < foot
            column = layout.lane.get(e, layout.column[edge.target])
            assert e in layout.lane or layout.column[edge.source] == column
            assert not [r for r in range(top + 1, foot) if (column, r) in where]
            lanes += e in layout.lane
    assert lanes > 500


def test_the_figure_has_a_box_for_each_value_and_gradients_go_up():
    class Shortcut(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 3, padding=1, bias=False)

        def forward(self, x):
            return (self.conv(self.conv(x).relu()) + x).mean((2, 3))

    torch.manual_seed(0)
    model, x = Shortcut(), torch.rand(4, 3, 8, 8, requires_grad=True)
    graph = trace(F.cross_entropy(model(x), LABELS), dict(model.named_parameters()) | {"x": x})
    figure = plots.graph(graph, "A shortcut")
    (axes,) = figure.axes
    words = [text.get_text() for text in axes.texts]
    assert words.count("conv.weight") == 2 and words.count("3×3×3×3, again") == 1
    # A box for each node, one more for the weight's second use, each with its name and shape.
    assert len(axes.patches) == len(graph.nodes) + 1
    assert {node.name for node in graph.nodes} <= set(words)
    for edge in graph.edges:
        assert f"{edge.gradient:.2g}" in words
    arrows = [text for text in axes.texts if hasattr(text, "arrow_patch") and text.arrow_patch]
    upright = [a for a in arrows if a.xy[0] == pytest.approx(a.get_position()[0])]
    for arrow in upright:
        up = arrow.xy[1] > arrow.get_position()[1]
        assert up == same_color(arrow.arrow_patch.get_edgecolor(), GRADIENT)
    assert len(upright) > 10
    for text in axes.texts:  # nothing is cut off
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.y0 >= 0
        assert box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
    assert "At the right of this path: x to add." in figure.alt_text
