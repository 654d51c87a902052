"""Number formats: which one convolutions are fastest in here, and how to compute in it."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from functools import cache

import torch
from torch import nn

_WITHOUT_FLOAT64 = {"mps"}


@cache
def fast_dtype(device: torch.device) -> torch.dtype:
    """Return the number format for the fastest convolutions at no cost in accuracy.

    A GPU with bfloat16 uses it, an older one with tensor cores float16. A CPU may have bfloat16 in
    hardware or emulate it slowly, so a small convolution is timed (0.2 to 0.3 s, once in a process)
    and bfloat16 is taken only if it saves a fifth of the time. Everything else computes in float32.
    """
    if device.type == "cuda":
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return torch.bfloat16
        return (
            torch.float16 if torch.cuda.get_device_capability(device) >= (7, 0) else torch.float32
        )
    if device.type != "cpu":
        return torch.float32
    return torch.bfloat16 if bfloat16_time() < 0.8 else torch.float32


@cache
def bfloat16_time() -> float:
    """Return the time of a convolution in bfloat16 on this CPU, relative to float32.

    It is that of the forward and the backward pass: the shortest of several, on one thread and
    taking turns, so that other programs on the machine disturb both alike and no thread waits for
    another that they hold up.
    """
    seconds = {torch.float32: float("inf"), torch.bfloat16: float("inf")}
    threads = torch.get_num_threads()
    # Measuring must not change what a seeded run draws next.
    with torch.random.fork_rng(devices=[]):
        layer = nn.Conv2d(64, 64, 3, padding=1).to(memory_format=torch.channels_last)
        images = torch.rand(8, 64, 24, 24).to(memory_format=torch.channels_last)
    try:
        torch.set_num_threads(1)
        for turn in range(12):
            for dtype in seconds:
                start = time.perf_counter()
                with (
                    torch.enable_grad(),
                    torch.autocast("cpu", dtype, enabled=dtype != torch.float32),
                ):
                    layer(images).sum().backward()
                seconds[dtype] = min(seconds[dtype], time.perf_counter() - start)
            if turn >= 2 and max(seconds.values()) > 3 * min(seconds.values()):
                break  # emulated: no disturbance explains that, and a turn takes 0.05 s
    finally:
        torch.set_num_threads(threads)
    return seconds[torch.bfloat16] / seconds[torch.float32]


def autocast(device: torch.device, dtype: torch.dtype) -> AbstractContextManager:
    """Return a context in which convolutions and matrix products compute in ``dtype``.

    float32 changes nothing.
    """
    return nullcontext() if dtype == torch.float32 else torch.autocast(device.type, dtype)


def float64_device(device: torch.device) -> torch.device:
    """Return where to compute in float64 for a device: there, or on the CPU if it has none."""
    return torch.device("cpu") if device.type in _WITHOUT_FLOAT64 else device


def dtype_name(dtype: torch.dtype) -> str:
    """Return the name of a number format: "float32" for ``torch.float32``."""
    return str(dtype).removeprefix("torch.")
