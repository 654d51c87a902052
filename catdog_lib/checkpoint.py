"""Save a training so that no crash can spoil it: the file is the old one or the new one, never half of one."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch


def save(contents: dict[str, Any], path: Path) -> None:
    """Write tensors, numbers, texts, and dicts and lists of these to ``path``, all or nothing."""
    part = path.with_name(f"{path.name}.part")
    with part.open("wb") as file:
        torch.save(contents, file)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def load(path: Path) -> dict[str, Any] | None:
    """What :func:`save` wrote, on the CPU; None if there is no such file."""
    if not path.exists():
        return None
    return torch.load(path, map_location="cpu", weights_only=True)
