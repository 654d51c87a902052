"""A layer's numbers as text that travels to a page: exact, and no longer than they have to be."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from catdog_lib.explore.feature_map_browser.record import STEPS, Call
from catdog_lib.explore.receptive_field_viewer import settings_of
from catdog_lib.inspect.field_tracer import FieldSpan
from catdog_lib.inspect.receptive_field import UnitFields


def text_of(numbers: Tensor) -> str:
    """float32 or uint8 numbers, byte by byte (little-endian), as text."""
    array = np.ascontiguousarray(numbers.detach().cpu().numpy())
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()


def numbers_of(text: str, dtype: str = "<f4") -> Tensor:
    """What :func:`text_of` was given, in one row."""
    return torch.from_numpy(np.frombuffer(base64.b64decode(text), dtype).astype(dtype[1:]))


def pack(maps: Tensor) -> list[dict]:
    """C×H×W float32 as one dictionary per channel, without loss.

    A channel with at most 256 different numbers, as the pixels of a photo have, travels as these
    numbers (``table``) and one byte per place (``at``); another one as its ``values``.
    """
    planes = []
    for plane in maps.detach().float().cpu():
        table, at = plane.unique(return_inverse=True)
        if len(table) <= 256 and 4 * len(table) < 3 * at.numel():
            planes.append({"table": text_of(table), "at": text_of(at.to(torch.uint8))})
        else:
            planes.append({"values": text_of(plane)})
    return planes


def unpack(planes: list[dict], height: int, width: int) -> Tensor:
    """The C×H×W numbers that :func:`pack` was given, float32."""
    maps = [
        numbers_of(plane["values"])
        if "values" in plane
        else numbers_of(plane["table"])[numbers_of(plane["at"], "|u1").long()]
        for plane in planes
    ]
    return torch.stack(maps).view(-1, height, width)


def pack_layer(
    call: Call, channels: Sequence[int], fields: UnitFields | None, heats: Tensor
) -> dict:
    """All that a page needs to show these output channels of a convolution and to compute their
    numbers again.

    Args:
        channels: numbers of output channels.
        fields: what the units see of the photo; None where that cannot be said.
        heats: for each class the Grad-CAM of the layer's maps, N×H×W.
    """
    layer = call.layer
    per_filter = layer.in_channels // layer.groups
    filters_in_group = layer.out_channels // layer.groups
    starts = [channel // filters_in_group * per_filter for channel in channels]
    sources = [start + i for start in sorted(set(starts)) for i in range(per_filter)]
    settings = settings_of(layer, call.name)
    rows = list(channels)
    return {
        "title": call.name,
        "colour": call.reads_pixels,
        **{name: settings[name] for name in ("kernel", "stride", "padding", "dilation")},
        "sources": sources,
        "input_size": list(call.inputs.shape[1:]),
        "inputs": pack(call.inputs[sources]),
        "channels": rows,
        "all_channels": layer.out_channels,
        "starts": starts,
        "size": list(call.maps.shape[1:]),
        "weights": text_of(layer.weight[rows].float()),
        "bias": None if layer.bias is None else layer.bias[rows].tolist(),
        "steps": [_packed_step(step, rows) for step in call.steps],
        "fields": fields and [_packed_reach(one) for one in (fields.vertical, fields.horizontal)],
        "heat": pack_heat(call.name, heats),
    }


def _packed_step(step: nn.Module, rows: list[int]) -> dict:
    name = {"name": STEPS[type(step)]}
    if not isinstance(step, nn.BatchNorm2d):
        return name
    weight, bias = step.weight, step.bias
    return name | {
        "mean": step.running_mean[rows].tolist(),
        "variance": step.running_var[rows].tolist(),
        "epsilon": step.eps,
        "scale": [1.0] * len(rows) if weight is None else weight[rows].tolist(),
        "shift": [0.0] * len(rows) if bias is None else bias[rows].tolist(),
    }


def _packed_reach(reach: FieldSpan) -> list | None:
    """Jump, first and last; None where the whole photo is seen."""
    return list(reach) if math.isfinite(reach.first) else None


def pack_heat(title: str, heats: Tensor) -> dict:
    """For each class a heat map, N×H×W, not negative; one byte for each place: 255 is the map's
    largest value.
    """
    largest = heats.amax((1, 2), keepdim=True).clamp(min=1e-30)
    shares = (255 * heats / largest).round().to(torch.uint8)
    return {
        "title": title,
        "size": list(heats.shape[1:]),
        "shares": [text_of(one) for one in shares],
    }
