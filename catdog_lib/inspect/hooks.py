"""Look into a network while it runs: forward hooks note what its layers put out, and go away
again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError


class Recorder:
    """Notes the outputs of layers, and on request the gradients in them, inside a ``with`` block.

    ::

        with Recorder(model) as seen:
            model(pictures)
        seen.outputs["features.0"]  # N×C×H×W

    The hooks are removed at the end of the block, after an error too. A layer that is used several
    times in one run is noted at each use: as "deep.0.0", "deep.0.0#2", "deep.0.0#3" and so on. A
    second run in the same block replaces what the first one gave.

    Args:
        model: any network; it runs as it would without the recorder.
        layers: names as ``model.named_modules()`` gives them, each for all its uses, or with a "#2"
            for one of them; None takes all layers that have no layers inside.
        gradients: follow gradients too; then call :meth:`backward` in the block.

    Attributes:
        outputs: layer → what it put out, in the order in which the layers ran; copies that belong
            to no graph.
        gradients: layer → the gradient in its output, of the same shape; filled by
            :meth:`backward`.

    Raises:
        CatdogError: the model has no layer of such a name.
    """

    def __init__(
        self, model: nn.Module, layers: Iterable[str] | None = None, gradients: bool = False
    ):
        modules = dict(model.named_modules())
        if layers is None:
            layers = [name for name, module in modules.items() if not list(module.children())]
        self._wanted = set(layers)
        self._modules = {name: modules.get(name) for name in map(without_use, self._wanted)}
        for name, module in self._modules.items():
            if module is None:
                raise CatdogError(
                    f"The model has no layer {name!r}; model.named_modules() lists the names, such "
                    f"as {list(modules)[-1]!r}."
                )
        self._model, self._follow = model, gradients
        self._uses: Counter[str] = Counter()
        self._tracked: dict[str, Tensor] = {}
        self._handles: list = []
        self.outputs: dict[str, Tensor] = {}
        self.gradients: dict[str, Tensor] = {}

    def __enter__(self) -> Recorder:
        self._handles = [self._model.register_forward_pre_hook(self._begin)]
        for name, module in self._modules.items():
            self._handles.append(module.register_forward_hook(partial(self._note, name)))
        return self

    def __exit__(self, *error) -> None:
        for handle in self._handles:
            handle.remove()
        self._tracked.clear()  # and with it the graph

    def _begin(self, *_) -> None:
        for notes in (self._uses, self._tracked, self.outputs, self.gradients):
            notes.clear()

    def _note(self, name: str, _: nn.Module, inputs: tuple, output: object) -> Tensor | None:
        """The hook; what it returns goes on through the network in place of ``output``."""
        self._uses[name] += 1
        key = use_name(name, self._uses[name])
        if not isinstance(output, Tensor) or not {name, key} & self._wanted:
            return None
        if not self._follow:
            self.outputs[key] = output.detach().clone()  # an in-place ReLU behind it changes it
            return None
        if not output.requires_grad:  # nothing before it learns: gradients begin here
            output = output.detach().requires_grad_()
        self._tracked[key], self.outputs[key] = output, output.detach()
        return output.clone()

    def backward(self, value: Tensor) -> None:
        """Fill :attr:`gradients` with the derivatives of ``value``, one number; no parameter's
        ``.grad`` is touched.

        Raises:
            CatdogError: the value does not depend on a noted output, or the model ran without
                gradients.
        """
        if not (value.requires_grad and self._tracked):
            raise CatdogError(
                "There is no gradient to follow: use Recorder(…, gradients=True), call backward "
                "inside its block, and run the model outside torch.no_grad()."
            )
        found = torch.autograd.grad(value, list(self._tracked.values()), materialize_grads=True)
        self.gradients.update(zip(self._tracked, found, strict=True))


def use_name(name: str, use: int) -> str:
    """The name of a layer's use, counted from 1: "deep.0.0" for the first, "deep.0.0#2" for the
    second.
    """
    return name if use == 1 else f"{name}#{use}"


def without_use(name: str) -> str:
    """The layer's own name: "deep.0.0" for "deep.0.0#2"."""
    return name.partition("#")[0]


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """The model in evaluation mode for the length of the block; then each of its modules as it
    was.
    """
    training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, was_training in training.items():
            module.training = was_training
