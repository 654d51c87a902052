"""Which of a network's convolutions, and which of their channels, a page can hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from catdog_lib.errors import CatdogError
from catdog_lib.explore.feature_map_browser.record import Call
from catdog_lib.explore.receptive_field_viewer import settings_of
from catdog_lib.inspect.hooks import layer_name

MOST_LAYERS, MOST_CHANNELS, LARGEST_KERNEL = 6, 16, 7
FEWEST_CHANNELS, MOST_WEIGHTS = 4, 20_000  # of a layer


def chosen(
    calls: list[Call], layers: Sequence[str] | Mapping[str, Sequence[int]] | None
) -> list[tuple[Call, list[int]]]:
    """The calls to show and the channels of each.

    Raises:
        CatdogError: there is no such layer or channel, the browser cannot show it, or there are too
            many.
    """
    if layers is None:
        fit = [call for call in calls if _why_not(call) is None]
        fit = [call for call in fit if max(call.layer.kernel_size) > 1] or fit
        if not fit:
            raise CatdogError(
                f"None of the model's convolutions can be shown: {_why_not(calls[0])}"
            )
        count = min(MOST_LAYERS, len(fit))
        places = [round(i * (len(fit) - 1) / max(1, count - 1)) for i in range(count)]
        return [(fit[i], _most_varied(fit[i])) for i in places]
    names = {name for call in calls for name in (call.name, layer_name(call.name))}
    for name in layers:
        if name not in names:
            there = ", ".join(call.name for call in calls)
            raise CatdogError(f"The model uses no convolution {name!r}; it has {there}.")
    wanted = [call for call in calls if {call.name, layer_name(call.name)} & set(layers)]
    if not 1 <= len(wanted) <= MOST_LAYERS:
        raise CatdogError(f"layers asks for {len(wanted)} convolutions; pass 1 to {MOST_LAYERS}.")
    for call in wanted:
        if _why_not(call):
            raise CatdogError(_why_not(call))
    if not isinstance(layers, Mapping):
        return [(call, _most_varied(call)) for call in wanted]
    return [
        (call, _checked_channels(call, layers.get(call.name, layers.get(layer_name(call.name)))))
        for call in wanted
    ]


def _why_not(call: Call) -> str | None:
    """Why the browser cannot show this call; None if it can."""
    try:
        settings = settings_of(call.layer, call.name)
    except CatdogError as error:
        return str(error)
    if settings["kernel"] > LARGEST_KERNEL or call.layer.padding_mode != "zeros":
        return (
            f"{call.name} has a kernel of {settings['kernel']} and the padding "
            f"{call.layer.padding_mode!r}; the browser takes kernels up to {LARGEST_KERNEL} and "
            "zeros."
        )
    return None


def _most_varied(call: Call) -> list[int]:
    """The channels whose maps vary most; the larger the filters, the fewer, since each is all
    numbers.
    """
    count = min(MOST_CHANNELS, max(FEWEST_CHANNELS, MOST_WEIGHTS // call.layer.weight[0].numel()))
    spreads = call.maps.flatten(1).std(1, correction=0)
    return sorted(spreads.argsort(descending=True, stable=True)[:count].tolist())


def _checked_channels(call: Call, channels: Sequence[int]) -> list[int]:
    numbers, there = list(channels), call.layer.out_channels
    if not 1 <= len(numbers) <= MOST_CHANNELS or not set(numbers) <= set(range(there)):
        raise CatdogError(
            f"layers asks for the channels {numbers} of {call.name}; pass 1 to {MOST_CHANNELS} of "
            f"its numbers from 0 to {there - 1}."
        )
    return list(dict.fromkeys(numbers))


def fitting(packed: list[dict], room: int, may_drop: bool) -> list[dict]:
    """The layers, without the largest ones between the first and the last if there is no room for
    them (characters).

    Raises:
        CatdogError: a single one does not fit, or none may be dropped.
    """
    lengths = [len(json.dumps(layer)) for layer in packed]
    while may_drop and len(packed) > 1 and sum(lengths) > room:
        largest = max(range(len(packed))[1:-1] or (0, 1), key=lengths.__getitem__)
        packed = packed[:largest] + packed[largest + 1 :]
        del lengths[largest]
    if sum(lengths) > room:
        sizes = ", ".join(
            f"{layer['title']} {length // 1000:,} kB"
            for layer, length in zip(packed, lengths, strict=True)
        )
        raise CatdogError(
            f"The exact numbers of these layers are too much for a page ({sizes}; there is room "
            f"for {room // 1000:,} kB); pass fewer layers or a smaller picture."
        )
    return packed
