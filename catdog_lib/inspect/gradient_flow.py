"""How large values and gradients are, layer by layer: do they vanish or explode?

Lesson 04, section 7.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import LayerCall, forward_hooks, layer_name


@dataclass(frozen=True)
class LayerSignal:
    """What goes through one convolution or linear layer in one forward and one backward pass.

    All sizes are root mean squares, ``√(mean of squares)``, so that layers of different width can
    be compared.

    Attributes:
        name: where the layer sits in the model, such as "features.0".
        kind: its class, such as "Conv2d".
        activation: size of its output, before any activation function.
        activation_gradient: size of the loss's gradient with respect to that output.
        weight: size of its weight.
        weight_gradient: size of the loss's gradient with respect to its weight. Where a layer is
            used several times it is the sum over all uses, and is given for each of them.
    """

    name: str
    kind: str
    activation: float
    activation_gradient: float
    weight: float
    weight_gradient: float


def layer_signals(model: nn.Module, images: Tensor, labels: Tensor) -> list[LayerSignal]:
    """Make one forward and one backward pass and measure what goes through each layer, in order.

    The loss is cross-entropy. Layers are those with a weight of two or more dimensions that
    requires a gradient: convolutions and linear layers. The model runs in the mode it is in; its
    ``.grad`` and its buffers, such as BatchNorm's running averages, are left as they were. A
    vanished gradient is the symptom that Glorot and Bengio measure in "Understanding the difficulty
    of training deep feedforward neural networks" (AISTATS 2010).

    Args:
        images: N×3×H×W, or whatever the model takes.
        labels: N classes.

    Raises:
        CatdogError: the model has no such layer, or did not use any.
    """
    calls: list[LayerCall] = []

    def note(call: LayerCall) -> Tensor:
        calls.append(call)
        return call.output.clone()  # an in-place ReLU that follows changes only the copy

    layers = [name for name, module in model.named_modules() if _learns_weight_matrix(module)]
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    try:
        with forward_hooks(model, after=note, layers=layers), torch.enable_grad():
            loss = F.cross_entropy(model(images), labels)
        if not calls:
            raise CatdogError(
                "This model used no convolution and no linear layer whose weight requires a "
                "gradient; give one that has some, and set requires_grad to True."
            )
        tensors = [call.output for call in calls] + [call.layer.weight for call in calls]
        gradients = torch.autograd.grad(loss, tensors, materialize_grads=True)
    finally:  # only now: the backward pass needs the buffers as they were in the forward pass
        for buffer, before in buffers:
            buffer.copy_(before)
    of_outputs, of_weights = gradients[: len(calls)], gradients[len(calls) :]
    return [
        LayerSignal(
            layer_name(call.name),
            type(call.layer).__name__,
            _rms(call.output),
            _rms(of_output),
            _rms(call.layer.weight),
            _rms(of_weight),
        )
        for call, of_output, of_weight in zip(calls, of_outputs, of_weights, strict=True)
    ]


def _learns_weight_matrix(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim >= 2 and weight.requires_grad


def _rms(values: Tensor) -> float:
    """Return the root of the mean square."""
    return values.detach().cpu().double().square().mean().sqrt().item()
