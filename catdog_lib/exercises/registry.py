"""The exercise system: ``check("03.1", answer)`` finds the checker of that exercise and says what
it thinks.

A checker is a function of the answer. It calls :func:`require` for each thing that must hold, with
the hint that the mistake deserves; when it returns, the answer is right. Lesson NN keeps its
checkers in ``lesson_NN.py``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from catdog_lib.errors import CatdogError

_CHECKERS: dict[str, Callable[[object], None]] = {}


class WrongAnswer(CatdogError):
    """The answer is not right yet; the message is a hint."""


def exercise(number: str) -> Callable:
    """Register the decorated function as the checker of exercise ``number``, such as "03.1"."""

    def register(checker: Callable[[object], None]) -> Callable[[object], None]:
        _CHECKERS[number] = checker
        return checker

    return register


def require(holds: bool, hint: str) -> None:
    """Go on if ``holds``; else the answer is wrong, and ``hint`` says in which way."""
    if not holds:
        raise WrongAnswer(hint)


def require_function(number: str, name: str, answer: object) -> None:
    """The answer to exercise ``number`` is to be a function, which the exercise calls ``name``."""
    require(
        callable(answer),
        f"Give the function itself: check('{number}', {name}), without calling it.",
    )


def require_returned(value: object) -> None:
    """The student's function gave something back."""
    require(value is not None, "Your function returns None: does it end in `return`?")


def exercises(lesson: str) -> list[str]:
    """The numbers of the exercises of lesson "03", in order.

    Raises:
        CatdogError: the lesson has none.
    """
    module = f"{__package__}.lesson_{lesson}"
    if not re.fullmatch(r"\d\d", lesson) or find_spec(module) is None:
        raise CatdogError(
            f"There is no lesson {lesson!r} with exercises; exercises are numbered like '03.1'."
        )
    import_module(module)
    return sorted(number for number in _CHECKERS if number.startswith(lesson))


def check(number: str, answer: object) -> None:
    """Check an answer: say that it is right, or that it is not attempted yet.

    Args:
        number: of the exercise, such as "03.1".
        answer: yours; ``...`` stands for none yet.

    Raises:
        WrongAnswer: it is not right; the message is a hint. In a notebook only the hint is shown.
        CatdogError: there is no such exercise.
    """
    known = exercises(number[:2])
    if number not in known:
        raise CatdogError(
            f"There is no exercise {number!r}; lesson {number[:2]} has {', '.join(known)}."
        )
    if answer is ...:
        print(f"Exercise {number}: not attempted yet.")
        return
    try:
        _CHECKERS[number](answer)
    except WrongAnswer as wrong:
        raise WrongAnswer(f"Exercise {number}: not yet. {wrong}") from None
    except Exception as error:
        raise WrongAnswer(
            f"Exercise {number}: not yet. Checking your answer ended in {type(error).__name__}: "
            f"{error}"
        ) from error
    print(f"Exercise {number}: right!")
