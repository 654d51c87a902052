"""One backward pass through autograd's graph: what arrives at each output, and what goes on.

:func:`catdog_lib.inspect.autograd_graph.trace` makes nodes and edges of it.
"""

from __future__ import annotations

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import graph_hooks


def functions_in_order(last) -> list:
    """Return all functions that lead to the last one, each after those that it depends on."""
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


def gradients_of(loss: Tensor, functions: list) -> dict:
    """Return (function, number of its output) → (gradients by its inputs, that by this output).

    They come from one backward pass, which keeps the graph. Outputs without a gradient are left
    out; where several have one, each has the part of the inputs' gradients that it sends back.

    Args:
        loss: one number.
        functions: all that lead to it, from :func:`functions_in_order`.

    Raises:
        CatdogError: the graph is already used up.
    """
    passed, gradients = {}, {}

    def note(function, of_inputs: tuple, of_outputs: tuple) -> None:
        passed[function] = of_inputs, of_outputs

    leaves = [function for function in functions if hasattr(function, "variable")]
    operations = [function for function in functions if function not in leaves]
    try:
        with graph_hooks(operations, note):
            tensors = [leaf.variable for leaf in leaves]
            of_leaves = torch.autograd.grad(loss, tensors, retain_graph=True)
    except RuntimeError as error:
        raise CatdogError(
            "The graph of this loss is used up, or a tensor in it was changed; trace it right "
            "after the forward pass, before loss.backward()."
        ) from error
    passed |= {leaf: ((), (g,)) for leaf, g in zip(leaves, of_leaves, strict=True)}
    for function in functions:
        of_inputs, of_outputs = passed[function]
        used = [n for n, gradient in enumerate(of_outputs) if gradient is not None]
        for n in used:
            part = _sent_back(function, of_outputs, n) if len(used) > 1 else of_inputs
            gradients[function, n] = part, of_outputs[n]
    return gradients


@torch.no_grad()
def _sent_back(function, of_outputs: tuple, n: int) -> tuple:
    """Return the gradients by a function's inputs if only output n had one."""
    alone = [g if i == n or g is None else torch.zeros_like(g) for i, g in enumerate(of_outputs)]
    found = getattr(function, "apply", function)(*alone)  # apply: a torch.autograd.Function's
    return found if isinstance(found, tuple) else (found,)
