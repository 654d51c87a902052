"""Look into a network while it runs: the library's only hooks, and its switch to evaluation mode.

:class:`catdog_lib.inspect.recorder.Recorder` and all other tools that look at layers are made of
these functions.

Lesson 07, section 2.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put the model into evaluation mode for a ``with`` block, then restore each module's mode.

    A BatchNorm that was frozen by hand in a model in training mode is still frozen afterwards.
    """
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:  # after an error, too
        for module, training in modes.items():
            module.training = training


class LayerCall(NamedTuple):
    """One call of a layer.

    Attributes:
        name: where the layer sits in the model, such as "deep.0.0". A layer may be called several
            times in one run: the second call is "deep.0.0#2", the third "deep.0.0#3" and so on.
        layer: the layer itself.
        inputs: what it was given, keyword arguments last.
        output: what it returned, usually a tensor.
    """

    name: str
    layer: nn.Module
    inputs: tuple
    output: Any


def layer_name(call_name: str) -> str:
    """Return the name of the layer that was called: "deep.0.0" for "deep.0.0#2"."""
    return call_name.partition("#")[0]


@contextmanager
def forward_hooks(
    model: nn.Module,
    after: Callable[[LayerCall], Tensor | None] | None = None,
    before: Callable[[str, nn.Module], None] | None = None,
    layers: Iterable[str] | None = None,
) -> Iterator[None]:
    """Call a function before or after each layer that runs in a ``with`` block; then remove hooks.

    Args:
        after: takes the :class:`LayerCall`. If it returns a tensor, that one goes on through the
            network in place of the layer's output.
        before: takes the layer's name and the layer itself.
        layers: names as ``model.named_modules()`` gives them ("" is the model itself), each for all
            calls of the layer, or with a "#2" for one of them; None takes all layers that have no
            layers inside.

    Raises:
        CatdogError: the model has no layer of such a name.
    """
    modules = dict(model.named_modules())
    if layers is None:
        layers = [name for name, module in modules.items() if not list(module.children())]
    wanted = set(layers)
    calls: Counter[str] = Counter()

    def start(name: str, layer: nn.Module, _) -> None:
        if before:
            before(name, layer)

    def finish(name: str, layer: nn.Module, inputs: tuple, keywords: dict, output: Any) -> Any:
        calls[name] += 1
        call_name = name if calls[name] == 1 else f"{name}#{calls[name]}"
        if after and {name, call_name} & wanted:
            return after(LayerCall(call_name, layer, (*inputs, *keywords.values()), output))
        return None  # the output goes on as it is

    with ExitStack() as hooks:  # at its end, and after an error, it calls what it was handed
        hooks.callback(model.register_forward_pre_hook(lambda *_: calls.clear()).remove)
        for name in {layer_name(name) for name in wanted}:
            if name not in modules:
                raise CatdogError(
                    f"The model has no layer {name!r}; model.named_modules() lists the names, such "
                    f"as {list(modules)[-1]!r}."
                )
            layer = modules[name]
            hooks.callback(layer.register_forward_pre_hook(partial(start, name)).remove)
            hook = partial(finish, name)
            hooks.callback(layer.register_forward_hook(hook, with_kwargs=True).remove)
        yield


def named_calls(
    model: nn.Module, images: Tensor, layers: Iterable[str] | None = None
) -> list[LayerCall]:
    """Run the model once, as for prediction, and return the calls of its layers in their order.

    A call comes after those of the layers inside it. Inputs and outputs are not copies: an in-place
    layer that follows has changed their values. The model is left as it was.

    Args:
        images: N×3×H×W, or whatever the model takes.
        layers: as for :func:`forward_hooks`.
    """
    calls: list[LayerCall] = []
    with evaluating(model), forward_hooks(model, calls.append, layers=layers), torch.no_grad():
        model(images)
    return calls


@contextmanager
def graph_hooks(functions: Iterable, during: Callable[[Any, tuple, tuple], None]) -> Iterator[None]:
    """Call ``during`` as the backward pass goes through functions of autograd's graph.

    It takes the function, the gradients of its inputs and the gradients of its outputs. The hooks
    are removed at the end of the ``with`` block.
    """
    with ExitStack() as hooks:
        for function in functions:
            hooks.callback(function.register_hook(partial(during, function)).remove)
        yield
