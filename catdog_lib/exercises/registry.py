"""The exercise system: ``check("03.1", answer)`` finds the checker and says what it thinks.

A checker is a function of the answer. It calls :func:`require`, and the functions of
``checking.py`` and ``calling.py``, for each thing that must hold, with the hint that the mistake
deserves; when it returns, the answer is right. The checkers of lesson NN stand in the files
``lesson_NN_subject.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from catdog_lib.errors import CatdogError


class WrongAnswer(CatdogError):
    """The answer is not right yet; the message is a hint."""


class Exercise(NamedTuple):
    """A checker, and the name of the function that the exercise asks for, if it asks for one."""

    checker: Callable[[object], None]
    function: str | None


_EXERCISES: dict[str, Exercise] = {}


def exercise(number: str, function: str | None = None) -> Callable:
    """Register the decorated function as the checker of exercise ``number``, such as "03.1".

    Args:
        number: of the exercise.
        function: the name in the notebook of the function that is the answer; None if the answer is
            something else.
    """

    def register(checker: Callable[[object], None]) -> Callable[[object], None]:
        _EXERCISES[number] = Exercise(checker, function)
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
    checker, function = _find(number)
    if answer is ...:
        print(f"Exercise {number}: not attempted yet.")
        return
    try:
        require(
            function is None or callable(answer),
            f"Give the function itself: check('{number}', {function}), without calling it.",
        )
        checker(answer)
    except WrongAnswer as wrong:
        raise WrongAnswer(f"Exercise {number}: not yet. {wrong}") from wrong.__cause__
    except Exception as error:
        raise WrongAnswer(
            f"Exercise {number}: not yet. Checking your answer ended in {type(error).__name__}: "
            f"{error}"
        ) from error
    print(f"Exercise {number}: right!")
