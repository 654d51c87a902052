"""Record the outputs of a network's layers, and their gradients, while the network runs.

Lesson 07, section 2; Lesson 07, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import LayerCall, forward_hooks


class Recorder:
    """Records the outputs of layers, and on request their gradients, in a ``with`` block.

    ::

        with Recorder(model) as recorder:
            model(images)
        recorder.outputs["features.0"]  # N×C×H×W

    The hooks are removed at the end of the block, after an error too. A layer that is called
    several times in one run is recorded at each call: as "deep.0.0", "deep.0.0#2", "deep.0.0#3" and
    so on. A second run in the same block replaces what the first one gave.

    Args:
        model: any network; it runs as it would without the recorder.
        layers: names as ``model.named_modules()`` gives them, each for all its calls, or with a
            "#2" for one of them; None takes all layers that have no layers inside.
        gradients: follow gradients too; then call :meth:`backward` in the block.

    Attributes:
        outputs: layer → its output, in the order in which the layers ran; copies that belong
            to no graph.
        gradients: layer → the gradient with respect to its output, of the same shape; filled by
            :meth:`backward`.

    Raises:
        CatdogError: at the beginning of the block, if the model has no layer of such a name.
    """

    def __init__(
        self, model: nn.Module, layers: Iterable[str] | None = None, gradients: bool = False
    ):
        self.outputs: dict[str, Tensor] = {}
        self.gradients: dict[str, Tensor] = {}
        self._model, self._follow_gradients = model, gradients
        self._layers = None if layers is None else list(layers)
        self._tracked: dict[str, Tensor] = {}
        self._hooks = ExitStack()

    def __enter__(self) -> Recorder:
        enter = self._hooks.enter_context
        enter(forward_hooks(self._model, after=self._record, layers=self._layers))
        enter(forward_hooks(self._model, before=self._start_run, layers=[""]))
        return self

    def __exit__(self, *error) -> None:
        self._hooks.close()
        self._tracked.clear()  # and with it the graph

    def _start_run(self, *_) -> None:
        for recorded in (self.outputs, self.gradients, self._tracked):
            recorded.clear()

    def _record(self, call: LayerCall) -> Tensor | None:
        """Keep a layer's output; a tensor that is returned goes on through the network instead."""
        output = call.output
        if not isinstance(output, Tensor):
            return None
        if not self._follow_gradients:
            self.outputs[call.name] = output.detach().clone()  # an in-place ReLU may overwrite it
            return None
        if not output.requires_grad:  # nothing before it learns: gradients begin here
            output = output.detach().requires_grad_()
        self._tracked[call.name], self.outputs[call.name] = output, output.detach()
        return output.clone()

    def maps(self, layer: str) -> Tensor:
        """Return what a layer gave, N×C×H×W.

        Raises:
            CatdogError: it gave something else, or did not run.
        """
        maps = self.outputs.get(layer)
        if maps is None or maps.ndim != 4:
            raise CatdogError(
                f"The layer {layer!r} gave no feature maps N×C×H×W, so it has no places; choose "
                "a layer before flatten, and after # the number of a call that it makes."
            )
        return maps

    def backward(self, value: Tensor) -> None:
        """Fill :attr:`gradients` with the derivatives of ``value``, one number.

        They are 0 for a layer on which it does not depend. A second call, of this value or another
        one, replaces them. No parameter's ``.grad`` is touched.

        Raises:
            CatdogError: the value is not one number, depends on no recorded output of the last run,
                or its graph is used up, or the model ran without gradients.
        """
        if not isinstance(value, Tensor) or value.numel() != 1:
            is_tensor = isinstance(value, Tensor)
            what = f"has the shape {tuple(value.shape)}" if is_tensor else f"is {value!r}"
            raise CatdogError(
                f"value {what}, but must be a tensor with one number; choose a logit, such as "
                "model(images)[0, 1], or add them up."
            )
        if not (value.requires_grad and self._tracked):
            raise CatdogError(
                "There is no gradient to follow: use Recorder(…, gradients=True), call backward "
                "inside its block, and run the model outside torch.no_grad()."
            )
        outputs = list(self._tracked.values())
        try:
            found = torch.autograd.grad(value, outputs, retain_graph=True, allow_unused=True)
        except RuntimeError as error:
            if "second time" not in str(error):
                raise
            raise CatdogError(
                "The graph of this value is used up; call Recorder.backward before "
                "value.backward()."
            ) from error
        if all(gradient is None for gradient in found):
            raise CatdogError(
                "The value does not depend on the recorded layers' outputs in the last run of the "
                "model; compute it from what the model returned then."
            )
        for (name, output), gradient in zip(self._tracked.items(), found, strict=True):
            self.gradients[name] = torch.zeros_like(output) if gradient is None else gradient
