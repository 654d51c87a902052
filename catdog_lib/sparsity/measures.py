"""How sparse a network is: the share of its weights that are 0, layer by layer.

Lesson 05, section 3; Lesson 05, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from catdog_lib.errors import CatdogError


@dataclass(frozen=True)
class LayerSparsity:
    """The weights of one convolution or fully connected layer; biases do not count.

    Attributes:
        name: where the layer sits in the model, such as "block1.0".
        kind: its class, such as "Conv2d".
        weights: how many it has.
        zeros: how many of them are 0, or no larger than asked for.
        filters: how many a convolution has; 0 for other layers.
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
        """The fraction of its weights that are 0."""
        return self.zeros / self.weights


def sparsity(model: nn.Module, below: float = 0.0) -> list[LayerSparsity]:
    """Count the zeros of each convolution and fully connected layer, in the model's order.

    A layer that the model uses several times counts once.

    Args:
        model: any network.
        below: weights up to this size count as zeros: \\|w\\| ≤ below.
    """
    layers = []
    for name, module in model.named_modules():
        if not isinstance(module, nn.Conv2d | nn.Linear):
            continue
        zero = module.weight.detach().abs() <= below
        dead = zero.flatten(1).all(1) if isinstance(module, nn.Conv2d) else zero.new_zeros(0)
        layers.append(
            LayerSparsity(
                name=name,
                kind=type(module).__name__,
                weights=zero.numel(),
                zeros=int(zero.sum()),
                filters=len(dead),
                dead=int(dead.sum()),
            )
        )
    return layers


def share_of_zeros(model: nn.Module, below: float = 0.0) -> float:
    """Return the fraction of weights, of all layers of :func:`sparsity`, with \\|w\\| ≤ below.

    Raises:
        CatdogError: the model has no such layer.
    """
    layers = sparsity(model, below)
    if not layers:
        raise CatdogError(
            f"{type(model).__name__} has no convolution and no fully connected layer, so it has no "
            "share of zeros; give a network that has one."
        )
    return sum(layer.zeros for layer in layers) / sum(layer.weights for layer in layers)
