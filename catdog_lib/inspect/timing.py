"""Time several networks alternately, so that whatever else the machine does disturbs all alike.

Lesson 06, section 3.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from catdog_lib.device import release_freed_memory, synchronize
from catdog_lib.inspect.hooks import evaluating


@torch.inference_mode()
def time_in_turns(
    networks: Mapping[str, tuple[Callable[[], nn.Module], Tensor]], rounds: int = 3
) -> dict[str, float]:
    """Return the seconds that each network takes for an image, as for prediction.

    In each round every network has one turn. The shortest turn counts, since other programs can
    only slow a turn down; a first round, which sets things up, does not. A network is made for its
    turn, so that one of them is in memory at a time.

    Args:
        networks: name → a function that makes a network, and a batch of images for it, N×3×H×W. The
            weights are in channels-last memory, in which convolutions are fastest.
        rounds: how many turns of each count.
    """
    shortest = dict.fromkeys(networks, float("inf"))
    for number in range(1 + rounds):
        for name, (make, images) in networks.items():
            network = _with_any_weights(make, images.device)
            images = images.to(memory_format=torch.channels_last)
            with evaluating(network):
                synchronize(images.device)  # a GPU may still be filling the weights
                start = time.perf_counter()
                network(images)
                synchronize(images.device)
                seconds = (time.perf_counter() - start) / len(images)
            if number:
                shortest[name] = min(shortest[name], seconds)
            del network
            release_freed_memory()
    return shortest


def _with_any_weights(make: Callable[[], nn.Module], device: torch.device) -> nn.Module:
    """Return a network on a device whose weights are all alike.

    The time does not depend on their values, and drawing 138 million of them takes seconds.
    """
    with torch.device("meta"):
        network = make()
    network.to_empty(device=device).to(memory_format=torch.channels_last)
    for tensor in (*network.parameters(), *network.buffers()):
        tensor.fill_(0.01)
    return network
