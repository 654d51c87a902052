"""What a network's convolutions read, and what becomes of their output: recorded on one picture."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import LayerCall, evaluating, forward_hooks

STEPS: dict[type[nn.Module], str] = {
    nn.BatchNorm2d: "BatchNorm",
    nn.ReLU: "ReLU",
    nn.ReLU6: "ReLU6",
    nn.SiLU: "SiLU",
    nn.Tanh: "tanh",
}


@dataclass(eq=False)
class Call:
    """One use of a convolution.

    Attributes:
        name: of the use, as :class:`catdog_lib.inspect.recorder.Recorder` has it: "deep.0.0", then
            "deep.0.0#2".
        layer: the convolution itself.
        inputs: C×H×W, the maps that it read.
        steps: BatchNorm and activations that took the output up, one after the other.
        maps: C×H×W, the output after all of them.
        end: name of the last step's use; the convolution's own where no step follows.
        reads_pixels: whether the inputs are the red, green and blue of the picture.
    """

    name: str
    layer: nn.Conv2d
    inputs: Tensor
    maps: Tensor
    end: str
    steps: list[nn.Module] = field(default_factory=list)
    reads_pixels: bool = False


def record(model: nn.Module, pictures: Tensor) -> tuple[list[Call], Tensor]:
    """Run the model as for prediction on pictures (N×3×H×W), and note every call of a convolution
    for the first.

    Returns:
        the calls in their order, and the logits of the first picture, one for each class.

    Raises:
        CatdogError: the model has no convolution, or its answer is not one row of logits.
    """
    calls: list[Call] = []
    ends: list[
        object
    ] = []  # of each call: the tensor that came out last, while nothing else took it

    def note(layer_call: LayerCall) -> None:
        name, module, inputs, output = layer_call
        if isinstance(module, nn.Conv2d):
            calls.append(Call(name, module, inputs[0][0], output[0], name))
            ends.append(output)
            return
        for i, call in enumerate(calls):
            if not inputs or inputs[0] is not ends[i]:
                continue
            if not _keeps_channels(module):
                ends[i] = None
                continue
            call.steps.append(module)
            call.maps, call.end, ends[i] = output[0], name, output

    device = next((parameter.device for parameter in model.parameters()), None)
    with evaluating(model), forward_hooks(model, note), torch.no_grad():
        logits = model(pictures.to(device))
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


def _keeps_channels(module: nn.Module) -> bool:
    """Whether each number that it makes comes from the one number at the same place and channel."""
    by_batch = isinstance(module, nn.BatchNorm2d) and module.running_mean is None
    return type(module) in STEPS and not by_batch
