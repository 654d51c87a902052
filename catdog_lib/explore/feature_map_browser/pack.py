"""A layer's numbers as text that travels to a page: exact, and no longer than they have to be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from catdog_lib.explore.convert import decode, encode, heat_bytes
from catdog_lib.explore.feature_map_browser.record import STEP_NAMES, ConvCall
from catdog_lib.explore.receptive_field_viewer import layer_settings
from catdog_lib.inspect.field_tracer import FieldSpan
from catdog_lib.inspect.receptive_field import UnitFields


def pack_maps(maps: Tensor) -> list[dict]:
    """Return C×H×W float32 as one dictionary per channel, without loss.

    A channel with at most 256 different values, as the pixels of a photo have, travels as these
    values (``table``) and one byte per place (``index``); another one as its ``values``.
    """
    planes = []
    for plane in maps.detach().float().cpu():
        table, index = plane.unique(return_inverse=True)
        if len(table) <= 256 and 4 * len(table) < 3 * index.numel():
            planes.append({"table": encode(table), "index": encode(index.to(torch.uint8))})
        else:
            planes.append({"values": encode(plane)})
    return planes


def unpack_maps(planes: list[dict], height: int, width: int) -> Tensor:
    """Return the C×H×W float32 maps that :func:`pack_maps` was given."""
    maps = [
        decode(plane["values"])
        if "values" in plane
        else decode(plane["table"])[decode(plane["index"], "|u1").long()]
        for plane in planes
    ]
    return torch.stack(maps).view(-1, height, width)


def pack_layer(
    call: ConvCall, channels: Sequence[int], fields: UnitFields | None, heatmaps: Tensor
) -> dict:
    """Return all that a page needs to show a convolution's channels and to compute their values.

    Args:
        call: the convolution and what it read.
        channels: numbers of output channels.
        fields: what the units see of the photo; None where that is unknown.
        heatmaps: for each class the Grad-CAM of the layer's maps, N×H×W.
    """
    layer = call.layer
    per_filter = layer.in_channels // layer.groups
    filters_in_group = layer.out_channels // layer.groups
    starts = [channel // filters_in_group * per_filter for channel in channels]
    sources = [start + i for start in sorted(set(starts)) for i in range(per_filter)]
    settings = layer_settings(layer, call.name)
    rows = list(channels)
    return {
        "title": call.name,
        "colour": call.reads_pixels,
        **{name: settings[name] for name in ("kernel", "stride", "padding", "dilation")},
        "sources": sources,
        "input_size": list(call.inputs.shape[1:]),
        "inputs": pack_maps(call.inputs[sources]),
        "channels": rows,
        "all_channels": layer.out_channels,
        "starts": starts,
        "size": list(call.maps.shape[1:]),
        "weights": encode(layer.weight[rows].float()),
        "bias": None if layer.bias is None else layer.bias[rows].tolist(),
        "steps": [_pack_step(step, rows) for step in call.steps],
        "fields": fields and [_pack_span(span) for span in (fields.vertical, fields.horizontal)],
        "heat": pack_heatmaps(call.name, heatmaps),
    }


def _pack_step(step: nn.Module, rows: list[int]) -> dict:
    """Return the name of a step and, of BatchNorm, the numbers of these channels."""
    name = {"name": STEP_NAMES[type(step)]}
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


def _pack_span(span: FieldSpan) -> list | None:
    """Return jump, first and last; None where the whole photo is seen."""
    return list(span) if math.isfinite(span.first) else None


def pack_heatmaps(title: str, heatmaps: Tensor) -> dict:
    """Return each class's heat map in bytes, where 255 is the map's largest value.

    Args:
        title: of the layer.
        heatmaps: N×H×W, not negative.
    """
    return {
        "title": title,
        "size": list(heatmaps.shape[1:]),
        "shares": [encode(share) for share in heat_bytes(heatmaps)],
    }
