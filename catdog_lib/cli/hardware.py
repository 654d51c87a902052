"""Examine the hardware for ``catdog doctor``: what computes here, and how much memory there is."""

from __future__ import annotations

from math import isfinite
from typing import Any

import torch

from catdog_lib.cli.findings import Finding
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.course.peak_memory import memory_here
from catdog_lib.device import bfloat16_time, describe, dtype_name, fast_dtype, fastest_device
from catdog_lib.device.agreement import agrees_with_cpu, difference_from_cpu

JUPYTER = 0.4  # GB: its server, and the pages of PyTorch's libraries that are in use


def memory() -> Finding:
    """Examine whether the memory holds the lessons."""
    here = memory_here()
    standard, quick = (
        max(lesson.memory[budget] for lesson in find_lessons()) for budget in ("standard", "quick")
    )
    text = (
        f"{here / 1e9:.1f} GB; lessons need up to {standard} GB, or {quick} GB with "
        f"CATDOG_BUDGET=quick, and Jupyter {JUPYTER} GB"
    )
    if here < 1e9 * (quick + JUPYTER):
        text += "; close other programs, or use a larger machine"
    elif here < 1e9 * (standard + JUPYTER):
        text += "; set CATDOG_BUDGET=quick"
    return Finding("memory", here >= 1e9 * (standard + JUPYTER), text, {"memory_bytes": here})


def device() -> Finding:
    """Examine which device computes here, in which number format, and whether it does so rightly.

    A GPU that computes something else than the CPU, or has no memory left, is not used (see
    ``choose_device``).
    """
    found = fastest_device()
    dtype = dtype_name(fast_dtype(found))
    facts: dict[str, Any] = {"device": found.type, "dtype": dtype}
    budget = "full" if found.type == "cuda" else "standard"
    kind, meaning = found.type, ""
    if found.type == "cpu":
        facts["instructions"] = torch.backends.cpu.get_cpu_capability()
        facts["bfloat16_time"] = round(bfloat16_time(), 2)
        kind, meaning = f"cpu, {facts['instructions']}", f": {_meaning(facts['bfloat16_time'])}"
    else:
        try:
            difference = difference_from_cpu(found)
        except torch.OutOfMemoryError:
            return Finding("device", False, _full(found), {**facts, "device": "cpu"})
        facts["difference_from_cpu"] = difference if isfinite(difference) else None
        if not agrees_with_cpu(found):
            return Finding("device", False, _wrong(found, difference), {**facts, "device": "cpu"})
        meaning = f", which agree with the CPU's to {difference:.0e}"
    text = (
        f"{describe(found)} ({kind}), convolutions in {dtype}{meaning}; a good budget here: "
        f"CATDOG_BUDGET={budget}"
    )
    return Finding("device", True, text, facts)


def _wrong(device: torch.device, difference: float) -> str:
    """Return what to say about a GPU that computes something else than the CPU."""
    how = f"by {difference:.0%}" if isfinite(difference) else "altogether"
    return (
        f"{describe(device)} ({device.type}) is not used: in a forward and a backward pass its "
        f"results differ from the CPU's {how}, so the CPU computes; update the driver and PyTorch"
    )


def _full(device: torch.device) -> str:
    """Return what to say about a GPU that has no memory left to show what it computes."""
    return (
        f"{describe(device)} ({device.type}) is not used: its memory has run out, so the CPU "
        "computes; end other programs that use it"
    )


def _meaning(bfloat16_time: float) -> str:
    """Return what the time of a convolution in bfloat16 means for a CPU.

    Args:
        bfloat16_time: as a multiple of the time in float32.
    """
    if bfloat16_time < 0.8:
        return (
            f"this processor has bfloat16, which takes {bfloat16_time:.1f} times as long as float32"
        )
    if bfloat16_time < 1.5:
        return "bfloat16 is no faster on this processor"
    return (
        f"this processor has no bfloat16, and imitating it takes {bfloat16_time:.0f} times as "
        "long; one that has it trains in half to two thirds of the time"
    )
