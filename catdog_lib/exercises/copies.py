"""Copy the arguments of a student's function, and see later whether they are still the same."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def copy_of(value: object) -> object:
    """Return a copy of tensors, arrays, and lists and dicts of them.

    A tensor that gradients flow to stays itself: a copy would be cut off from its graph.
    """
    if isinstance(value, Tensor):
        return value if value.requires_grad else value.clone()
    if isinstance(value, list | tuple):
        parts = [copy_of(part) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    if isinstance(value, dict):
        return {key: copy_of(part) for key, part in value.items()}
    return value.copy() if isinstance(value, np.ndarray) else value


def unchanged(now: object, before: object) -> bool:
    """Return whether a value is still what :func:`copy_of` made of it."""
    if now is None or before is None:  # no gradient yet
        return now is before
    if isinstance(now, Tensor):
        same_kind = now.shape == before.shape and now.dtype == before.dtype
        return same_kind and torch.allclose(now, before, rtol=0, atol=0, equal_nan=True)
    if isinstance(now, list | tuple):
        return len(now) == len(before) and all(map(unchanged, now, before))
    if isinstance(now, dict):
        return now.keys() == before.keys() and all(unchanged(now[k], before[k]) for k in now)
    if isinstance(now, np.ndarray):
        return now.shape == before.shape and bool(np.all((now == before) | (now != now)))
    is_value = isinstance(now, int | float | str)  # in a list that was sorted, say
    return now == before or now is before if is_value else True
