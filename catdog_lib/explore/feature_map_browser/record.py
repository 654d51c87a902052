"""What a network's convolutions read, and what becomes of their output: recorded on one image."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from catdog_lib.device import device_of
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import LayerCall, evaluating, forward_hooks

STEP_NAMES: dict[type[nn.Module], str] = {
    nn.BatchNorm2d: "BatchNorm",
    nn.ReLU: "ReLU",
    nn.ReLU6: "ReLU6",
    nn.SiLU: "SiLU",
    nn.Tanh: "tanh",
}


@dataclass(eq=False)
class ConvCall:
    """One call of a convolution.

    Attributes:
        name: of the call, as :class:`catdog_lib.inspect.recorder.Recorder` has it: "deep.0.0", then
            "deep.0.0#2".
        layer: the convolution itself.
        inputs: C×H×W, the maps that it read.
        steps: BatchNorm and activations that took the output up, one after the other.
        maps: C×H×W, the output after all of them.
        last_name: the call of the last step; the convolution's own name where no step follows.
        reads_pixels: whether the inputs are the red, green and blue of the image.
    """

    name: str
    layer: nn.Conv2d
    inputs: Tensor
    maps: Tensor
    last_name: str
    steps: list[nn.Module] = field(default_factory=list)
    reads_pixels: bool = False


def record(model: nn.Module, images: Tensor) -> tuple[list[ConvCall], Tensor]:
    """Run the model in evaluation mode, and record every call of a convolution on the first image.

    Args:
        model: takes images and returns logits.
        images: N×3×H×W.

    Returns:
        the calls in their order, and the logits of the first image, one for each class.

    Raises:
        CatdogError: the model has no convolution, or does not return one row of logits per image.
    """
    calls: list[ConvCall] = []
    # Of each call: the tensor that came out last; None once something else took it.
    ends: list[object] = []

    def note(layer_call: LayerCall) -> None:
        name, module, inputs, output = layer_call
        if isinstance(module, nn.Conv2d):
            calls.append(ConvCall(name, module, inputs[0][0], output[0], name))
            ends.append(output)
            return
        for i, call in enumerate(calls):
            if not inputs or inputs[0] is not ends[i]:
                continue
            if not _is_elementwise(module):
                ends[i] = None
                continue
            call.steps.append(module)
            call.maps, call.last_name, ends[i] = output[0], name, output

    device = device_of(model)
    with evaluating(model), forward_hooks(model, note), torch.no_grad():
        logits = model(images.to(device))
    if not calls:
        raise CatdogError(
            "The model has no nn.Conv2d and so no feature maps; pass a convolutional network."
        )
    if logits.ndim != 2:
        raise CatdogError(
            f"The model answers with the shape {tuple(logits.shape)}; it has to give logits, "
            "N×classes."
        )
    calls[0].reads_pixels = len(calls[0].inputs) == 3
    return calls, logits[0]


def _is_elementwise(module: nn.Module) -> bool:
    """Return whether each output comes from the one input at the same place and channel."""
    uses_batch = isinstance(module, nn.BatchNorm2d) and module.running_mean is None
    return type(module) in STEP_NAMES and not uses_batch
