"""A copy of a network that can only predict, and does so faster."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from catdog_lib.inspect.hooks import LayerCall, named_calls
from catdog_lib.models import Backbone, Normalize
from catdog_lib.models.backbones.same_padding import SameConv2d

# Bytes of the largest maps of a stage, of all images that it computes at once. With half as many,
# three networks were up to 16% slower, with twice as many up to 10% (docs/measurements.md).
CACHE = 8_000_000


def optimize_for_inference(
    backbone: Backbone, size: int, device: torch.device, dtype: torch.dtype
) -> nn.Module:
    """Return a fast copy of a backbone: uint8 images, N×3×size×size  →  features, N×D ``dtype``.

    BatchNorm is folded into the convolutions, and all of it is computed in ``dtype``, channels
    last. (Autocast would turn each weight and map into ``dtype`` and back.) On a CPU each stage
    computes a few images at a time, of however many are given.
    """
    copy = deepcopy(backbone).eval().requires_grad_(False).to(device)
    calls = named_calls(copy.body, torch.zeros(2, 3, size, size, device=device))
    fold(copy.body, calls)
    _pad_kernels(copy.body, calls)
    body = copy.body.to(dtype, memory_format=torch.channels_last)
    if device.type == "cpu":
        body = InCache(body, calls, dtype)
    return nn.Sequential(_Normalize(copy.normalize, dtype).to(device), body)


class _Normalize(nn.Module):
    """Normalization of bytes, computed in ``dtype``. Bytes are exact in bfloat16."""

    def __init__(self, plain: Normalize, dtype: torch.dtype):
        super().__init__()
        self.register_buffer("mean", (255 * plain.mean).to(dtype))
        self.register_buffer("scale", (1 / (255 * plain.std)).to(dtype))

    def forward(self, images: Tensor) -> Tensor:
        """Return (images − mean) / standard deviation, channels last."""
        # In the layout of the images, where one number serves for a whole map; channels last, with
        # three of them in turn, it took three times as long in float32 and eight in bfloat16.
        values = images.to(self.mean.dtype).sub_(self.mean).mul_(self.scale)
        return values.contiguous(memory_format=torch.channels_last)


class InCache(nn.Module):
    """Stages of a network, each of which computes so few images at once that a cache holds them.

    Early stages have large maps: with eight photos of 224 pixels they wait for memory. Late ones
    have small maps, and need many images to keep all cores at work.

    Args:
        stages: one after the other.
        calls: of their layers, for images of the size that they are for.
        dtype: the number format of the maps.
    """

    def __init__(self, stages: nn.Sequential, calls: list[LayerCall], dtype: torch.dtype):
        super().__init__()
        self.stages = stages
        self.counts = dict.fromkeys(dict(stages.named_children()), CACHE)
        for call in calls:
            stage = call.name.partition(".")[0]
            map_bytes = call.output[0].numel() * dtype.itemsize
            self.counts[stage] = max(1, min(self.counts[stage], CACHE // map_bytes))

    def forward(self, maps: Tensor) -> Tensor:
        for name, stage in self.stages.named_children():
            maps = torch.cat([stage(few) for few in maps.split(self.counts[name])])
        return maps


def fold(network: nn.Module, calls: list[LayerCall]) -> None:
    """Fold every BatchNorm that directly follows a convolution into it, in place.

    In evaluation mode BatchNorm multiplies each channel by a number and adds another; a convolution
    with its weights multiplied and its bias moved does the same at no cost.

    Args:
        network: in evaluation mode.
        calls: of its layers, which show what follows what.
    """
    made_by: dict[int, nn.Conv2d] = {}  # by the id of the map that a convolution made
    follows: dict[nn.BatchNorm2d, nn.Conv2d] = {}
    uses = Counter(call.layer for call in calls)
    for call in calls:  # they hold the maps, so no two share an id, but a map changed in place
        before = made_by.pop(id(call.inputs[0]), None)
        if isinstance(call.layer, nn.Conv2d):
            made_by[id(call.output)] = call.layer
        elif before and isinstance(call.layer, nn.BatchNorm2d):
            follows[call.layer] = before

    once = {layer: conv for layer, conv in follows.items() if uses[layer] == uses[conv] == 1}
    for layer, conv in once.items():
        folded = fuse_conv_bn_eval(conv, layer)
        conv.weight, conv.bias = folded.weight, folded.bias
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if child in once:
                setattr(parent, name, nn.Identity())


def _pad_kernels(network: nn.Module, calls: list[LayerCall]) -> None:
    """Replace every convolution that pads its maps by one with a padded kernel, in place."""
    for call in calls:
        if isinstance(call.layer, SameConv2d):
            parent, _, name = call.name.rpartition(".")
            convolution = call.layer.for_size(call.inputs[0].shape[2:])
            setattr(network.get_submodule(parent), name, convolution.requires_grad_(False))
