"""Checks of the arguments that operations share."""

from __future__ import annotations

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError


def check_tensor(
    name: str,
    tensor: Tensor,
    dimensions: int,
    dtype: torch.dtype | None = None,
    *,
    floats: bool = False,
) -> None:
    """Raise a CatdogError unless a tensor has this number of dimensions and this dtype.

    Bytes are refused, and with ``floats`` all other integers as well.
    """
    if tensor.ndim != dimensions:
        raise CatdogError(
            f"{name} has the shape {tuple(tensor.shape)}, but it must have {dimensions} "
            f"dimension{'s' if dimensions > 1 else ''}; add or remove some with reshape."
        )
    # A sum of bytes would begin again at 0 beyond 255.
    if tensor.dtype == torch.uint8 or (floats and not tensor.is_floating_point()):
        raise CatdogError(f"{name} holds {tensor.dtype}; make it floating-point with .float().")
    if dtype is not None and tensor.dtype != dtype:  # mixed, the sums would be cut down in silence
        raise CatdogError(
            f"{name} holds {tensor.dtype} but the input holds {dtype}; make them one type, such as "
            "with .float()."
        )


def check_bias(bias: Tensor | None, channels: int, dtype: torch.dtype) -> None:
    """Raise a CatdogError unless a bias, if there is one, has one value for each channel."""
    if bias is not None:
        check_tensor("bias", bias, 1, dtype)
        if len(bias) != channels:
            raise CatdogError(
                f"bias has {len(bias)} values; give one for each of the {channels} output channels."
            )


def check_groups(groups: int, channels: int, which: str) -> None:
    """Raise a CatdogError unless ``groups`` divides the weight's input or output channels."""
    if not isinstance(groups, int) or groups < 1 or channels < groups or channels % groups:
        raise CatdogError(
            f"groups={groups} does not divide the weight's {channels} {which} channels; choose a "
            "divisor of both."
        )


def check_labels(logits: Tensor, labels: Tensor) -> None:
    """Raise a CatdogError unless there is one class, an integer below K, for each row of N×K."""
    classes = logits.shape[-1]
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise CatdogError(
            f"logits have the shape {tuple(logits.shape)} and labels {tuple(labels.shape)}; "
            "they must be N×K and N: one label, an integer, for each row of logits."
        )
    if labels.dtype not in (torch.int64, torch.int32):  # PyTorch takes uint8 and bool for a mask
        raise CatdogError(f"labels holds {labels.dtype}; make it int64 with .long().")
    if len(labels) == 0 or labels.min() < 0 or labels.max() >= classes:
        raise CatdogError(
            f"labels must hold at least one number, each from 0 to {classes - 1}, since the "
            f"logits have {classes} columns; change the labels or the last layer."
        )


def as_pair(name: str, value: int | tuple[int, int]) -> tuple[int, int]:
    """Return a setting as (height, width); one number stands for both."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise CatdogError(f"{name}={value!r} must be one number or two (height, width).")
        return tuple(value)
    return value, value
