"""Wait for a GPU, which computes while the program goes on, before a clock is read."""

from __future__ import annotations

import torch


def synchronize(device: torch.device) -> None:
    """Return when ``device`` has done all that it was told to do; a CPU always has."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)
