"""Call a student's function: guard what it must not change, and turn its failure into a hint.

The place for everything that an exercise asks of a *call*, whatever its result; the results
themselves are compared in ``checking.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor

from catdog_lib.exercises.checking import Mistakes, is_integer, require_sequence, same, show
from catdog_lib.exercises.registry import WrongAnswer, require


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed PyTorch's global random numbers for a while; the student's own go on as they would."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def _copy(value: object) -> object:
    """Return a copy of tensors, arrays and lists of them, to compare with later."""
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, list | tuple):
        return [_copy(part) for part in value]
    return value.copy() if isinstance(value, np.ndarray) else value


def _unchanged(now: object, before: object) -> bool:
    """Return whether a value is still what :func:`_copy` made of it."""
    if isinstance(now, Tensor):
        same_kind = now.shape == before.shape and now.dtype == before.dtype
        return same_kind and torch.allclose(now, before, rtol=0, atol=0, equal_nan=True)
    if isinstance(now, list | tuple):
        return len(now) == len(before) and all(map(_unchanged, now, before))
    if isinstance(now, np.ndarray):
        return now.shape == before.shape and bool(np.all((now == before) | (now != now)))
    is_value = isinstance(now, int | float | str)  # in a list that was sorted, say
    return now == before or now is before if is_value else True


def call(answer: Callable, *arguments: object, keeps: str = "what it was given") -> object:
    """Return what a student's function gives; its arguments must stay as they were.

    Tensors, arrays and lists of them are guarded; models and optimizers are not, since exercises
    ask for a step of training.

    Args:
        answer: the student's function.
        *arguments: what it is called with.
        keeps: the arguments in the hint's words: "Your function changed {keeps}".

    Raises:
        WrongAnswer: it stopped with an error, or changed an argument.
    """
    before = _copy(arguments)
    try:
        value = answer(*arguments)
    except WrongAnswer:  # from a function that the exercise hands to the student's
        raise
    except Exception as error:
        raise WrongAnswer(f"Your function stopped with {type(error).__name__}: {error}") from error
    require(
        _unchanged(arguments, before),
        f"Your function changed {keeps}: work on a copy, such as x.clone(), without in-place "
        "operations such as -= or sub_().",
    )
    return value


def ask(answer: Callable, *arguments: object, keeps: str = "what it was given") -> object:
    """Return what a student's function gives, as :func:`call` does; it must give something back."""
    value = call(answer, *arguments, keeps=keeps)
    require(value is not None, "Your function returns None: does it end in `return`?")
    return value


def check_settings(
    answer: Callable,
    name: str,
    settings: Sequence[tuple],
    right: Callable,
    mistakes: Mistakes,
    integers: str = "",
    returns: str = "two numbers, as in `return first, second`",
    **tolerance: float,
) -> None:
    """Ask for every setting; name the mistake that all results show, else the first wrong result.

    Args:
        answer: the student's function.
        name: how the exercise calls it.
        settings: the arguments of each call.
        right: the right formula; it returns a number or a tuple of numbers.
        mistakes: the hint for a mistake → the wrong formula.
        integers: what to do to get integers, if the results must be some by their type, too.
        returns: what it returns in words, if that is a tuple.
        **tolerance: ``rtol`` and ``atol`` of :func:`~catdog_lib.exercises.checking.same`.

    Raises:
        WrongAnswer: some result is wrong.
    """
    results = [ask(answer, *setting) for setting in settings]
    targets = [right(*setting) for setting in settings]
    if isinstance(targets[0], tuple):
        results = [require_sequence(result, len(targets[0]), returns) for result in results]
    for hint, formula in mistakes.items():
        wrong = [formula(*setting) for setting in settings]
        hit = all(same(r, w, **tolerance) for r, w in zip(results, wrong, strict=True))
        require(not hit, hint)
    for setting, result, target in zip(settings, results, targets, strict=True):
        shown = f"{name}({', '.join(map(str, setting))})"
        good = same(result, target, **tolerance)
        require(good, f"{shown} should be {show(target)}; yours gives {show(result)}.")
        if integers:
            numbers = result if isinstance(target, tuple) else (result,)
            hint = f"{shown} gives {show(result)}, a float: {integers}."
            require(all(map(is_integer, numbers)), hint)
