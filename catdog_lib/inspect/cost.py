"""What a network costs: memory, multiply-adds, time.

Lesson 05, section 7.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from catdog_lib.device import device_of, synchronize
from catdog_lib.inspect.hooks import evaluating
from catdog_lib.inspect.shape_table import shape_table

_TIMED_PASSES = 5


@dataclass(frozen=True)
class Cost:
    """What one network costs for prediction.

    Attributes:
        parameters: numbers that it learns.
        bytes: of these and of its buffers, such as BatchNorm's statistics.
        multiply_adds: for one image.
        images_per_second: measured, on the device that the network is on.
    """

    parameters: int
    bytes: int
    multiply_adds: int
    images_per_second: float


def cost(model: nn.Module, images: Tensor) -> Cost:
    """Count what the model computes and time it on ``images`` (N×3×H×W), as for prediction.

    The time is the shortest of five passes after one that sets things up. Zeros among the weights
    are multiplied like other numbers: only a smaller network takes fewer multiply-adds. The model's
    weights are left in channels-last memory, in which convolutions are fastest.
    """
    device = device_of(model)
    model.to(memory_format=torch.channels_last)
    images = images.to(device, memory_format=torch.channels_last)
    times = []
    with evaluating(model), torch.inference_mode():
        for _ in range(1 + _TIMED_PASSES):
            start = time.perf_counter()
            model(images)
            synchronize(device)
            times.append(time.perf_counter() - start)
    tensors = [*model.parameters(), *model.buffers()]
    return Cost(
        sum(parameter.numel() for parameter in model.parameters()),
        sum(tensor.numel() * tensor.element_size() for tensor in tensors),
        sum(use.multiply_adds for use in shape_table(model, images)),
        len(images) / min(times[1:]),
    )
