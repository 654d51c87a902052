"""Time several networks alternately, so that whatever else the machine does disturbs all alike.

Lesson 06, section 3.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from catdog_lib.device import release_freed_memory, synchronize
from catdog_lib.inspect.hooks import evaluating, forward_hooks

_LARGE = 10_000_000  # weights of a layer: 40 MB, which no cache of a processor holds


@torch.inference_mode()
def time_in_turns(
    networks: Mapping[str, tuple[Callable[[], nn.Module], Tensor]], rounds: int = 3
) -> dict[str, float]:
    """Return the seconds that each network takes for an image, as for prediction.

    In each round every network has one turn. The shortest turn counts, since other programs can
    only slow a turn down; a first round, which sets things up, does not. A network is made for its
    turn, so that one of them is in memory at a time. Of its largest layers, too, one is in memory
    at a time: it gets its weights just before it computes, and the clock stands still meanwhile.

    Args:
        networks: name → a function that makes a network, and a batch of images for it, N×3×H×W. The
            weights are in channels-last memory, in which convolutions are fastest.
        rounds: how many turns of each count.
    """
    shortest = dict.fromkeys(networks, float("inf"))
    for number in range(1 + rounds):
        for name, (make, images) in networks.items():
            with torch.device("meta"):
                network = make()
            images = images.to(memory_format=torch.channels_last)
            with evaluating(network):
                seconds = _seconds(network, images) / len(images)
            if number:
                shortest[name] = min(shortest[name], seconds)
            del network
            release_freed_memory()
    return shortest


def _seconds(network: nn.Module, images: Tensor) -> float:
    """Return how long a network without weights computes, once it has been given some."""
    aside = 0.0

    def set_aside(change: Callable[[nn.Module], None], layer: nn.Module) -> None:
        nonlocal aside
        synchronize(images.device)
        start = time.perf_counter()
        change(layer)
        synchronize(images.device)
        aside += time.perf_counter() - start

    def give(layer: nn.Module) -> None:
        _give_weights(layer, images.device)

    large = [name for name, layer in network.named_modules() if _is_large(layer)]
    for name, layer in network.named_modules():
        if name not in large:
            give(layer)
    with forward_hooks(
        network,
        before=lambda _, layer: set_aside(give, layer),
        after=lambda call: set_aside(_take_weights, call.layer),
        layers=large,
    ):
        synchronize(images.device)  # a GPU may still be filling the weights
        start = time.perf_counter()
        network(images)
        synchronize(images.device)
        return time.perf_counter() - start - aside


def _is_large(layer: nn.Module) -> bool:
    return any(weights.numel() > _LARGE for weights in layer.parameters(recurse=False))


def _give_weights(layer: nn.Module, device: torch.device) -> None:
    """Give a layer weights on a device that are all alike.

    The time does not depend on their values, and drawing 138 million of them takes seconds.
    """
    layer.to_empty(device=device, recurse=False).to(memory_format=torch.channels_last)
    for tensor in (*layer.parameters(recurse=False), *layer.buffers(recurse=False)):
        tensor.fill_(0.01)


def _take_weights(layer: nn.Module) -> None:
    layer.to_empty(device="meta")
    release_freed_memory()
