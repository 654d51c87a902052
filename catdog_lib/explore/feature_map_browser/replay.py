"""The values of a packed layer, computed again in float64: what the page computes in JavaScript."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.explore.convert import decode
from catdog_lib.explore.feature_map_browser.pack import unpack_maps

ACTIVATIONS = {
    "ReLU": torch.relu,
    "ReLU6": F.relu6,
    "SiLU": F.silu,
    "tanh": torch.tanh,
}


@dataclass(frozen=True)
class Arithmetic:
    """How one value of a feature map came about.

    Attributes:
        sources: the numbers of the C input channels that the filter reads.
        patch: C×k×k, what lies under the window; 0 in the padding.
        weights: C×k×k, the filter.
        sums: C: Σ patch × weights in each channel.
        bias: 0 where the layer has none.
        total: all sums and the bias: the output of the convolution.
        after: the name of each step that follows, and what it makes of the value.

    The tensors are float64.
    """

    sources: list[int]
    patch: Tensor
    weights: Tensor
    sums: Tensor
    bias: float
    total: float
    after: list[tuple[str, float]]


def filter_inputs(layer: dict, at: int) -> Tensor:
    """Return the maps that a filter reads, C×H×W.

    Args:
        layer: as :func:`catdog_lib.explore.feature_map_browser.pack.pack_layer` packs it.
        at: the filter's position among those of the layer that are shown; so in all functions here.
    """
    weights = filter_weights(layer, at)
    first = layer["sources"].index(layer["starts"][at])
    planes = layer["inputs"][first : first + len(weights)]
    return unpack_maps(planes, *layer["input_size"]).double()


def filter_weights(layer: dict, at: int) -> Tensor:
    """Return the weights of a filter, C×k×k."""
    filters = decode(layer["weights"]).double()
    return filters.view(len(layer["channels"]), -1, layer["kernel"], layer["kernel"])[at]


def filter_bias(layer: dict, at: int) -> float:
    """Return the bias of a filter; 0 where the layer has none."""
    return 0.0 if layer["bias"] is None else layer["bias"][at]


def feature_map(layer: dict, at: int, steps: int) -> Tensor:
    """Return the convolution's output after so many of its steps, H×W float32."""
    output = F.conv2d(
        filter_inputs(layer, at)[None],
        filter_weights(layer, at)[None],
        torch.tensor([filter_bias(layer, at)]).double(),
        layer["stride"],
        layer["padding"],
        layer["dilation"],
    )[0, 0]
    for step in layer["steps"][:steps]:
        output = apply_step(step, at, output)
    return output.float()


def arithmetic(layer: dict, at: int, row: int, column: int) -> Arithmetic:
    """Return one value of the map, from its beginning to its end."""
    weights = filter_weights(layer, at)
    padding, dilation, stride = layer["padding"], layer["dilation"], layer["stride"]
    padded = F.pad(filter_inputs(layer, at), [padding] * 4)
    extent = dilation * (layer["kernel"] - 1) + 1
    top, left = row * stride, column * stride
    patch = padded[:, top : top + extent : dilation, left : left + extent : dilation]
    sums = (patch * weights).sum((1, 2))
    value = sums.sum() + filter_bias(layer, at)
    total, after = value.item(), []
    for step in layer["steps"]:
        value = apply_step(step, at, value)
        after.append((step["name"], value.item()))
    start = layer["starts"][at]
    sources = list(range(start, start + len(sums)))
    return Arithmetic(sources, patch, weights, sums, filter_bias(layer, at), total, after)


def apply_step(step: dict, at: int, values: Tensor) -> Tensor:
    """Return what BatchNorm or an activation makes of values of the channel."""
    if step["name"] != "BatchNorm":
        return ACTIVATIONS[step["name"]](values)
    deviation = (step["variance"][at] + step["epsilon"]) ** 0.5
    return (values - step["mean"][at]) / deviation * step["scale"][at] + step["shift"][at]


def seen_span(field: Sequence | None, unit: int, size: int) -> tuple[int, int]:
    """Return the first and last pixel that a unit sees along one side.

    Args:
        field: jump, first and last of the layer; None where its units see everything.
        unit: the unit's row or column.
        size: pixels along the side.

    Returns:
        first and last; last < first where the unit sees nothing but padding.
    """
    if field is None:
        return 0, size - 1
    jump, first, last = field
    return max(0, int(first + jump * unit)), min(size - 1, int(last + jump * unit))
