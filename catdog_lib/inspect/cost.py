"""What a network costs: memory, multiply-adds, time."""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from catdog_lib.inspect.shape_table import shape_table

_TIMES = 5


@dataclass(frozen=True)
class Cost:
    """Of one network, for prediction.

    Attributes:
        parameters: numbers that it learns.
        bytes: of these and of its buffers, such as BatchNorm's statistics.
        multiply_adds: for one picture.
        pictures_per_second: measured, on the device that the network is on.
    """

    parameters: int
    bytes: int
    multiply_adds: int
    pictures_per_second: float


def cost(model: nn.Module, pictures: Tensor) -> Cost:
    """Count, and time the shortest of five passes over ``pictures`` (N×3×H×W) after one that sets
    things up.

    Zeros among the weights are multiplied like other numbers: only a smaller network takes fewer
    multiply-adds. The model is left in evaluation mode, its weights in channels-last memory, in
    which convolutions are fastest.
    """
    device = next(model.parameters()).device
    model.eval().to(memory_format=torch.channels_last)
    pictures = pictures.to(device, memory_format=torch.channels_last)
    times = []
    with torch.inference_mode():
        for _ in range(1 + _TIMES):
            start = time.perf_counter()
            model(pictures)
            if device.type != "cpu":
                torch.accelerator.synchronize(device)  # a GPU is only told what to do
            times.append(time.perf_counter() - start)
    tensors = [*model.parameters(), *model.buffers()]
    return Cost(
        sum(parameter.numel() for parameter in model.parameters()),
        sum(tensor.numel() * tensor.element_size() for tensor in tensors),
        sum(use.multiply_adds for use in shape_table(model, pictures[:1])),
        len(pictures) / min(times[1:]),
    )
