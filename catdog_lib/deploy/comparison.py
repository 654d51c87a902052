"""Compare an exported network with the one it was made from: the same outputs? how fast?"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from catdog_lib.bench.rounds import seconds_in_turns
from catdog_lib.deploy.runtime import ExportedNetwork
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import evaluating

TOLERANCE = 1e-4
_ROUNDS = 5


@torch.no_grad()
def check_same_outputs(
    network: nn.Module, exported: ExportedNetwork, images: Tensor, path: Path
) -> dict[str, float]:
    """Return the largest difference of each output from the network's own.

    Differences are fractions of the output's largest value, if that is above 1: rounding errors
    grow with the numbers. The images go through once all together and once the first alone, since
    the file promises to take any number.

    Args:
        network: images, N×3×H×W → outputs by name; in evaluation mode.
        exported: the same, from the file.
        images: float32 in [0, 1].
        path: of the file, to be named in the error.

    Raises:
        CatdogError: a difference is above :data:`TOLERANCE`, or not finite, or the shapes differ.
    """
    differences: dict[str, float] = {}
    for batch in (images, images[:1]):
        theirs = exported(batch)
        for name, ours in network(batch).items():
            difference = _largest_difference(theirs[name], ours)
            if not difference <= TOLERANCE:  # NaN, too
                raise CatdogError(
                    f"{str(path)!r} was not written, since its {name} differ from the network's by "
                    f"{difference:.2g}, where {TOLERANCE} is allowed; use the other format, or "
                    "other layers."
                )
            differences[name] = max(difference, differences.get(name, 0.0))
    return differences


def _largest_difference(theirs: Tensor, ours: Tensor) -> float:
    """Return the largest difference, relative to the largest value where that is above 1."""
    if theirs.shape != ours.shape:
        return float("inf")
    return float((theirs - ours).abs().max() / ours.abs().max().clamp(min=1))


@torch.inference_mode()
def images_per_second(
    model: nn.Module, exported: ExportedNetwork, images: Tensor
) -> dict[str, float]:
    """Time the network and its exported form alternately, with the same number of threads.

    Returns:
        "pytorch" and "exported" → images a second, of the shortest of five rounds after one that
        sets things up. Both compute in float32 on the CPU. The network's weights are left in
        channels-last memory, in which its convolutions are fastest.
    """
    ours = model.to(memory_format=torch.channels_last)
    channels_last = images.to(memory_format=torch.channels_last)
    ways = {"pytorch": lambda: ours(channels_last), "exported": lambda: exported(images)}
    with evaluating(model):
        taken = seconds_in_turns(ways, 1 + _ROUNDS, torch.device("cpu"))
    return {name: len(images) / min(seconds[1:]) for name, seconds in taken.items()}
