"""The output shape, parameters and multiply-adds of every layer of a network, found by running it.

Lesson 02, section 5; Lesson 03, section 2; Lesson 06, section 3.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import LayerCall, evaluating, forward_hooks, layer_name


@dataclass(frozen=True)
class LayerUse:
    """One call of a layer; a layer that is called several times appears as often.

    Attributes:
        name: where the layer sits in the model, such as "block1.0".
        kind: its class, such as "Conv2d".
        shape_in, shape_out: of one image, without the batch: (C, H, W) or (features,).
        parameters: numbers that the layer learns; 0 when they are used again, since they were
            counted before.
        multiply_adds: multiplications, each with its addition, for one image; biases are not
            counted.
    """

    name: str
    kind: str
    shape_in: tuple[int, ...]
    shape_out: tuple[int, ...]
    parameters: int
    multiply_adds: int


def shape_table(model: nn.Module, images: Tensor) -> list[LayerUse]:
    """Run the first of ``images`` (N×3×H×W) through the model and list its layers in order of use.

    A layer is a module without modules inside, or one that has parameters of its own. What a
    network does between its layers, such as adding a shortcut, has no row; it costs no parameters
    and no multiply-adds. A branch that is not taken, such as GoogLeNet's side classifiers outside
    training, has none either.

    The model is run as for prediction (``eval``) and left as it was.

    Raises:
        CatdogError: a layer takes or gives no tensor, so that it has no shape.
    """
    modules = model.named_modules()
    layers = [name for name, m in modules if not list(m.children()) or list(m.parameters(False))]
    counted: set[nn.Parameter] = set()
    uses: list[LayerUse] = []

    def note(call: LayerCall) -> None:
        """Add the row of a call; its maps are not kept."""
        name, layer = layer_name(call.name), call.layer
        shape_in, shape_out = _shape(name, call.inputs), _shape(name, call.output)
        new = set(layer.parameters(recurse=False)) - counted
        counted.update(new)
        parameters = sum(parameter.numel() for parameter in new)
        multiply_adds = _multiply_adds(layer, shape_in, shape_out)
        kind = type(layer).__name__
        uses.append(LayerUse(name, kind, shape_in, shape_out, parameters, multiply_adds))

    with evaluating(model), forward_hooks(model, note, layers=layers), torch.no_grad():
        model(images[:1])
    return uses


def _shape(name: str, value: object) -> tuple[int, ...]:
    """Return the shape, without the batch, of the first tensor that a layer takes or gives."""
    while isinstance(value, (tuple, list)) and value:
        value = value[0]
    if not isinstance(value, Tensor):
        raise CatdogError(
            f"The layer {name!r} takes or gives a {type(value).__name__} where shape_table needs a "
            "tensor; give the tables of its parts."
        )
    return tuple(value.shape[1:])


def _multiply_adds(layer: nn.Module, shape_in: tuple[int, ...], shape_out: tuple[int, ...]) -> int:
    """Return what a layer with weights costs for one image; all other layers count as free."""
    if isinstance(layer, nn.Conv2d):  # an output value is a sum over kernel and input channels
        return prod(shape_out) * (layer.in_channels // layer.groups) * prod(layer.kernel_size)
    if isinstance(layer, nn.ConvTranspose2d):  # an input value is stamped, kernel by kernel
        return prod(shape_in) * (layer.out_channels // layer.groups) * prod(layer.kernel_size)
    if isinstance(layer, nn.Linear):  # an output value is a sum over the inputs
        return prod(shape_out) * layer.in_features
    return 0
