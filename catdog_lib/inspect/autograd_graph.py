"""The graph that autograd has built of a loss's computation, as plain data.

Lesson 04, section 1.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.autograd_pass import functions_in_order, gradients_of

# PyTorch's names of operations, without "Backward0", in the words of the course.
OPERATION_NAMES = {
    "Addmm": "linear",
    "Mm": "matrix product",
    "Relu": "ReLU",
    "NativeBatchNorm": "BatchNorm",
    "CudnnBatchNorm": "BatchNorm",
    "MiopenBatchNorm": "BatchNorm",
    "MaxPool2DWithIndices": "max-pooling",
    "View": "reshape",
    "UnsafeView": "reshape",
    "LogSoftmax": "log-softmax",
    "NllLoss": "negative log-likelihood",
    "Mul": "multiply",
    "Div": "divide",
    "SplitWithSizes": "split",
    "Sub": "subtract",
    "Pow": "power",
}


@dataclass(frozen=True)
class Node:
    """A value in the graph: the output of an operation, or a tensor that the graph starts from.

    Attributes:
        name: the operation, such as "linear", or the name that the tensor was given; "split[1]"
            where several outputs of one operation lead to the loss.
        kind: "parameter" (an ``nn.Parameter``), "input" (another tensor that requires a gradient)
            or "operation".
        shape: of the value; () is one number.
        gradient: the length ‖∂L/∂value‖ of the loss's gradient with respect to it, the root of the
            sum of squares; if it is a scalar, the derivative itself, with its sign.
        value: of a scalar that was given a name; None otherwise.
    """

    name: str
    kind: Literal["operation", "parameter", "input"]
    shape: tuple[int, ...]
    gradient: float
    value: float | None = None


@dataclass(frozen=True)
class Edge:
    """A value that went into an operation; its gradient comes back from target to source.

    Attributes:
        source, target: positions of the value and the operation in ``Graph.nodes``.
        gradient: the length of what comes back along this edge alone, or that number. Where a value
            has several edges, their gradients (not their lengths) add up to the node's.
    """

    source: int
    target: int
    gradient: float


@dataclass(frozen=True)
class Graph:
    """Nodes in an order in which they can be computed, the loss last, and their edges."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def trace(loss: Tensor, names: Mapping[str, Tensor]) -> Graph:
    """Walk from the loss back to where its graph begins, and send a gradient back once.

    The walk follows ``grad_fn.next_functions``. Only what requires a gradient is in autograd's
    graph. Images do not; ``x.requires_grad_()`` before the forward pass puts them in. The
    transposition of a linear layer's weight is part of the layer here. No ``.grad`` of a parameter
    or input changes, and ``loss.backward()`` is still possible.

    Args:
        loss: one number, fresh from the forward pass.
        names: for parameters and inputs, such as ``dict(model.named_parameters())``, and for
            results on the way, whose operation is then called so.

    Raises:
        CatdogError: the loss is not one number, nothing in it requires a gradient, or its graph is
            already used up.
    """
    if loss.numel() != 1 or loss.grad_fn is None:
        raise CatdogError(
            "The loss must be one number that was computed from something that requires a "
            f"gradient; it has the shape {tuple(loss.shape)} and "
            f"{'no' if loss.grad_fn is None else 'a'} grad_fn."
        )
    gradients = gradients_of(loss, functions_in_order(loss.grad_fn))
    outputs = Counter(function for function, _ in gradients)
    name_of = {id(tensor): name for name, tensor in names.items()}
    named_results = {(each.grad_fn, each.output_nr): (n, each) for n, each in names.items()}
    nodes, edges, position = [], [], {}
    for (function, output), (of_inputs, of_output) in gradients.items():
        if _is_transposed_leaf(function):
            continue
        if hasattr(function, "variable"):
            tensor = function.variable
            kind = "parameter" if isinstance(tensor, nn.Parameter) else "input"
            name, shape = name_of.get(id(tensor), kind), tuple(tensor.shape)
        else:
            kind = "operation"
            name = _operation_name(function.name()) + f"[{output}]" * (outputs[function] > 1)
            name, tensor = named_results.get((function, output), (name, None))
            shape = tuple(of_output.shape)
        position[function, output] = len(nodes)
        is_named_scalar = tensor is not None and id(tensor) in name_of and tensor.ndim == 0
        value = tensor.item() if is_named_scalar else None
        nodes.append(Node(name, kind, shape, _norm(of_output), value))
        for source, gradient in zip(function.next_functions, of_inputs, strict=True):
            if source[0] is not None and _is_transposed_leaf(source[0]):
                source = source[0].next_functions[0]
            if source in position:
                edges.append(Edge(position[source], len(nodes) - 1, _norm(gradient)))
    return Graph(tuple(nodes), tuple(edges))


def _operation_name(name: str) -> str:
    """Return the course's name of an operation, such as "log sigmoid" for "LogSigmoidBackward0"."""
    bare = name.split("::")[-1].rstrip("0123456789").removesuffix("Backward")
    return OPERATION_NAMES.get(bare) or re.sub("(?<=[a-z])(?=[A-Z])", " ", bare).lower()


def _is_transposed_leaf(function) -> bool:
    return function.name() == "TBackward0" and hasattr(function.next_functions[0][0], "variable")


def _norm(gradient: Tensor | None) -> float:
    """Return the length of a gradient; that of a scalar keeps its sign."""
    if gradient is None:
        return 0.0
    return gradient.item() if gradient.ndim == 0 else gradient.norm().item()
