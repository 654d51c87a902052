"""See what a function changes besides its result: arguments, networks, and global switches.

An answer that sorts its argument in place, leaves a network in evaluation mode or switches
gradients off for good gives the right numbers and does its harm later. Every call of a student's
function is guarded here, so that no checker has to think of it.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from catdog_lib.exercises.copies import advice, copy_of, unchanged


class Network(NamedTuple):
    """What a function may find and must leave in a network, part by part."""

    hooks: list[set]
    methods: list[list[str]]
    names: list[set[str]]
    modes: list[bool]
    learns: list[bool]
    weights: list[Tensor]
    gradients: list[Tensor | None]


def _state(parts: list[nn.Module]) -> Network:
    """Return the state of a network's parts; a part in training mode moves its own statistics."""
    own = list(parts[0].parameters())  # the first part is the network itself
    still = [kept for part in parts if not part.training for kept in part.buffers(recurse=False)]
    hooks = [
        {
            (name, key)
            for name, kept in vars(part).items()
            if name.endswith("_hooks")
            for key in kept
        }
        for part in parts
    ]
    return Network(
        hooks,
        [[name for name, value in vars(part).items() if callable(value)] for part in parts],
        [set(vars(part)) for part in parts],
        [part.training for part in parts],
        [parameter.requires_grad for parameter in own],
        [tensor.detach().clone() for tensor in own + still],
        [copy_of(parameter.grad) for parameter in own],
    )


def _networks(arguments: object) -> list[nn.Module]:
    """Return the networks among arguments, those in lists too."""
    if isinstance(arguments, nn.Module):
        return [arguments]
    if isinstance(arguments, list | tuple):
        return [model for part in arguments for model in _networks(part)]
    return []


def _network_change(parts: list[nn.Module], before: Network, trains: bool) -> str | None:
    """Return what became of a network, in words, None if nothing."""
    now = _state(parts)
    if any(old - new for old, new in zip(before.hooks, now.hooks, strict=True)):
        return "You removed a hook that somebody else had put there; remove your own only."
    if now.hooks != before.hooks:
        return (
            "Your hook is still there, and would run for ever: call .remove() on what "
            "register_forward_hook returned."
        )
    if now.methods != before.methods:
        return "Your function replaced a method of the model: leave its methods as they are."
    if trains:
        return None
    left = sorted(set().union(*now.names) - set().union(*before.names))
    if left:
        return f"Your function left something in the network, its attribute {left[0]!r}: remove it."
    if now.modes != before.modes:
        changed = [mode for mode, old in zip(now.modes, before.modes, strict=True) if mode != old]
        return (
            f"After your function the network, or a part of it, is in another mode than before "
            f"({'training' if changed[0] else 'evaluation'} mode): leave it as you found it."
        )
    if now.learns != before.learns:
        return "Your function changed requires_grad of parameters and did not set it back."
    if not unchanged(now.weights, before.weights):
        return "Your function changed the model's weights or its BatchNorm statistics."
    if not unchanged(now.gradients, before.gradients):
        return "Your function changed the gradients (.grad) of the model's parameters."
    return None


class Globals(NamedTuple):
    """The switches and random numbers that all of a notebook shares."""

    gradients: bool
    dtype: torch.dtype
    train: object
    torch_seed: int
    torch_random: Tensor
    numpy_random: tuple
    python_random: tuple


def _globals() -> Globals:
    """Return the present state of what a notebook shares."""
    return Globals(
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        (nn.Module.train, nn.Module.eval, nn.Module.__call__),
        torch.initial_seed(),
        torch.get_rng_state(),
        np.random.get_state(),
        random.getstate(),
    )


def _restore(state: Globals) -> None:
    """Put back what a notebook shares."""
    torch.set_grad_enabled(state.gradients)
    torch.set_default_dtype(state.dtype)
    nn.Module.train, nn.Module.eval, nn.Module.__call__ = state.train
    torch.set_rng_state(state.torch_random)
    np.random.set_state(state.numpy_random)
    random.setstate(state.python_random)


@contextmanager
def globals_kept() -> Iterator[None]:
    """Leave the notebook's switches and random numbers as they were, whatever runs inside."""
    state = _globals()
    try:
        yield
    finally:
        _restore(state)


def _global_change(before: Globals, draws: bool) -> str | None:
    """Return what became of what a notebook shares, in words, None if nothing."""
    now = _globals()
    if now.gradients != before.gradients:
        switched = "on" if now.gradients else "off"
        return (
            f"Your function switches gradients {switched} for all that runs after it: use "
            "`with torch.no_grad():`, which puts the switch back."
        )
    if now.dtype != before.dtype:
        return "Your function did not set PyTorch's default type back (set_default_dtype)."
    if now.train != before.train:
        return "Your function replaced a method of nn.Module, for all networks of the notebook."
    if draws:
        return None
    if now.torch_seed != before.torch_seed:  # to draw is allowed: every new layer does
        return (
            "Your function seeds PyTorch's global random numbers, and the rest of the notebook "
            "uses the same numbers: do without a seed, or use the generator that you are given."
        )
    moved = {
        "NumPy": not np.array_equal(now.numpy_random[1], before.numpy_random[1])
        or now.numpy_random[2:] != before.numpy_random[2:],
        "Python": now.python_random != before.python_random,
    }
    whose = next((whose for whose, has_moved in moved.items() if has_moved), None)
    return whose and (
        f"Your function draws from {whose}'s global random numbers, or seeds them, and the rest of "
        "the notebook uses the same numbers: use PyTorch's, or the generator that you are given."
    )


class Watch:
    """The state before a call, and what the call changed.

    Args:
        arguments: of the call.
        trains: whether the call may change weights, statistics, gradients and modes of networks.
        draws: whether it may seed PyTorch's random numbers, and draw from NumPy's and Python's.
    """

    def __init__(self, arguments: tuple, trains: bool, draws: bool) -> None:
        """Keep the state."""
        self._arguments, self._copy = arguments, copy_of(arguments)
        parts = [list(model.modules()) for model in _networks(arguments)]
        self._networks = [(own, _state(own)) for own in parts]
        self._trains, self._draws, self._globals = trains, draws, _globals()

    def change(self, keeps: str) -> str | None:
        """Return what has changed, as a hint, None if nothing; ``keeps`` names the arguments."""
        if not unchanged(self._arguments, self._copy):
            return f"Your function changed {keeps}: {advice(self._arguments, self._copy)}"
        for parts, before in self._networks:
            said = _network_change(parts, before, self._trains)
            if said:
                return said
        return _global_change(self._globals, self._draws)
