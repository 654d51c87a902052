"""A copy of a network that can only predict, and does so several times as fast."""

from __future__ import annotations

from collections import Counter
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from catdog_lib.models import Backbone, Normalize
from catdog_lib.models.efficientnet_lite import SameConv2d

# What oneDNN calls an activation that it computes while a convolution's results are still in the processor.
_ONE_DNN: dict[type[nn.Module], tuple[str, list[float]]] = {
    nn.ReLU: ("relu", []),
    nn.ReLU6: ("hardtanh", [0.0, 6.0]),
}


def for_prediction(
    backbone: Backbone, size: int, device: torch.device, dtype: torch.dtype
) -> nn.Module:
    """A copy of a backbone, made for speed: uint8 pictures, N×3×size×size  →  features, N×D in ``dtype``.

    BatchNorm is folded into the convolutions, and so is ReLU where oneDNN is there to do it; padding costs no copy;
    all of it is computed in ``dtype``. (Autocast would turn each weight and map into ``dtype`` and back.)
    """
    copy = deepcopy(backbone).eval().requires_grad_(False).to(device)
    turned = any(isinstance(layer, SameConv2d) for layer in copy.modules())
    if turned:
        _turn(copy.body)
    one_dnn = device.type == "cpu" and torch.backends.mkldnn.is_available()
    fold(copy.body, torch.zeros(2, 3, size, size, device=device), one_dnn)
    copy.body.to(dtype, memory_format=torch.channels_last)
    first = _Normalize(copy.normalize, turned, dtype).to(device)
    return nn.Sequential(first, copy.body)


class _Normalize(nn.Module):
    """Normalises bytes in ``dtype``, and turns the pictures by 180° if asked. Bytes are exact in bfloat16."""

    def __init__(self, plain: Normalize, turned: bool, dtype: torch.dtype):
        super().__init__()
        self.register_buffer("mean", (255 * plain.mean).to(dtype))
        self.register_buffer("scale", (1 / (255 * plain.std)).to(dtype))
        self.turned = turned

    def forward(self, pictures: Tensor) -> Tensor:
        if self.turned:
            pictures = pictures.flip(2, 3)
        values = pictures.to(self.mean.dtype, memory_format=torch.channels_last)
        return values.sub_(self.mean).mul_(self.scale)


def fold(network: nn.Module, pictures: Tensor, one_dnn: bool = False) -> None:
    """Fold every BatchNorm that directly follows a convolution into it, in place; with ``one_dnn`` ReLU, too.

    In evaluation mode BatchNorm multiplies each channel by a number and adds another; a convolution with its weights
    multiplied and its bias moved does the same at no cost.

    Args:
        network: in evaluation mode.
        pictures: run through it once, to see what follows what.
    """
    # A convolution by the id of the map that it made, or that BatchNorm made of that.
    convolutions: dict[int, nn.Conv2d] = {}
    alive: list[Tensor] = []  # while a map lives, no other has its id
    follows: dict[nn.Module, nn.Conv2d] = {}
    uses: Counter[nn.Module] = Counter()

    def note(layer: nn.Module, inputs: tuple[Tensor], output: Tensor) -> None:
        alive.append(output)
        uses[layer] += 1
        before = convolutions.pop(id(inputs[0]), None)
        if isinstance(layer, nn.Conv2d):
            convolutions[id(output)] = layer
        elif before and isinstance(layer, nn.BatchNorm2d):
            follows[layer] = convolutions[id(output)] = before
        elif before and one_dnn and type(layer) in _ONE_DNN:
            follows[layer] = before

    kinds = (nn.Conv2d, nn.BatchNorm2d, *_ONE_DNN)
    handles = [m.register_forward_hook(note) for m in network.modules() if isinstance(m, kinds)]
    with torch.no_grad():
        network(pictures)
    for handle in handles:
        handle.remove()

    once = {layer: conv for layer, conv in follows.items() if uses[layer] == uses[conv] == 1}
    for layer, conv in once.items():
        if isinstance(layer, nn.BatchNorm2d):
            folded = fuse_conv_bn_eval(conv, layer)
            conv.weight, conv.bias = folded.weight, folded.bias
    activations = {conv: layer for layer, conv in once.items() if type(layer) in _ONE_DNN}
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if child in once:
                setattr(parent, name, nn.Identity())
            elif one_dnn and isinstance(child, nn.Conv2d):
                setattr(parent, name, _OneDNNConv2d(child, activations.get(child)))


class _OneDNNConv2d(nn.Module):
    """A convolution with its activation, in one go through the map. It is what ``torch.compile`` makes of the two."""

    def __init__(self, layer: nn.Conv2d, activation: nn.Module | None):
        super().__init__()
        self.weight, self.bias = layer.weight, layer.bias
        self.geometry = (layer.padding, layer.stride, layer.dilation, layer.groups)
        self.activation = _ONE_DNN[type(activation)] if activation else ("none", [])

    def forward(self, maps: Tensor) -> Tensor:
        return torch.ops.mkldnn._convolution_pointwise(
            maps, self.weight, self.bias, *self.geometry, *self.activation, ""
        )


def _turn(network: nn.Module) -> None:
    """Turn every kernel by 180°, in place, for pictures that are turned, too: the maps come out turned.

    What TensorFlow pads more at the right and below is then at the left and above, where PyTorch's own padding has
    it: no map need be copied to be padded. The mean over a map does not see that it is turned.
    """
    for parent in list(network.modules()):
        for name, child in parent.named_children():
            if isinstance(child, nn.Conv2d):
                child.weight.data = child.weight.data.flip(2, 3)
            if isinstance(child, SameConv2d):
                plain = nn.Conv2d(
                    child.in_channels, child.out_channels, child.kernel_size, child.stride, child.padding,
                    groups=child.groups, bias=child.bias is not None, device="meta",
                )  # fmt: skip
                plain.weight, plain.bias = child.weight, child.bias
                setattr(parent, name, plain.eval())
