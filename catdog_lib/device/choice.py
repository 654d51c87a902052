"""Which device computes, and the processor cores that there are."""

from __future__ import annotations

import os
from functools import cache
from itertools import chain

import torch
from torch import nn

from catdog_lib.device.agreement import agrees_with_cpu
from catdog_lib.errors import CatdogError, warn


def choose_device(name: str | None = None) -> torch.device:
    """Return the named device, or the fastest one here that computes what the CPU computes.

    A GPU that does not, or has no memory left for the comparison, is passed over with a warning,
    once in a process; one that is named is taken at its word.

    Raises:
        CatdogError: the named device is not on this machine.
    """
    if name is None:
        return _trusted(fastest_device())
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError, ImportError):
        raise CatdogError(
            f"There is no device {name!r} on this machine; leave it out, or use cpu."
        ) from None
    return device


def device_of(model: nn.Module) -> torch.device:
    """Return the device on which a model's weights lie; the CPU for a model that has none."""
    first = next(chain(model.parameters(), model.buffers()), None)
    return torch.device("cpu") if first is None else first.device


def fastest_device() -> torch.device:
    """Return the fastest device here, right or wrong: CUDA, then Apple's MPS, then the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda")
    return torch.device("mps" if torch.backends.mps.is_available() else "cpu")


@cache
def _trusted(device: torch.device) -> torch.device:
    """Return the device if it computes what the CPU computes, or else the CPU, with a warning."""
    try:
        if agrees_with_cpu(device):
            return device
    except torch.OutOfMemoryError:
        warn(
            f"The memory of {describe(device)} has run out, so the CPU computes here; end other "
            "programs that use it, then restart Python or the notebook's kernel."
        )
        return torch.device("cpu")
    warn(
        f"{describe(device)} computes something else than the CPU, so the CPU computes here; "
        "`catdog doctor` says more."
    )
    return torch.device("cpu")


def cores() -> int:
    """Return how many processor cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def describe(device: torch.device) -> str:
    """Return the hardware in a few words, to be named with every measured number."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    if device.type == "mps":
        return "Apple GPU"
    cores = torch.get_num_threads()
    return f"{cores} CPU core{'' if cores == 1 else 's'}"
