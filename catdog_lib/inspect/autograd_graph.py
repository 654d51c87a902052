"""The computational graph that autograd has built behind a loss, as plain data: what was computed
from what.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError

# PyTorch's names of operations, without "Backward0", in the words of the course.
WORDS = {
    "Addmm": "linear", "Mm": "matrix product", "Relu": "ReLU",
    "NativeBatchNorm": "BatchNorm", "CudnnBatchNorm": "BatchNorm", "MiopenBatchNorm": "BatchNorm",
    "MaxPool2DWithIndices": "max-pooling", "View": "reshape", "UnsafeView": "reshape",
    "LogSoftmax": "log-softmax", "NllLoss": "negative log-likelihood",
    "Mul": "multiply", "Div": "divide", "Sub": "subtract", "Pow": "power",
}  # fmt: skip


@dataclass(frozen=True)
class Node:
    """A value in the graph: the output of an operation, or a tensor that the graph starts from.

    Attributes:
        name: the operation, such as "linear", or the name that the tensor was given.
        kind: "parameter" (an ``nn.Parameter``), "input" (another tensor that asked for a gradient)
            or "operation".
        shape: of the value; () is one number.
        gradient: the norm ‖∂L/∂value‖ of the loss's gradient in it: the root of the sum of squares.
    """

    name: str
    kind: Literal["operation", "parameter", "input"]
    shape: tuple[int, ...]
    gradient: float


@dataclass(frozen=True)
class Edge:
    """The value of node ``source`` went into operation ``target``; the gradient comes back from
    target to source.

    Attributes:
        source, target: places in ``Graph.nodes``.
        gradient: the norm of what comes back along this edge alone. Where a value has several
            edges, their gradients (not their norms) add up to the node's.
    """

    source: int
    target: int
    gradient: float


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can be computed, the loss last, and the edges between
    them.
    """

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def trace(loss: Tensor, names: Mapping[str, Tensor]) -> Graph:
    """Walk from the loss along ``grad_fn.next_functions`` to where the graph begins, and send a
    gradient back once.

    Only what asks for a gradient is in autograd's graph. Pictures do not; ``x.requires_grad_()``
    before the forward pass puts them in. The transposition of a linear layer's weight is part of
    the layer here. No ``.grad`` of a parameter or input changes, and ``loss.backward()`` is still
    possible.

    Args:
        loss: one number, fresh from the forward pass.
        names: for parameters and inputs, such as ``dict(model.named_parameters())``.

    Raises:
        CatdogError: the loss is not one number, nothing in it asks for a gradient, or its graph is
            already used up.
    """
    if loss.numel() != 1 or loss.grad_fn is None:
        raise CatdogError(
            "The loss must be one number that was computed from something that asks for a "
            f"gradient; it has the shape {tuple(loss.shape)} and "
            f"{'no' if loss.grad_fn is None else 'a'} grad_fn."
        )
    functions = _in_order(loss.grad_fn)
    passed = _gradients(loss, functions)
    called = {id(tensor): name for name, tensor in names.items()}
    nodes, edges, place = [], [], {}
    for function in functions:
        if _is_transposed_leaf(function):
            continue
        incoming, own = passed[function]
        if hasattr(function, "variable"):
            tensor = function.variable
            kind = "parameter" if isinstance(tensor, nn.Parameter) else "input"
            node = Node(called.get(id(tensor), kind), kind, tuple(tensor.shape), _norm(own))
        else:
            node = Node(_word(function.name()), "operation", tuple(own.shape), _norm(own))
        place[function] = len(nodes)
        nodes.append(node)
        for (source, _), gradient in zip(function.next_functions, incoming, strict=True):
            if source is None:
                continue
            if _is_transposed_leaf(source):
                source = source.next_functions[0][0]
            edges.append(Edge(place[source], place[function], _norm(gradient)))
    return Graph(tuple(nodes), tuple(edges))


def _word(name: str) -> str:
    """ "LogSigmoidBackward0" is "log sigmoid"."""
    bare = name.split("::")[-1].rstrip("0123456789").removesuffix("Backward")
    return WORDS.get(bare) or re.sub("(?<=[a-z])(?=[A-Z])", " ", bare).lower()


def _in_order(last) -> list:
    """All functions that lead to the last one, each after those that it takes its values from."""
    ordered, seen, stack = [], set(), [(last, False)]
    while stack:  # no recursion: graphs may be deeper than Python's stack
        function, ready = stack.pop()
        if ready:
            ordered.append(function)
        elif function not in seen:
            seen.add(function)
            stack.append((function, True))
            sources = [source for source, _ in function.next_functions if source is not None]
            stack.extend((source, False) for source in reversed(sources))
    return ordered


def _gradients(loss: Tensor, functions: list) -> dict:
    """Function → (gradients in what it took, gradient in what it gave), from one backward pass that
    keeps the graph.
    """
    passed, handles = {}, []

    def note(function):
        def hook(to_inputs, from_above):
            passed[function] = (to_inputs, next(g for g in from_above if g is not None))

        return hook

    leaves = [function for function in functions if hasattr(function, "variable")]
    for function in functions:
        if function not in leaves:
            handles.append(function.register_hook(note(function)))
    try:
        tensors = [leaf.variable for leaf in leaves]
        of_leaves = torch.autograd.grad(loss, tensors, retain_graph=True)
    except RuntimeError as error:
        raise CatdogError(
            "The graph behind this loss is used up, or a tensor in it was changed; trace it right "
            "after the forward pass, before loss.backward()."
        ) from error
    finally:
        for handle in handles:
            handle.remove()
    return passed | {leaf: ((), g) for leaf, g in zip(leaves, of_leaves, strict=True)}


def _is_transposed_leaf(function) -> bool:
    return function.name() == "TBackward0" and hasattr(function.next_functions[0][0], "variable")


def _norm(gradient: Tensor | None) -> float:
    return 0.0 if gradient is None else gradient.norm().item()
