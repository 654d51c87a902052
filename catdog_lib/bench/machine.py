"""What the machine can do at most: how fast it convolves, and how fast it moves memory."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import torch
from torch import nn

from catdog_lib.device import keep_freed_memory, synchronize

# Channels, height and width of 3×3 convolutions from different places of a network: none is the
# fastest everywhere.
CONVOLUTIONS = ((64, 64), (128, 56), (256, 56), (256, 28), (512, 28), (512, 14))
# Multiply-adds of one measurement, and bytes of one copy, which no cache holds: on a CPU and on a
# GPU.
_WORK = ((2e10, 2**28), (2e12, 2**30))
_MOST_VALUES = 2**29  # of a map: a small GPU has room for it, and 32 bits can count them
_REPEATS = 8  # on a GPU, where starting the work once and waiting for it takes too long beside it


class Machine:
    """Measures the limits of a device, with all its threads.

    Args:
        device: where to compute.
        dtype: number format of the convolutions.
        work: how much to do in each measurement; 1 takes much longer than starting it.
    """

    def __init__(self, device: str, dtype: torch.dtype, work: float):
        keep_freed_memory()
        self.device, self.dtype = torch.device(device), dtype
        self.macs, self.copied = (work * most for most in _WORK[self.device.type != "cpu"])

    def round(self) -> tuple[float, float]:
        """Return multiply-adds a second of the fastest convolution, and bytes a second of a copy.

        The bytes are those that a large copy reads and writes.
        """
        return max(self._convolution(*shape) for shape in CONVOLUTIONS), self._bandwidth()

    @torch.no_grad()
    def _convolution(self, channels: int, side: int) -> float:
        """Return the multiply-adds a second of a 3×3 convolution."""
        macs = 9 * channels * channels * side * side
        count = max(1, math.ceil(self.macs / macs))
        count = min(count, _MOST_VALUES // (channels * side * side))
        # Without a bias, which a GPU adds in a pass of its own over the memory.
        layer = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        layer = layer.to(self.device, self.dtype)
        maps = torch.rand(count, channels, side, side, device=self.device, dtype=self.dtype)
        maps = maps.to(memory_format=torch.channels_last)
        layer = layer.to(memory_format=torch.channels_last)
        return count * macs / self._seconds(lambda: layer(maps))

    def _bandwidth(self) -> float:
        """Return the bytes a second that a large copy reads and writes."""
        here = torch.zeros(int(self.copied), dtype=torch.uint8, device=self.device)
        there = torch.empty_like(here)
        return 2 * len(here) / self._seconds(lambda: there.copy_(here))

    def _seconds(self, work: Callable[[], object]) -> float:
        """Return the shortest of three times, after one that sets things up."""
        times = []
        repeats = 1 if self.device.type == "cpu" else _REPEATS
        for _ in range(4):
            start = time.perf_counter()
            for _ in range(repeats):
                work()
            synchronize(self.device)
            times.append((time.perf_counter() - start) / repeats)
        return min(times[1:])
