"""How sparse a network is: the share of its weights that are 0, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class LayerSparsity:
    """The weights of one convolution or fully connected layer; biases do not count.

    Attributes:
        name: where the layer sits in the model, such as "block1.0".
        kind: its class, such as "Conv2d".
        weights: how many it has.
        zeros: how many of them are 0, or no larger than asked for.
        filters: how many maps a convolution makes; 0 for other layers.
        dead: how many of its filters have only such weights.
    """

    name: str
    kind: str
    weights: int
    zeros: int
    filters: int
    dead: int

    @property
    def share(self) -> float:
        """Of the weights, those that are 0: 0 to 1."""
        return self.zeros / self.weights


def sparsity(model: nn.Module, below: float = 0.0) -> list[LayerSparsity]:
    """Each convolution and fully connected layer, once, in the order in which the model holds them.

    Args:
        model: any network.
        below: count weights of this size as zeros too: \\|w\\| ≤ below.
    """
    layers = []
    for name, module in model.named_modules():
        if not isinstance(module, nn.Conv2d | nn.Linear):
            continue
        zero = module.weight.detach().abs() <= below
        dead = zero.flatten(1).all(1) if isinstance(module, nn.Conv2d) else zero[:0, 0]
        layers.append(
            LayerSparsity(
                name, type(module).__name__, zero.numel(), int(zero.sum()), len(dead), int(dead.sum())
            )
        )  # fmt: skip
    return layers


def share_of_zeros(model: nn.Module, below: float = 0.0) -> float:
    """Of all weights of convolutions and fully connected layers, the share with \\|w\\| ≤
    ``below``: 0 to 1.
    """
    layers = sparsity(model, below)
    return sum(layer.zeros for layer in layers) / sum(layer.weights for layer in layers)
