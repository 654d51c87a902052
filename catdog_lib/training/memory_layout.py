"""In which order a network's maps lie in memory while it trains: all channels of a pixel, or maps.

"Channels last" keeps the channels of a pixel side by side (N×H×W×C), "channels first" one whole map
after the other (N×C×H×W). Convolutions, BatchNorm and pooling are nearly always faster channels
last. There is one case in which they are not: in float32 on a CPU with AVX2 but not AVX-512, the
gradient of the weights of a convolution with hundreds of channels on large maps, which took 2.4 to
2.6 times as long (docs/measurements.md).
"""

from __future__ import annotations

import time
from copy import deepcopy

import torch
from torch import Tensor, nn

from catdog_lib.inspect.hooks import named_calls

LAST, FIRST = torch.channels_last, torch.contiguous_format
LARGE = 1e9  # multiply-adds for one image; below that no layer here was faster channels first
GAIN = 0.8  # channels first must take less than this share of the time, lest chance decide


def fast_layout(model: nn.Module, images: Tensor, dtype: torch.dtype) -> torch.memory_format:
    """Return the layout in which this network trains faster: channels last, or channels first.

    A convolution may take a billion multiply-adds or more for an image. If the network has one, and
    computes in float32 on a CPU, the largest is timed both ways, which takes as long as a few steps
    on one image.

    Args:
        model: as it will be trained.
        images: N×3×H×W; the first one is used.
        dtype: the number format of the convolutions.
    """
    if images.device.type != "cpu" or dtype != torch.float32:
        return LAST
    pixels = images.shape[2] * images.shape[3]
    large = [
        name
        for name, layer in model.named_modules()
        if isinstance(layer, nn.Conv2d) and layer.weight.numel() * pixels >= LARGE
    ]
    if not large:
        return LAST
    calls = named_calls(model, images[:1], large)
    sizes = [call.layer.weight.numel() * call.output[0, 0].numel() for call in calls]
    cost, call = max(zip(sizes, calls, strict=True), key=lambda pair: pair[0], default=(0, None))
    return FIRST if cost >= LARGE and layout_time(call.layer, call.inputs[0]) < GAIN else LAST


def layout_time(layer: nn.Module, maps: Tensor) -> float:
    """Return the time of a training step of a convolution, channels first relative to last.

    The shorter of two each, in turn, so that other programs on the machine disturb both alike.
    """
    seconds = {LAST: float("inf"), FIRST: float("inf")}
    for _ in range(2):
        for layout in seconds:
            copy = deepcopy(layer).to(memory_format=layout)
            inputs = maps.detach().to(memory_format=layout, copy=True).requires_grad_()
            start = time.perf_counter()
            with torch.enable_grad():
                copy(inputs).sum().backward()
            seconds[layout] = min(seconds[layout], time.perf_counter() - start)
    return seconds[FIRST] / seconds[LAST]
