"""Which layers a network has, in the order in which they run, and which gives the last maps.

Lesson 07, section 1.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catdog_lib.device import device_of
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import LayerCall, named_calls


def layers_in_order(model: nn.Module, images: Tensor | None = None) -> list[LayerCall]:
    """Return the calls of all modules in the order in which they finish: a block after its layers.

    The model runs once as for prediction, on the first of the ``images`` (N×3×H×W), or on a black
    one of the size that the model is made for, and is left as it was.
    """
    device = device_of(model)
    if images is None:
        images = torch.zeros(1, 3, *2 * [_input_size(model)])
    inner = [name for name, _ in model.named_modules() if name]
    return named_calls(model, images[:1].to(device), inner)


def convolutions(model: nn.Module, images: Tensor | None = None) -> dict[str, nn.Conv2d]:
    """Return the convolutions by name, in the order in which they run.

    One that is called several times stands there for each call, as "deep.0.0", "deep.0.0#2" and so
    on: under the names that :class:`catdog_lib.inspect.recorder.Recorder` gives to its outputs.

    Args:
        images: N×3×H×W, of which the first is used; None takes the size that the model is made
            for.
    """
    calls = layers_in_order(model, images)
    return {call.name: call.layer for call in calls if isinstance(call.layer, nn.Conv2d)}


def last_feature_maps(model: nn.Module, images: Tensor | None = None) -> str:
    """Return the name of the layer that gives the last feature maps: where Grad-CAM looks.

    It is the last layer before places are lost: the last convolution with all that follows at the
    same size, such as BatchNorm, ReLU and the sum at the end of a residual block, whose last
    convolution alone would be only one of two branches.

    Raises:
        CatdogError: no convolution gives feature maps of more than one place.
    """
    calls = layers_in_order(model, images)
    sizes = [_map_size(call) for call in calls]
    mapped = [i for i, call in enumerate(calls) if isinstance(call.layer, nn.Conv2d) and sizes[i]]
    if not mapped:
        raise CatdogError(
            "This model has no convolution that gives feature maps of more than one place; pass "
            "larger images, or a model with convolutions."
        )
    last = max(i for i in range(mapped[-1], len(calls)) if sizes[i] == sizes[mapped[-1]])
    # A container that ends with this very layer only passes on its output.
    while last and _passes_on(calls[last - 1], calls[last]):
        last -= 1
    return calls[last].name


def _passes_on(inner: LayerCall, outer: LayerCall) -> bool:
    return outer.output is inner.output and inner.layer in set(outer.layer.modules())


def _map_size(call: LayerCall) -> tuple[int, int] | None:
    """Return height and width of the feature maps, or None if the output has no places."""
    output = call.output
    if not isinstance(output, Tensor) or output.ndim != 4 or output.shape[2:].numel() == 1:
        return None
    return tuple(output.shape[2:])


def _input_size(model: nn.Module) -> int:
    """Return the height and width of the images that the model is made for, 224 if unknown."""
    if size := getattr(model, "settings", {}).get("size"):
        return size
    return next((m.input_size for m in model.modules() if hasattr(m, "input_size")), 224)
