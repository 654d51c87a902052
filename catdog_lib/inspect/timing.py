"""Time several networks alternately, so that whatever else the machine does disturbs all alike.

Lesson 06, section 3.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from catdog_lib.inspect.hooks import evaluating


@torch.inference_mode()
def time_in_turns(
    networks: Mapping[str, tuple[nn.Module, Tensor]], rounds: int = 3
) -> dict[str, float]:
    """Return the seconds that each network takes for an image, as for prediction.

    In each round every network has one turn. The shortest turn counts, since other programs can
    only slow a turn down; a first round, which sets things up, does not.

    Args:
        networks: name → a network and a batch of images for it, N×3×H×W. The weights are left in
            channels-last memory, in which convolutions are fastest.
        rounds: how many turns of each count.
    """
    shortest = dict.fromkeys(networks, float("inf"))
    for number in range(1 + rounds):
        for name, (network, images) in networks.items():
            network.to(memory_format=torch.channels_last)
            images = images.to(memory_format=torch.channels_last)
            with evaluating(network):
                start = time.perf_counter()
                network(images)
                if images.device.type != "cpu":
                    torch.accelerator.synchronize(images.device)  # wait for the GPU
                seconds = (time.perf_counter() - start) / len(images)
            if number:
                shortest[name] = min(shortest[name], seconds)
    return shortest
