"""Compare a student's value with the right one, and name the mistake that leads to it.

Everything is compared in one place, :func:`same`, after one conversion, :func:`as_float64`: it
makes no difference whether an answer is a Python number, a NumPy scalar, an array, a list or a
tensor of any type. What a checker needs to call a student's function is in ``calling.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, ValuesView
from decimal import Decimal
from numbers import Rational, Real
from textwrap import shorten

import numpy as np
import torch
from torch import Tensor

from catdog_lib.exercises.registry import WrongAnswer, require, require_form

# The hint for a mistake → what the mistake gives, or a list of such values. Hints come first, since
# they are what a student reads; the first that fits is shown.
Mistakes = Mapping[str, object]
FLOAT32 = {"rtol": 1e-4, "atol": 1e-5}  # tolerances, where a student may compute in float32
SUMS = {"atol": 1e-4}  # sums of many products in float32, in any order


def _as_tensor(value: object) -> Tensor:
    """Return numbers of any kind as a tensor that still shows whether they are integers."""
    if isinstance(value, Tensor):
        return value.detach().cpu()
    if isinstance(value, list | tuple):
        parts = [_as_tensor(part) for part in value]
        shapes = {tuple(part.shape) for part in parts}
        require_form(
            len(shapes) < 2, "Give a regular array of numbers; your rows differ in length or shape."
        )
        if not parts:
            return torch.empty(0)
        kinds = {part.dtype for part in parts}
        return torch.stack(parts if len(kinds) == 1 else [part.double() for part in parts])
    if isinstance(value, Rational | Decimal) and not isinstance(value, int | np.integer):
        value = int(value) if is_integer(value) else float(value)
    array = np.asarray(list(value) if isinstance(value, Iterator | ValuesView | range) else value)
    require_form(value is not ..., "There is still a ... in the place of a number.")
    require_form(array.dtype.kind in "biuf", f"I expected numbers, not {show(value)}.")
    return torch.from_numpy(array.copy())  # it may be reversed, which PyTorch does not take


def as_float64(value: object) -> Tensor:
    """Return numbers of any kind as a float64 tensor on the CPU, without their graph.

    Raises:
        WrongAnswer: these are not numbers, or lists of different lengths.
    """
    return _as_tensor(value).double()


def same(value: object, target: object, rtol: float = 1e-5, atol: float = 1e-7) -> bool:
    """Return whether two values have one shape and, in float64, the same numbers.

    Integers (a target of integers or booleans) must be met exactly: a count that is off by one is
    wrong however large it is. A single number may come in a tensor or a list of one.
    """
    target = _as_tensor(target)
    if not target.is_floating_point():
        rtol = atol = 0
    value, target = as_float64(value), target.double()
    if target.ndim == 0 and value.numel() == 1:
        value = value.reshape(())
    return value.shape == target.shape and torch.allclose(value, target, rtol=rtol, atol=atol)


def refuse(value: object, mistakes: Mistakes, setting: str = "", **tolerance: float) -> None:
    """Raise the hint of the first mistake that gives this value; ``tolerance`` is for `same`."""
    for hint, wrong in mistakes.items():
        for one in wrong if isinstance(wrong, list) else [wrong]:
            hit = same(value, one, **tolerance)
            require(not hit, f"{hint} ({setting})" if setting else hint)


def require_value(
    value: object,
    right: object,
    mistakes: Mistakes,
    otherwise: str,
    setting: str = "",
    **tolerance: float,
) -> None:
    """Require the right value, else name the known mistake, else say ``otherwise``.

    The right value is accepted first: in some settings a mistake gives the same, and does no harm.

    Args:
        value: the student's.
        right: the right one.
        mistakes: what known mistakes give with these arguments.
        otherwise: the hint if it is none of them.
        setting: the arguments, in words; added to the hint in parentheses.
        **tolerance: ``rtol`` and ``atol`` of :func:`same`.

    Raises:
        WrongAnswer: the value is not the right one.
    """
    if not same(value, right, **tolerance):
        refuse(value, mistakes, setting, **tolerance)
        raise WrongAnswer(f"{otherwise} ({setting})" if setting else otherwise)


def require_tensor(value: object, shape: tuple[int, ...], what: str) -> None:
    """Require a tensor of this shape without NaN; ``what`` it should be completes "Return …"."""
    found = tuple(value.shape) if isinstance(value, Tensor) else type(value).__name__
    require(found == tuple(shape), f"Return {what}, a tensor of shape {shape}; yours is {found}.")
    require(
        not value.isnan().any(),
        "Your result contains NaN (not a number): is there a 0/0, or the root or logarithm of a "
        "negative number?",
    )


def require_sequence(value: object, length: int, what: str) -> tuple:
    """Return a value that should be ``length`` things as a tuple; ``what`` names them in hints."""
    hint = f"I expected {what}; I got {show(value)}."
    if isinstance(value, Tensor | np.ndarray) and value.ndim:
        value = value.tolist() if value.ndim == 1 else list(value)
    require_form(isinstance(value, list | tuple) and len(value) == length, hint)
    return tuple(value)


def require_numbers(value: object, length: int, what: str) -> list[float]:
    """Return a value that should be ``length`` numbers as a list; ``what`` names them in hints."""
    parts = [as_float64(part) for part in require_sequence(value, length, what)]
    good = all(part.numel() == 1 for part in parts)
    require_form(good, f"I expected {what}; I got {show(value)}.")
    return [part.item() for part in parts]


def require_choice(value: object, right: object, choices: Mapping[str, str]) -> None:
    """Require the right one of a few choices; a wrong one is answered with its hint.

    Args:
        value: the student's.
        right: the right choice.
        choices: every choice → the hint for it, that of the right one unused.

    Raises:
        WrongAnswer: it is another choice, or none of them.
    """
    listed = ", ".join(map(repr, choices))
    require_form(isinstance(value, str), f"Give one of {listed}; you gave {show(value)}.")
    chosen = value.strip().lower()
    known = {choice.lower(): hint for choice, hint in choices.items()}
    require_form(chosen in known, f"Give one of {listed}; you gave {value!r}.")
    require(chosen == str(right).lower(), known[chosen])


def require_names(value: object, choices: Collection[str]) -> set[str]:
    """Return a list of names, or a tuple, set or array of them, as a set; none is also an answer.

    Raises:
        WrongAnswer: it is not a list of names, or a name is not one of the choices.
    """
    listed = ", ".join(map(repr, choices))
    named = [value] if isinstance(value, str) else value
    named = named.tolist() if isinstance(named, Tensor | np.ndarray) else named
    # {} is an empty dict, but was meant as an empty set
    good = isinstance(named, Collection) and not (named and isinstance(named, Mapping))
    hint = f"Give a list with some of {listed}, or an empty one; you gave {show(value)}."
    require_form(good and all(isinstance(name, str) for name in named), hint)
    chosen = {name.strip().lower() for name in named}
    unknown = sorted(chosen - set(choices))
    require_form(not unknown, f"{''.join(unknown[:1])!r} is not one of {listed}.")
    return chosen


def is_integer(value: object) -> bool:
    """Return whether the type is that of an integer, in Python, NumPy or PyTorch: 3, not 3.0."""
    if isinstance(value, Tensor | np.ndarray):
        return value.ndim == 0 and is_integer(value.item())
    is_whole = isinstance(value, Rational) and value.denominator == 1  # Fraction(6, 2), too
    return is_whole and not isinstance(value, bool)


def show(value: object) -> str:
    """Return a value as hints show it: 577,802, 0.142857, [0.5, 1.25], a tensor of shape (2, 3)."""
    if isinstance(value, Tensor | np.ndarray):
        few = value.ndim == 0 or (value.ndim == 1 and len(value) <= 12)
        kind = "a tensor" if isinstance(value, Tensor) else "an array"
        return show(value.tolist()) if few else f"{kind} of shape {tuple(value.shape)}"
    if isinstance(value, list | tuple):
        parts = ", ".join(str(part) if is_integer(part) else show(part) for part in value)
        return f"[{parts}]" if isinstance(value, list) else f"({parts})"
    if is_integer(value):
        return f"{int(value):,}"
    if isinstance(value, Real) and not isinstance(value, bool):
        return str(float(f"{float(value):.6g}"))
    return shorten(repr(value), 200, placeholder=" …")
