"""Notice when a student's code has changed what judges it.

A patched checker, a ``torch.allclose`` that always agrees: names that meant one thing before the
student's code ran, and another after it. Someone determined can still deceive a program that runs
in the same process; what is caught here is what people try.
"""

from __future__ import annotations

import builtins
import sys
from types import FunctionType

import numpy as np
import torch
from torch.nn import functional

_OTHERS = (builtins, torch, torch.Tensor, torch.nn, functional, torch.nn.Module, np, np.ndarray)


def snapshot() -> dict[tuple[str, str], tuple[object, object]]:
    """Return what every name stands for now, of the course's library, PyTorch and NumPy.

    Returns:
        (place, name) → the object, and the code that it runs if it is a function.
    """
    own = [module for name, module in sys.modules.items() if name.startswith("catdog_lib")]
    places = [place for place in (*own, *_OTHERS) if place is not None]
    return {
        (place.__name__, name): (value, value.__code__ if type(value) is FunctionType else None)
        for place in places
        for name, value in list(vars(place).items())
        if not name.startswith("__")
    }


def changed(before: dict[tuple[str, str], tuple[object, object]]) -> str:
    """Return the first name that has changed, "torch.allclose" say; empty if none has.

    Only functions and classes count: libraries keep counters and caches in other names.
    """
    now = snapshot()
    for (place, name), (value, code) in before.items():
        if callable(value):
            value_now, code_now = now.get((place, name), (None, None))
            if value_now is not value or code_now is not code:
                return f"{place}.{name}"
    return ""
