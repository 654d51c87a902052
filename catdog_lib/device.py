"""The machine: which device computes, in which number format, and how to make a run repeatable."""

from __future__ import annotations

import ctypes
import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from functools import cache

import torch
from torch import nn

from catdog_lib.errors import CatdogError

# Numbers of glibc's settings, from its malloc.h; what they do: the manual page mallopt(3).
_TRIM_THRESHOLD, _MMAP_MAX = -1, -4


def choose_device(name: str | None = None) -> torch.device:
    """Return the named device, or the fastest one here: CUDA, then Apple's MPS, then the CPU.

    Raises:
        CatdogError: the named device is not on this machine.
    """
    if name is None:
        name = (
            "cuda"
            if torch.cuda.is_available()
            else "mps"
            if torch.backends.mps.is_available()
            else "cpu"
        )
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError):
        raise CatdogError(
            f"There is no device {name!r} on this machine; leave it out, or use cpu."
        ) from None
    return device


def cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


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


def dtype_name(dtype: torch.dtype) -> str:
    """Return the name of a number format: "float32" for ``torch.float32``."""
    return str(dtype).removeprefix("torch.")


def describe(device: torch.device) -> str:
    """Return the hardware in a few words, to be named with every measured number."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    cores = torch.get_num_threads()
    return f"{cores} CPU core{'' if cores == 1 else 's'}"


@cache
def keep_freed_memory() -> bool:
    """Let this process keep the memory that it frees; return whether it does so now.

    A step on a CPU needs hundreds of megabytes for its feature maps, and frees them. On Linux the C
    library gives blocks that large back to the system at once; the next step then gets new pages,
    which the system fills with zeros before they may be used. FiveConvCNN at 256 pixels learns
    almost twice as fast without that.

    The memory is the process's until it ends: the most that it needed at a time. Only glibc is
    told; elsewhere, and for images in files mapped into memory, nothing changes.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library, such as musl
        return False
    return all(
        mallopt(setting, value) == 1
        for setting, value in (
            (_MMAP_MAX, 0),  # no block is a mapping of its own, which would end with it
            (_TRIM_THRESHOLD, -1),  # and the heap does not shrink
        )
    )
