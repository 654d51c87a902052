"""A copy of a network that can only predict, and does so faster."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from catdog_lib.inspect.hooks import named_calls
from catdog_lib.models import Backbone, Normalize


def optimize_for_inference(
    backbone: Backbone, size: int, device: torch.device, dtype: torch.dtype
) -> nn.Module:
    """Return a fast copy of a backbone: uint8 images, N×3×size×size  →  features, N×D ``dtype``.

    BatchNorm is folded into the convolutions, and all of it is computed in ``dtype``, channels
    last. (Autocast would turn each weight and map into ``dtype`` and back.)
    """
    copy = deepcopy(backbone).eval().requires_grad_(False).to(device)
    fold(copy.body, torch.zeros(2, 3, size, size, device=device))
    copy.body.to(dtype, memory_format=torch.channels_last)
    return nn.Sequential(_Normalize(copy.normalize, dtype).to(device), copy.body)


class _Normalize(nn.Module):
    """Normalization of bytes, computed in ``dtype``. Bytes are exact in bfloat16."""

    def __init__(self, plain: Normalize, dtype: torch.dtype):
        super().__init__()
        self.register_buffer("mean", (255 * plain.mean).to(dtype))
        self.register_buffer("scale", (1 / (255 * plain.std)).to(dtype))

    def forward(self, images: Tensor) -> Tensor:
        """Return (images − mean) / standard deviation, channels last."""
        values = images.to(self.mean.dtype, memory_format=torch.channels_last)
        return values.sub_(self.mean).mul_(self.scale)


def fold(network: nn.Module, images: Tensor) -> None:
    """Fold every BatchNorm that directly follows a convolution into it, in place.

    In evaluation mode BatchNorm multiplies each channel by a number and adds another; a convolution
    with its weights multiplied and its bias moved does the same at no cost.

    Args:
        network: in evaluation mode.
        images: run through it once, to see what follows what.
    """
    made_by: dict[int, nn.Conv2d] = {}  # by the id of the map that a convolution made
    follows: dict[nn.BatchNorm2d, nn.Conv2d] = {}
    # ReLU, too: in place, it leaves a changed map under the same id.
    kinds = (nn.Conv2d, nn.BatchNorm2d, nn.ReLU, nn.ReLU6)
    names = [name for name, module in network.named_modules() if isinstance(module, kinds)]
    calls = named_calls(network, images, names)  # they hold the maps, so no two share an id
    uses = Counter(call.layer for call in calls)
    for call in calls:
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
