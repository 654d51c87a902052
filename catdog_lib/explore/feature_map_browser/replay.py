"""The numbers of a packed layer, computed again in float64: what the page computes in
JavaScript.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.explore.feature_map_browser.pack import numbers_of, unpack

ACTIVATIONS = {
    "ReLU": torch.relu,
    "ReLU6": F.relu6,
    "SiLU": F.silu,
    "tanh": torch.tanh,
}


@dataclass(frozen=True)
class Arithmetic:
    """How one number of a feature map came about.

    Attributes:
        sources: the numbers of the C input channels that the filter reads.
        patch: C×k×k, what lies under the window; 0 in the padding.
        weights: C×k×k, the filter.
        sums: C: Σ patch × weights in each channel.
        bias: 0 where the layer has none.
        total: all sums and the bias: what the convolution gives.
        after: the name of each step that follows, and what it makes of the number.

    The tensors are float64.
    """

    sources: list[int]
    patch: Tensor
    weights: Tensor
    sums: Tensor
    bias: float
    total: float
    after: list[tuple[str, float]]


def inputs_of(layer: dict, at: int) -> Tensor:
    """C×H×W, the maps that the filter reads; ``at`` is its position among those of the layer that
    are shown.
    """
    weights = weights_of(layer, at)
    first = layer["sources"].index(layer["starts"][at])
    planes = layer["inputs"][first : first + len(weights)]
    return unpack(planes, *layer["input_size"]).double()


def weights_of(layer: dict, at: int) -> Tensor:
    """C×k×k, the filter."""
    filters = numbers_of(layer["weights"]).double()
    return filters.view(len(layer["channels"]), -1, layer["kernel"], layer["kernel"])[at]


def bias_of(layer: dict, at: int) -> float:
    """0 where the layer has none."""
    return 0.0 if layer["bias"] is None else layer["bias"][at]


def map_of(layer: dict, at: int, steps: int) -> Tensor:
    """H×W float32: the convolution's output after so many of its steps."""
    output = F.conv2d(
        inputs_of(layer, at)[None],
        weights_of(layer, at)[None],
        torch.tensor([bias_of(layer, at)]).double(),
        layer["stride"],
        layer["padding"],
        layer["dilation"],
    )[0, 0]
    for step in layer["steps"][:steps]:
        output = after_step(step, at, output)
    return output.float()


def arithmetic(layer: dict, at: int, row: int, column: int) -> Arithmetic:
    """One number of the map, from its beginning to its end."""
    weights = weights_of(layer, at)
    padding, dilation, stride = layer["padding"], layer["dilation"], layer["stride"]
    padded = F.pad(inputs_of(layer, at), [padding] * 4)
    reach = dilation * (layer["kernel"] - 1) + 1
    top, left = row * stride, column * stride
    patch = padded[:, top : top + reach : dilation, left : left + reach : dilation]
    sums = (patch * weights).sum((1, 2))
    value = sums.sum() + bias_of(layer, at)
    total, after = value.item(), []
    for step in layer["steps"]:
        value = after_step(step, at, value)
        after.append((step["name"], value.item()))
    start = layer["starts"][at]
    return Arithmetic(
        list(range(start, start + len(sums))),
        patch,
        weights,
        sums,
        bias_of(layer, at),
        total,
        after,
    )


def after_step(step: dict, at: int, value: Tensor) -> Tensor:
    """What BatchNorm or an activation makes of numbers of the channel."""
    if step["name"] != "BatchNorm":
        return ACTIVATIONS[step["name"]](value)
    spread = (step["variance"][at] + step["epsilon"]) ** 0.5
    return (value - step["mean"][at]) / spread * step["scale"][at] + step["shift"][at]


def span(reach: Sequence | None, unit: int, size: int) -> tuple[int, int]:
    """First and last of ``size`` pixels that a unit sees; last < first where it sees nothing but
    padding.
    """
    if reach is None:
        return 0, size - 1
    jump, first, last = reach
    return max(0, int(first + jump * unit)), min(size - 1, int(last + jump * unit))
