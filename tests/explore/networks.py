"""A network and an image for the tests of the feature-map browser."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catdog_lib.inspect.recorder import Recorder

IMAGE = (torch.arange(3 * 64 * 64) ** 2 % 251).view(3, 64, 64).to(torch.uint8)


def shaken(model: nn.Module) -> nn.Module:
    """Return the model with BatchNorms that do something, as after training."""
    torch.manual_seed(1)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            for numbers in (module.running_mean, module.running_var, module.weight, module.bias):
                if numbers is not None:
                    nn.init.uniform_(numbers, 0.5, 1.5)
    return model


def recorded(model: nn.Module) -> dict[str, Tensor]:
    """Return the output of each layer for the image, C×H×W."""
    model.eval()
    with Recorder(model) as seen, torch.no_grad():
        model(IMAGE[None])
    return {name: output[0] for name, output in seen.outputs.items()}
