"""The exercise system: ``check("03.1", answer)`` finds the checker and says what it thinks.

A checker is a function of the answer. It calls :func:`require`, and the functions of
``checking.py`` and ``calling.py``, for each thing that must hold, with the hint that the mistake
deserves; when it returns, the answer is right, and a sentence that it returns is shown. The
checkers of lesson NN are in the files ``lesson_NN_subject.py``.

In an exercise of the kind *predict, then run* the student commits to an answer, and only then is
the result computed. The first answer is kept: it is shown beside every later one.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from catdog_lib.errors import CatdogError


class WrongAnswer(CatdogError):
    """The answer is not right yet; the message is a hint."""


class Exercise(NamedTuple):
    """A checker, and what its exercise asks for.

    Attributes:
        checker: a function of the answer.
        function: the name of the function that is the answer, None if that is something else.
        is_prediction: whether the answer is a prediction, of which the first one is kept.
    """

    checker: Callable[[object], str | None]
    function: str | None
    is_prediction: bool


_EXERCISES: dict[str, Exercise] = {}
_FIRST_PREDICTIONS: dict[str, object] = {}


def exercise(number: str, function: str | None = None, *, is_prediction: bool = False) -> Callable:
    """Register the decorated function as the checker of exercise ``number``, such as "03.1".

    Args:
        number: of the exercise.
        function: the name in the notebook of the function that is the answer; None if the answer is
            something else.
        is_prediction: the checker computes a result that the student was to predict.
    """

    def register(checker: Callable[[object], str | None]) -> Callable[[object], str | None]:
        _EXERCISES[number] = Exercise(checker, function, is_prediction)
        return checker

    return register


def function_of(number: str) -> str | None:
    """Return the name of the function that exercise ``number`` asks for, None if it asks for none.

    Raises:
        CatdogError: there is no such exercise.
    """
    return _find(number).function


def require(holds: bool, hint: str) -> None:
    """Go on if ``holds``; else raise :class:`WrongAnswer` with the hint."""
    if not holds:
        raise WrongAnswer(hint)


def exercises(lesson: str) -> list[str]:
    """Return the numbers of the exercises of lesson "03", in order.

    Raises:
        CatdogError: the lesson has none.
    """
    files = list(Path(__file__).parent.glob(f"lesson_{lesson}_*.py"))
    if not re.fullmatch(r"\d\d", lesson) or not files:
        raise CatdogError(
            f"There is no lesson {lesson!r} with exercises; exercises are numbered like '03.1'."
        )
    for file in files:
        import_module(f"{__package__}.{file.stem}")
    return sorted(number for number in _EXERCISES if number.startswith(lesson))


def _find(number: str) -> Exercise:
    """Return the exercise; import its lesson first, so that it is registered."""
    known = exercises(number[:2])
    if number not in known:
        raise CatdogError(
            f"There is no exercise {number!r}; lesson {number[:2]} has {', '.join(known)}."
        )
    return _EXERCISES[number]


def check(number: str, answer: object) -> None:
    """Check an answer: say that it is right, or that it is not attempted yet.

    Args:
        number: of the exercise, such as "03.1".
        answer: yours; ``...`` stands for none yet.

    Raises:
        WrongAnswer: it is not right; the message is a hint. In a notebook only the hint is shown.
        CatdogError: there is no such exercise.
    """
    checker, function, is_prediction = _find(number)
    if answer is ...:
        print(f"Exercise {number}: not attempted yet.")
        return
    if is_prediction:
        _lock(number, answer)
    try:
        require(
            function is None or callable(answer),
            f"Give the function itself: check('{number}', {function}), without calling it.",
        )
        said = checker(answer)
    except WrongAnswer as wrong:
        raise WrongAnswer(f"Exercise {number}: not yet. {wrong}") from wrong.__cause__
    except Exception as error:
        raise WrongAnswer(
            f"Exercise {number}: not yet. Checking your answer ended in {type(error).__name__}: "
            f"{error}"
        ) from error
    print(f"Exercise {number}: right!", *([said] if said else []))


def _lock(number: str, answer: object) -> None:
    """Keep the first prediction, and say so; show it beside a later one that differs."""
    if number not in _FIRST_PREDICTIONS:
        _FIRST_PREDICTIONS[number] = copy.deepcopy(answer)
        print(f"Exercise {number}: your prediction is locked in. Now the result is computed.")
    elif repr(_FIRST_PREDICTIONS[number]) != repr(answer):
        print(f"Exercise {number}: your first prediction was {_FIRST_PREDICTIONS[number]!r}.")
