"""A whole network by hand: forward through its steps, then backward in the opposite order.

Lesson 04, section 3; Lesson 04, section 5.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.conv_layers import BatchNorm, Convolution, MaxPool2d
from catdog_lib.from_scratch.dense_layers import Flatten, Linear, ReLU, SoftmaxCrossEntropy, Tanh

INPUT = "input"


@dataclass(frozen=True)
class Step:
    """One operation of a network.

    Attributes:
        operation: such as :class:`~catdog_lib.from_scratch.Linear`: a class with ``forward`` and
            ``backward``.
        parameters: its trainable tensors, in the order in which ``forward`` takes them; None for
            one that it lacks.
        settings: further arguments of ``forward``, such as ``{"stride": 2}``.
        inputs: the steps whose outputs it takes, "input" for the network's own; empty stands for
            the step before it.
    """

    operation: type
    parameters: Mapping[str, Tensor | None] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()


class Network:
    """Steps, each with a name, that run one after the other.

    Args:
        steps: name → step. A shortcut is a step with two inputs:
            ``{"conv": Step(Convolution, …), "add": Step(Add, inputs=("conv", "input"))}``.

    Raises:
        CatdogError: there is no step, one is called "input", or one takes the output of a step that
            has not run.
    """

    def __init__(self, steps: Mapping[str, Step]):
        if not steps or INPUT in steps:
            raise CatdogError(
                f"A network needs at least one step, and none of them may be called {INPUT!r}: "
                "that is what goes into the first."
            )
        self.steps = dict(steps)
        self.sources: dict[str, tuple[str, ...]] = {}
        self.last = INPUT
        for name, step in self.steps.items():
            sources = step.inputs or (self.last,)
            for source in sources:
                if source not in (INPUT, *self.sources):
                    raise CatdogError(
                        f"The step {name!r} takes the output of {source!r}, which has not run "
                        f"before it; name an earlier step, or {INPUT!r}."
                    )
            self.sources[name], self.last = sources, name

    @classmethod
    def from_module(cls, model: nn.Sequential) -> Network:
        """Build the same network from our own layers, with the same numbers and parameter names.

        The parameters are copied: training one of the two leaves the other as it is. Layers that
        share one in the module share its copy. BatchNorm is in training mode.

        Args:
            model: an ``nn.Sequential``, also of further ones, of convolutions, BatchNorm, ReLU,
                tanh, max-pooling, flattening and linear layers.

        Raises:
            CatdogError: there is another layer in it, or one with a setting that our own layers
                lack.
        """
        steps, copies = {}, {}  # copies: id of a parameter → its copy
        for name, layer in _layers("", model):
            translate = LAYER_MAP.get(type(layer), _untranslated)
            operation, parameters, settings = translate(layer)
            if operation is None:
                raise CatdogError(
                    f"The layer {name!r} is {layer}, which is not among our own layers; use a "
                    "Sequential of Conv2d (padding with zeros), BatchNorm, ReLU, Tanh, MaxPool2d "
                    "(without dilation and ceil_mode), Flatten and Linear."
                )
            own = {kind: getattr(layer, kind) for kind in parameters}
            for t in own.values():
                copies.setdefault(id(t), None if t is None else t.detach().clone())
            steps[name] = Step(operation, {k: copies[id(t)] for k, t in own.items()}, settings)
        return cls(steps)

    @property
    def parameters(self) -> dict[str, Tensor]:
        """All trainable tensors by "step.parameter"; to change one in place changes the network."""
        return {
            f"{name}.{kind}": tensor
            for name, step in self.steps.items()
            for kind, tensor in step.parameters.items()
            if tensor is not None
        }

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, tuple]]:
        """Return the last step's output, and what each step saved for the backward pass."""
        outputs, saved = {INPUT: x}, {}
        for name, step in self.steps.items():
            inputs = [outputs[source] for source in self.sources[name]]
            outputs[name], saved[name] = step.operation.forward(
                *inputs, *step.parameters.values(), **step.settings
            )
        return outputs[self.last], saved

    def backward(self, g: Tensor, saved: Mapping[str, tuple]) -> dict[str, Tensor]:
        """Return the gradient of the loss for every "step.parameter", and for the "input".

        ``g`` is the gradient with respect to the last step's output. A value that several steps
        take gets a gradient from each of them, and they add up: moving it moves the loss along
        every path. Likewise, the gradient of a parameter used in two steps is the sum of its two
        entries.
        """
        gradients: dict[str, Tensor] = {}
        arrived = {self.last: g}
        for name, step in reversed(self.steps.items()):
            if name not in arrived:  # no step used its output
                continue
            found = step.operation.backward(arrived.pop(name), saved[name])
            sources = self.sources[name]
            for source, gradient in zip(sources, found[: len(sources)], strict=True):
                arrived[source] = arrived[source] + gradient if source in arrived else gradient
            for kind, gradient in zip(step.parameters, found[len(sources) :], strict=True):
                if gradient is not None:
                    gradients[f"{name}.{kind}"] = gradient
        return gradients | arrived

    def loss_and_gradients(
        self, x: Tensor, labels: Tensor, label_smoothing: float = 0.0
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return the cross-entropy with N integer labels, and what :meth:`backward` returns."""
        logits, saved = self.forward(x)
        loss, saved_of_loss = SoftmaxCrossEntropy.forward(logits, labels, label_smoothing)
        (g,) = SoftmaxCrossEntropy.backward(loss.new_ones(()), saved_of_loss)  # ∂L/∂L is 1
        return loss, self.backward(g, saved)


def _layers(prefix: str, model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the name and the layer of each layer in a Sequential, and in those inside it."""
    if getattr(type(model), "forward", None) is not nn.Sequential.forward:
        yield prefix.removesuffix(".") or type(model).__name__, model
        return
    for name, child in model._modules.items():  # named_children() leaves out what occurs again
        yield from _layers(f"{prefix}{name}.", child)


# Each of these returns our operation (None: there is none), its parameters and its settings.


def _untranslated(_: nn.Module):
    return None, (), {}


def _convolution(layer: nn.Conv2d):
    if layer.padding_mode != "zeros" or isinstance(layer.padding, str):
        return None, (), {}
    names = ("stride", "padding", "dilation", "groups")
    return Convolution, ("weight", "bias"), {name: getattr(layer, name) for name in names}


def _pooling(layer: nn.MaxPool2d):
    if layer.ceil_mode or layer.return_indices or layer.dilation not in (1, (1, 1)):
        return None, (), {}
    return MaxPool2d, (), {n: getattr(layer, n) for n in ("kernel_size", "stride", "padding")}


def _batch_norm(layer: nn.BatchNorm1d | nn.BatchNorm2d):
    return (BatchNorm if layer.affine else None), ("weight", "bias"), {"eps": layer.eps}


LAYER_MAP = {
    nn.Conv2d: _convolution,
    nn.MaxPool2d: _pooling,
    nn.BatchNorm1d: _batch_norm,
    nn.BatchNorm2d: _batch_norm,
    nn.Linear: lambda _: (Linear, ("weight", "bias"), {}),
    nn.ReLU: lambda _: (ReLU, (), {}),
    nn.Tanh: lambda _: (Tanh, (), {}),
    nn.Flatten: lambda f: (Flatten if (f.start_dim, f.end_dim) == (1, -1) else None, (), {}),
}
