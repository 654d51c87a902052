"""Which of a network's convolutions, and which of their channels, a page can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from catdog_lib.errors import CatdogError
from catdog_lib.explore.feature_map_browser.record import ConvCall
from catdog_lib.explore.receptive_field_viewer import layer_settings
from catdog_lib.inspect.hooks import layer_name

MOST_LAYERS, MOST_CHANNELS, LARGEST_KERNEL = 7, 16, 7
FEWEST_CHANNELS, MOST_WEIGHTS = 4, 20_000  # of a layer


def select_channels(
    calls: list[ConvCall], layers: Sequence[str] | Mapping[str, Sequence[int]] | None
) -> list[tuple[ConvCall, list[int]]]:
    """Return the calls to show and the channels of each.

    Args:
        calls: all calls of the model's convolutions.
        layers: names of convolutions or of calls, perhaps with channels; None for the browser's
            own choice.

    Raises:
        CatdogError: there is no such layer or channel, the browser cannot show it, or there are too
            many.
    """
    if layers is None:
        return [(call, _most_varied_channels(call)) for call in _spread_calls(calls)]
    wanted = _named_calls(calls, layers)
    if not isinstance(layers, Mapping):
        return [(call, _most_varied_channels(call)) for call in wanted]
    return [
        (call, _check_channels(call, layers.get(call.name, layers.get(layer_name(call.name)))))
        for call in wanted
    ]


def _spread_calls(calls: list[ConvCall]) -> list[ConvCall]:
    """Return at most seven calls, evenly spread, of kernels larger than 1×1 where there are any."""
    supported = [call for call in calls if _unsupported_reason(call) is None]
    supported = [call for call in supported if max(call.layer.kernel_size) > 1] or supported
    if not supported:
        raise CatdogError(
            f"None of the model's convolutions can be shown: {_unsupported_reason(calls[0])}"
        )
    count = min(MOST_LAYERS, len(supported))
    indices = [round(i * (len(supported) - 1) / max(1, count - 1)) for i in range(count)]
    return [supported[i] for i in indices]


def _named_calls(calls: list[ConvCall], layers: Sequence[str] | Mapping) -> list[ConvCall]:
    """Return the calls with these names, of the layer or of the call itself."""
    names = {name for call in calls for name in (call.name, layer_name(call.name))}
    for name in layers:
        if name not in names:
            there = ", ".join(call.name for call in calls)
            raise CatdogError(f"The model uses no convolution {name!r}; it has {there}.")
    wanted = [call for call in calls if {call.name, layer_name(call.name)} & set(layers)]
    if not 1 <= len(wanted) <= MOST_LAYERS:
        raise CatdogError(f"layers asks for {len(wanted)} convolutions; pass 1 to {MOST_LAYERS}.")
    for call in wanted:
        if reason := _unsupported_reason(call):
            raise CatdogError(reason)
    return wanted


def _unsupported_reason(call: ConvCall) -> str | None:
    """Return why the browser cannot show this call; None if it can."""
    try:
        settings = layer_settings(call.layer, call.name)
    except CatdogError as error:
        return str(error)
    if settings["kernel"] > LARGEST_KERNEL or call.layer.padding_mode != "zeros":
        return (
            f"{call.name} has a kernel of {settings['kernel']} and the padding "
            f"{call.layer.padding_mode!r}; the browser takes kernels up to {LARGEST_KERNEL} and "
            "zeros."
        )
    return None


def _most_varied_channels(call: ConvCall) -> list[int]:
    """Return the channels whose maps vary most; fewer where filters are large, as all is text."""
    count = min(MOST_CHANNELS, max(FEWEST_CHANNELS, MOST_WEIGHTS // call.layer.weight[0].numel()))
    spreads = call.maps.flatten(1).std(1, correction=0)
    return sorted(spreads.argsort(descending=True, stable=True)[:count].tolist())


def _check_channels(call: ConvCall, channels: Sequence[int]) -> list[int]:
    """Return the channels without repetition, if the layer has them."""
    numbers, there = list(channels), call.layer.out_channels
    if not 1 <= len(numbers) <= MOST_CHANNELS or not set(numbers) <= set(range(there)):
        raise CatdogError(
            f"layers asks for the channels {numbers} of {call.name}; pass 1 to {MOST_CHANNELS} of "
            f"its numbers from 0 to {there - 1}."
        )
    return list(dict.fromkeys(numbers))


def fit_budget(packed: list[dict], characters: int, may_drop: bool) -> list[dict]:
    """Return the layers that fit; if needed, without the largest between the first and the last.

    Args:
        packed: layers as :func:`catdog_lib.explore.feature_map_browser.pack.pack_layer` packs them.
        characters: the room on the page.
        may_drop: whether a layer may be left out.

    Raises:
        CatdogError: a single one does not fit, or none may be dropped.
    """
    lengths = [len(json.dumps(layer)) for layer in packed]
    while may_drop and len(packed) > 1 and sum(lengths) > characters:
        largest = max(range(len(packed))[1:-1] or (0, 1), key=lengths.__getitem__)
        packed = packed[:largest] + packed[largest + 1 :]
        del lengths[largest]
    if sum(lengths) > characters:
        sizes = ", ".join(
            f"{layer['title']} {length // 1000:,} kB"
            for layer, length in zip(packed, lengths, strict=True)
        )
        raise CatdogError(
            f"The exact numbers of these layers are too much for a page ({sizes}; there is room "
            f"for {characters // 1000:,} kB); pass fewer layers or a smaller image."
        )
    return packed
