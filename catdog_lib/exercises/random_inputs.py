"""The random numbers that checkers draw their inputs from.

For a student they are the same every time, so that a hint can be understood; for grading there are
others, so that no answer can be made to fit them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

_shift = 0


def generator(seed: int) -> torch.Generator:
    """Return a generator of random numbers for the inputs of a checker."""
    return torch.Generator().manual_seed(seed + _shift)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed PyTorch's global random numbers for a while; the student's own go on as they would."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + _shift)
        yield


@contextmanager
def fresh_inputs(shift: int) -> Iterator[None]:
    """Let checkers draw other inputs for a while: every seed of theirs is shifted."""
    global _shift
    before, _shift = _shift, shift
    try:
        yield
    finally:
        _shift = before
