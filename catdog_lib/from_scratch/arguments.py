"""Checks of the arguments that convolution, pooling and transposed convolution share."""

from __future__ import annotations

import torch
from torch import Tensor

from catdog_lib.errors import CatdogError


def check_tensor(
    name: str, tensor: Tensor, dimensions: int, dtype: torch.dtype | None = None
) -> None:
    """Raise a CatdogError unless a tensor has this number of dimensions and this dtype."""
    if tensor.ndim != dimensions:
        raise CatdogError(
            f"{name} has the shape {tuple(tensor.shape)}, but it must have {dimensions} "
            f"dimension{'s' if dimensions > 1 else ''}; add or remove some with reshape."
        )
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


def as_pair(name: str, value: int | tuple[int, int]) -> tuple[int, int]:
    """Return a setting as (height, width); one number stands for both."""
    if isinstance(value, (tuple, list)):
        if len(value) != 2:
            raise CatdogError(f"{name}={value!r} must be one number or two (height, width).")
        return tuple(value)
    return value, value
