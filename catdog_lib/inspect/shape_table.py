"""The output shape, parameters and multiply-adds of every layer of a network, found by running
it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError


@dataclass(frozen=True)
class LayerUse:
    """One layer at work. A layer that is applied several times appears as often.

    Attributes:
        name: where the layer sits in the model, such as "block1.0".
        kind: its class, such as "Conv2d".
        shape_in, shape_out: of one picture, without the batch: (C, H, W) or (features,).
        parameters: numbers that the layer learns; 0 when they are used again, since they were
            counted before.
        multiply_adds: multiplications, each with its addition, for one picture; biases are not
            counted.
    """

    name: str
    kind: str
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    parameters: int
    multiply_adds: int


def shape_table(model: nn.Module, pictures: Tensor) -> list[LayerUse]:
    """Run ``pictures`` (N×3×H×W) through ``model`` and list its layers in the order in which they
    were used.

    A layer is a module without modules inside, or one that has parameters of its own. What a
    network does between its layers, such as adding a shortcut, has no row; it costs no parameters
    and no multiply-adds. A branch that is not taken, such as GoogLeNet's side classifiers outside
    training, has none either.

    The model is run as for prediction (``eval``) and left as it was.

    Raises:
        CatdogError: a layer takes or gives no tensor, so that it has no shape.
    """
    uses: list[LayerUse] = []
    names = {module: name for name, module in model.named_modules()}
    counted: set[nn.Parameter] = set()

    def note(layer: nn.Module, inputs: tuple, named_inputs: dict, output: object) -> None:
        new = {parameter for parameter in layer.parameters(recurse=False)} - counted
        counted.update(new)
        shape_in = _shape(names[layer], (*inputs, *named_inputs.values()))
        shape_out = _shape(names[layer], output)
        uses.append(
            LayerUse(
                names[layer],
                type(layer).__name__,
                shape_in,
                shape_out,
                sum(parameter.numel() for parameter in new),
                _multiply_adds(layer, shape_in, shape_out),
            )
        )

    layers = [m for m in model.modules() if not list(m.children()) or m._parameters]
    handles = [layer.register_forward_hook(note, with_kwargs=True) for layer in layers]
    training = {module: module.training for module in model.modules()}
    try:
        model.eval()
        with torch.no_grad():
            model(pictures)
    finally:
        for module, was_training in training.items():
            module.training = was_training  # one by one: a frozen BatchNorm stays in eval mode
        for handle in handles:
            handle.remove()
    return uses


def _shape(name: str, value: object) -> tuple[int, ...]:
    """Of the first tensor in what a layer takes or gives, without the batch."""
    while isinstance(value, (tuple, list)) and value:
        value = value[0]
    if not isinstance(value, Tensor):
        raise CatdogError(
            f"The layer {name!r} takes or gives a {type(value).__name__} where shape_table needs a "
            "tensor; give the tables of its parts."
        )
    return tuple(value.shape[1:])


def _multiply_adds(layer: nn.Module, shape_in: tuple[int, ...], shape_out: tuple[int, ...]) -> int:
    """Of the layers that multiply by their weights; all others count as free."""
    if isinstance(layer, nn.Conv2d):  # an output value is a sum over kernel and input channels
        return prod(shape_out) * (layer.in_channels // layer.groups) * prod(layer.kernel_size)
    if isinstance(layer, nn.ConvTranspose2d):  # an input value is stamped, kernel by kernel
        return prod(shape_in) * (layer.out_channels // layer.groups) * prod(layer.kernel_size)
    if isinstance(layer, nn.Linear):  # an output value is a sum over the inputs
        return prod(shape_out) * layer.in_features
    return 0
