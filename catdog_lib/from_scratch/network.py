"""A whole network by hand: run its operations forward, keep what they saved, walk back in the
opposite order.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.conv_layers import BatchNorm, Convolution, MaxPool2d
from catdog_lib.from_scratch.dense_layers import Flatten, Linear, ReLU, SoftmaxCrossEntropy, Tanh

INPUT = "input"


@dataclass(frozen=True)
class Step:
    """One operation of a chain.

    Attributes:
        operation: such as :class:`~catdog_lib.from_scratch.Linear`: a class with ``forward`` and
            ``backward``.
        parameters: the tensors that it learns, in the order in which ``forward`` takes them; None
            for one it lacks.
        settings: further arguments of ``forward``, such as ``{"stride": 2}``.
        inputs: the steps whose outputs it takes, "input" for the chain's own; empty stands for the
            step before it.
    """

    operation: type
    parameters: Mapping[str, Tensor | None] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ()


class Chain:
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
                f"A chain needs at least one step, and none of them may be called {INPUT!r}: that "
                "is what goes into the first."
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

    @property
    def parameters(self) -> dict[str, Tensor]:
        """All that is learned, "step.parameter" → the tensor itself: change it in place and the
        chain has changed.
        """
        return {
            f"{name}.{kind}": tensor
            for name, step in self.steps.items()
            for kind, tensor in step.parameters.items()
            if tensor is not None
        }

    def forward(self, x: Tensor) -> tuple[Tensor, dict[str, tuple]]:
        """The last step's output, and what each step saved for the way back."""
        outputs, saved = {INPUT: x}, {}
        for name, step in self.steps.items():
            taken = [outputs[source] for source in self.sources[name]]
            outputs[name], saved[name] = step.operation.forward(
                *taken, *step.parameters.values(), **step.settings
            )
        return outputs[self.last], saved

    def backward(self, g: Tensor, saved: Mapping[str, tuple]) -> dict[str, Tensor]:
        """The gradient of the loss in every parameter, "step.parameter" → gradient, and in the
        "input".

        ``g`` is the gradient in the last step's output. A value that several steps take gets a
        gradient from each of them, and they add up: to move it moves the loss along every path. A
        parameter used in two steps likewise is the sum of its two entries.
        """
        gradients: dict[str, Tensor] = {}
        arrived = {self.last: g}
        for name, step in reversed(self.steps.items()):
            if name not in arrived:  # nobody took its output
                continue
            given = step.operation.backward(arrived.pop(name), saved[name])
            sources = self.sources[name]
            for source, gradient in zip(sources, given[: len(sources)], strict=True):
                arrived[source] = arrived[source] + gradient if source in arrived else gradient
            for kind, gradient in zip(step.parameters, given[len(sources) :], strict=True):
                if gradient is not None:
                    gradients[f"{name}.{kind}"] = gradient
        return gradients | arrived

    def loss_and_gradients(
        self, x: Tensor, labels: Tensor, label_smoothing: float = 0.0
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Forward, cross-entropy with the labels (N whole numbers), and all the way back: see
        :meth:`backward`.
        """
        logits, saved = self.forward(x)
        loss, saved_of_loss = SoftmaxCrossEntropy.forward(logits, labels, label_smoothing)
        (g,) = SoftmaxCrossEntropy.backward(loss.new_ones(()), saved_of_loss)  # ∂L/∂L is 1
        return loss, self.backward(g, saved)


def chain_of(model: nn.Sequential) -> Chain:
    """The by-hand twin of a PyTorch network, with the same numbers and the same names of
    parameters.

    The parameters are copied: training one of the two leaves the other as it is. BatchNorm is in
    training mode.

    Args:
        model: an ``nn.Sequential``, also of further ones, of convolutions, BatchNorm, ReLU, tanh,
            max-pooling, flattening and linear layers.

    Raises:
        CatdogError: there is another layer in it, or one with a setting that has no twin here.
    """
    steps = {}
    for name, layer in _layers("", model):
        operation, parameters, settings = LAYER_MAP.get(type(layer), lambda _: (None, (), {}))(
            layer
        )
        if operation is None:
            raise CatdogError(
                f"The layer {name!r} is {layer}, which has no twin by hand; use a Sequential of "
                "Conv2d (padding with zeros), BatchNorm, ReLU, Tanh, MaxPool2d (without dilation "
                "and ceil_mode), Flatten and Linear."
            )
        copies = {kind: getattr(layer, kind) for kind in parameters}
        copies = {k: None if t is None else t.detach().clone() for k, t in copies.items()}
        steps[name] = Step(operation, copies, settings)
    return Chain(steps)


def _layers(prefix: str, model: nn.Module):
    for name, child in model.named_children() if isinstance(model, nn.Sequential) else ():
        if isinstance(child, nn.Sequential):
            yield from _layers(f"{prefix}{name}.", child)
        else:
            yield f"{prefix}{name}", child
    if not isinstance(model, nn.Sequential):
        yield prefix or type(model).__name__, model


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
    nn.Flatten: lambda layer: (Flatten if layer.start_dim == 1 else None, (), {}),
}
