"""Copy the arguments of a student's function, and see later whether they are still the same."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import torch
from torch import Tensor

_CONTAINERS = Tensor | np.ndarray | list | tuple | dict


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
        if now.shape != before.shape:
            return False
        both_nan = (now != now) & (before != before)
        return bool(np.all((now == before) | both_nan))
    is_value = isinstance(now, int | float | str)  # in a list that was sorted, say
    return now is before or (is_value and now == before)


def advice(now: object, before: object) -> str:
    """Return how to leave alone what has changed: a tensor, an array and a list need other words.

    Args:
        now: arguments, some of which are changed.
        before: what :func:`copy_of` made of them before that.
    """
    pairs: Iterable = ()
    if isinstance(now, list | tuple) and len(now) == len(before):
        pairs = zip(now, before, strict=True)
    elif isinstance(now, dict) and now.keys() == before.keys():
        pairs = ((now[key], before[key]) for key in now)
    for one, other in pairs:
        if isinstance(one, _CONTAINERS) and not unchanged(one, other):
            return advice(one, other)
    if isinstance(now, list | dict):
        return "work on a copy, such as list(x), without methods such as sort(), pop() or append()."
    copied = "x.copy()" if isinstance(now, np.ndarray) else "x.clone()"
    return f"work on a copy, such as {copied}, without in-place operations such as -= or sub_()."


def shares_memory(value: object, arguments: object) -> bool:
    """Return whether a tensor is one of the arguments, or a view of one."""
    if isinstance(arguments, list | tuple):
        return any(shares_memory(value, part) for part in arguments)
    if not isinstance(value, Tensor) or not isinstance(arguments, Tensor):
        return False
    return value.untyped_storage().data_ptr() == arguments.untyped_storage().data_ptr()
