"""A GPU computes and copies while the program goes on: wait for it, or let it copy."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def synchronize(device: torch.device) -> None:
    """Return when ``device`` has done all that it was told to do; a CPU always has."""
    if device.type != "cpu":
        torch.accelerator.synchronize(device)


def copy_to(tensor: Tensor, device: torch.device, **options: Any) -> Tensor:
    """Return the tensor in a device's memory; the program goes on while a GPU still copies.

    An Apple GPU is not left alone with it: some have read memory that was in use again by then
    (https://github.com/pytorch/pytorch/issues/139550).

    Args:
        tensor: what CUDA copies without waiting is up to 64 KB, or pinned in the computer's memory.
        device: where to.
        **options: of ``Tensor.to``.
    """
    return tensor.to(device, non_blocking="mps" not in (device.type, tensor.device.type), **options)
