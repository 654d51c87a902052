"""What goes in and out of every layer: shapes, parameters and multiply-adds, read off a network while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class LayerUse:
    """One layer at work. A layer that is applied several times appears as often.

    Attributes:
        name: where the layer sits in the model, such as "block1.0".
        kind: its class, such as "Conv2d".
        shape_in, shape_out: of one picture, without the batch: (C, H, W) or (features,).
        parameters: numbers that the layer learns; 0 when it is used again, since they were counted before.
        multiply_adds: multiplications, each with its addition, for one picture; biases are not counted.
    """

    name: str
    kind: str
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    parameters: int
    multiply_adds: int


def shape_table(model: nn.Module, pictures: Tensor) -> list[LayerUse]:
    """Run ``pictures`` (N×3×H×W) through ``model`` and list its layers in the order in which they were used."""
    uses: list[LayerUse] = []
    names = {module: name for name, module in model.named_modules()}
    counted: set[nn.Module] = set()

    def note(layer: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        parameters = 0 if layer in counted else sum(p.numel() for p in layer.parameters())
        counted.add(layer)
        shape_in, shape_out = tuple(inputs[0].shape[1:]), tuple(output.shape[1:])
        uses.append(
            LayerUse(
                names[layer],
                type(layer).__name__,
                shape_in,
                shape_out,
                parameters,
                _multiply_adds(layer, shape_out),
            )
        )

    leaves = [module for module in model.modules() if not list(module.children())]
    handles = [leaf.register_forward_hook(note) for leaf in leaves]
    was_training = model.training
    try:
        model.eval()
        with torch.no_grad():
            model(pictures)
    finally:
        model.train(was_training)
        for handle in handles:
            handle.remove()
    return uses


def _multiply_adds(layer: nn.Module, shape_out: tuple[int, ...]) -> int:
    """An output value of a convolution is a sum over kernel and input channels; of a linear layer, over its inputs."""
    if isinstance(layer, nn.Conv2d):
        return prod(shape_out) * (layer.in_channels // layer.groups) * prod(layer.kernel_size)
    if isinstance(layer, nn.Linear):
        return prod(shape_out) * layer.in_features
    return 0
