"""Which channels of a layer are worth a look? A few that are selective, and unlike each other.

Lesson 07, section 3.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catdog_lib.device import device_of
from catdog_lib.inspect.hooks import evaluating
from catdog_lib.inspect.recorder import Recorder


@torch.no_grad()
def diverse_channels(model: nn.Module, images: Tensor, layer: str, count: int = 4) -> list[int]:
    """Return channels of a layer that are selective, and active at different places.

    The first is the most selective one: its largest value is the largest multiple of its mean. Each
    further one is, of the more selective half, the one whose maps, reduced to 4×4 regions,
    correlate least with those of the channels chosen before.

    Args:
        model: runs in evaluation mode, and is left as it was.
        images: N×3×H×W.
        layer: its name, such as "stages.0".
        count: how many channels; fewer if too few of them are alive.

    Raises:
        CatdogError: there is no such layer, or it gives no feature maps.
    """
    device = device_of(model)
    with evaluating(model), Recorder(model, [layer]) as recorder:
        model(images.to(device))
    maps = recorder.maps(layer).cpu().double()
    values = maps.transpose(0, 1).flatten(1)  # a row for each channel
    # A pixel beside the other one is the same place: compare the largest values in 4×4 regions.
    coarse = F.adaptive_max_pool2d(maps, 4).transpose(0, 1).flatten(1)
    selectivity = values.amax(1) / values.abs().mean(1).clamp(min=1e-9)
    alive = (values.amax(1) > values.amin(1)).nonzero()[:, 0]
    candidates = alive[selectivity[alive].argsort(descending=True)]
    candidates = candidates[: max(2 * count, len(candidates) // 2)]
    if not len(candidates):
        return []
    centred = coarse[candidates] - coarse[candidates].mean(1, keepdim=True)
    unit = centred / centred.norm(dim=1, keepdim=True).clamp(min=1e-12)
    correlation = (unit @ unit.T).abs()
    chosen = [0]
    while len(chosen) < min(count, len(candidates)):
        nearest = correlation[chosen].amax(0)
        nearest[chosen] = 2  # not again
        chosen.append(int(nearest.argmin()))
    return candidates[chosen].tolist()
