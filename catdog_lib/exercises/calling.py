"""Call a student's function: guard what it must not change, and turn its failure into a hint.

The place for everything that an exercise asks of a *call*, whatever its result; the results
themselves are compared in ``checking.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence, ValuesView

from catdog_lib.exercises.checking import Mistakes, is_integer, require_sequence, same, show
from catdog_lib.exercises.copies import copy_of, shares_memory
from catdog_lib.exercises.guard import Watch, globals_kept
from catdog_lib.exercises.own_line import describe
from catdog_lib.exercises.registry import WrongAnswer, require


def call(
    answer: Callable,
    *arguments: object,
    keeps: str = "what it was given",
    trains: bool = False,
    draws: bool = False,
    new: bool = False,
    stops: type[Exception] | None = None,
) -> object:
    """Return what a student's function gives; the rest must stay as it was.

    Its arguments, networks and their hooks, the gradient switch and the global random numbers are
    guarded. Global ones are put back after the call, so that no later call suffers from it.

    Args:
        answer: the student's function.
        *arguments: what it is called with.
        keeps: the arguments in the hint's words: "Your function changed {keeps}".
        trains: whether it may change the weights, gradients and modes of a network.
        draws: whether it may seed PyTorch's global random numbers, and draw from NumPy's and
            Python's.
        new: whether it must return a new tensor, not an argument or a view of one.
        stops: the error that the call is made to meet, and has to let through; None if none.

    Raises:
        WrongAnswer: it stopped with an error, or changed something.
    """
    with globals_kept():
        arguments = copy_of(arguments)  # one that is changed must not spoil the next check
        watch = Watch(arguments, trains, draws)
        try:
            value = answer(*arguments)
        except WrongAnswer:  # from a function that the exercise hands to the student's
            raise
        except Exception as error:
            if stops is None or not isinstance(error, stops):
                raise WrongAnswer(f"Your function stopped with {describe(error)}") from error
            value = None
        else:
            hides = "An error should come out of your function here: do you catch it with try?"
            require(stops is None, hides)
        changed = watch.change(keeps)
        require(changed is None, changed or "")
        require(
            not (new and shares_memory(value, arguments)),
            "What your function returns shares its memory with what it was given, so that a change "
            "to one changes the other: return a new tensor, such as x.clone().",
        )
    return list(value) if isinstance(value, Iterator | ValuesView | range) else value


def ask(
    answer: Callable,
    *arguments: object,
    keeps: str = "what it was given",
    trains: bool = False,
    draws: bool = False,
    new: bool = False,
) -> object:
    """Return what a student's function gives, as :func:`call` does; it must give something back."""
    value = call(answer, *arguments, keeps=keeps, trains=trains, draws=draws, new=new)
    require(
        value is not None,
        "Your function returns None: is there a `return` with a value at its end?",
    )
    return value


def check_settings(
    answer: Callable,
    name: str,
    settings: Sequence[tuple],
    right: Callable,
    mistakes: Mistakes,
    integers: str = "",
    returns: str = "two numbers, as in `return first, second`",
    keeps: str = "what it was given",
    **tolerance: float,
) -> None:
    """Ask for every setting; name the mistake that explains all results, else the first wrong one.

    A mistake explains them if every wrong result is what it gives, in two settings at least: in a
    single one, different mistakes may give the same.

    Args:
        answer: the student's function.
        name: how the exercise calls it.
        settings: the arguments of each call.
        right: the right formula; it returns a number or a tuple of numbers.
        mistakes: the hint for a mistake → the wrong formula.
        integers: what to do to get integers, if the results must be some by their type, too.
        returns: what it returns in words, if that is a tuple.
        keeps: the arguments in the hint's words, as in :func:`call`.
        **tolerance: ``rtol`` and ``atol`` of :func:`~catdog_lib.exercises.checking.same`.

    Raises:
        WrongAnswer: some result is wrong.
    """
    results = [ask(answer, *setting, keeps=keeps) for setting in settings]
    targets = [right(*setting) for setting in settings]
    if isinstance(targets[0], tuple):
        results = [require_sequence(result, len(targets[0]), returns) for result in results]
    for hint, formula in mistakes.items():
        wrong = [formula(*setting) for setting in settings]
        good = [same(r, t, **tolerance) for r, t in zip(results, targets, strict=True)]
        hit = [same(r, w, **tolerance) for r, w in zip(results, wrong, strict=True)]
        made = sum(is_hit and not is_good for is_hit, is_good in zip(hit, good, strict=True))
        explained = all(is_hit or is_good for is_hit, is_good in zip(hit, good, strict=True))
        require(not (explained and made >= min(2, len(settings))), hint)
    for setting, result, target in zip(settings, results, targets, strict=True):
        shown = f"{name}({', '.join(map(str, setting))})"
        good = same(result, target, **tolerance)
        require(good, f"{shown} should be {show(target)}; yours gives {show(result)}.")
        if integers:
            numbers = result if isinstance(target, tuple) else (result,)
            hint = f"{shown} gives {show(result)}, a float: {integers}."
            require(all(map(is_integer, numbers)), hint)
