"""How large values and gradients are, layer by layer: do they vanish or explode on their way
through a network?
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catdog_lib.errors import CatdogError


@dataclass(frozen=True)
class LayerSignal:
    """What goes through one convolution or linear layer in one forward and one backward pass.

    All sizes are root mean squares, ``√(mean of squares)``, so that layers of different width can
    be compared.

    Attributes:
        name: where the layer sits in the model, such as "features.0".
        kind: its class, such as "Conv2d".
        activation: size of its output, before any activation function.
        activation_gradient: size of the loss's gradient in that output.
        weight: size of its weight.
        weight_gradient: size of the loss's gradient in its weight. Where a layer is used several
            times it is the sum over all uses, and stands at each of them.
    """

    name: str
    kind: str
    activation: float
    activation_gradient: float
    weight: float
    weight_gradient: float


def layer_signals(model: nn.Module, pictures: Tensor, labels: Tensor) -> list[LayerSignal]:
    """One forward and one backward pass (cross-entropy), and the sizes of what passes each layer,
    in order of use.

    Layers are those with a weight of two or more dimensions that asks for a gradient: convolutions
    and linear layers. The model runs in the mode it is in; its ``.grad`` and its buffers, such as
    BatchNorm's running averages, are left as they were. A vanished gradient is the symptom that
    Glorot and Bengio measure in "Understanding the difficulty of training deep feedforward neural
    networks" (AISTATS 2010).

    Args:
        pictures: N×3×H×W, or whatever the model takes.
        labels: N classes.

    Raises:
        CatdogError: the model has no such layer, or did not use any.
    """
    uses: list[tuple[nn.Module, Tensor]] = []

    def note(layer: nn.Module, _, output: Tensor) -> Tensor:
        uses.append((layer, output))
        return output.clone()  # or an in-place ReLU behind it would change what was noted

    names = {module: name for name, module in model.named_modules()}
    layers = [m for m in names if _learns_a_matrix(m)]
    buffers = [(buffer, buffer.clone()) for buffer in model.buffers()]
    handles = [layer.register_forward_hook(note) for layer in layers]
    try:
        with torch.enable_grad():
            loss = F.cross_entropy(model(pictures), labels)
            if not uses:
                raise CatdogError(
                    "This model used no convolution and no linear layer whose weight asks for a "
                    "gradient; give one that has some, and set requires_grad to True."
                )
            wanted = [output for _, output in uses] + [layer.weight for layer, _ in uses]
            gradients = torch.autograd.grad(loss, wanted, materialize_grads=True)
    finally:
        for handle in handles:
            handle.remove()
        for buffer, before in buffers:
            buffer.copy_(before)
    return [
        LayerSignal(
            names[layer],
            type(layer).__name__,
            _size(output),
            _size(of_output),
            _size(layer.weight),
            _size(of_weight),
        )
        for (layer, output), of_output, of_weight in zip(
            uses, gradients[: len(uses)], gradients[len(uses) :], strict=True
        )
    ]


def _learns_a_matrix(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim >= 2 and weight.requires_grad


def _size(numbers: Tensor) -> float:
    return numbers.detach().double().square().mean().sqrt().item()
