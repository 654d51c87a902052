"""The exercise system: ``check("03.1", answer)`` finds the checker and says what it thinks.

A checker is a function of the answer. It calls :func:`require`, and the functions of
``checking.py`` and ``calling.py``, for each thing that must hold, with the hint that the mistake
deserves; when it returns, the answer is right, and a sentence that it returns is shown. The
checkers of lesson NN are in the files ``lesson_NN_subject.py``.

In an exercise of the kind *predict, then run* the student commits to an answer, and only then is
the result computed. The first answer is kept: it is shown beside every later one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, ValuesView
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from catdog_lib.errors import CatdogError
from catdog_lib.exercises import progress
from catdog_lib.exercises.guard import globals_kept
from catdog_lib.exercises.own_line import describe
from catdog_lib.language import say


class WrongAnswer(CatdogError):
    """The answer is not right yet; the message is a hint."""


class WrongForm(WrongAnswer):
    """What was given cannot be an answer, such as text for a number; it is no prediction either."""


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
_FIRST_PREDICTIONS: dict[str, str] = {}


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


def require_form(holds: bool, hint: str) -> None:
    """Go on if ``holds``; else raise :class:`WrongForm` with the hint."""
    if not holds:
        raise WrongForm(hint)


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


def _spelled(number: object) -> str:
    """Return an exercise's number as :func:`check` takes it; say how to write it, if it is not."""
    if isinstance(number, str) and re.fullmatch(r"\d\d\.\d+", number):
        return number
    shown = number if isinstance(number, str | int | float) else "an answer"
    meant = re.fullmatch(r"(\d{1,2})[.,](\d)", str(shown).strip())
    example = f"{int(meant[1]):02}.{meant[2]}" if meant else "03.1"
    raise CatdogError(
        f"The number of an exercise comes first, as text, with two digits for the lesson: "
        f'check("{example}", your_answer); you gave {shown!r}.'
    )


def _find(number: str) -> Exercise:
    """Return the exercise; import its lesson first, so that it is registered."""
    known = exercises(number[:2])
    if number not in known:
        raise CatdogError(
            f"There is no exercise {number!r}; lesson {number[:2]} has {', '.join(known)}."
        )
    return _EXERCISES[number]


def check(number: str, *answer: object) -> None:
    """Check an answer: say that it is right, or that it is not attempted yet.

    The notebook's global random numbers and its gradient switch stay as they were.

    Args:
        number: of the exercise, such as "03.1".
        *answer: yours, a single one; ``...`` stands for none yet.

    Raises:
        WrongAnswer: it is not right; the message is a hint. In a notebook only the hint is shown.
            If ``CATDOG_KEEP_GOING`` is set, the hint is printed instead, and "Run All" goes on.
        CatdogError: there is no such exercise, or not one answer.
    """
    number = _spelled(number)
    exercise_found = _find(number)
    if len(answer) != 1:
        name = exercise_found.function or "your_answer"
        many = "is missing" if not answer else "has several parts: put them into one"
        raise CatdogError(f'The answer {many}. Write check("{number}", {name}).')
    if answer[0] is ...:
        say(f"Exercise {number}: not attempted yet.")
        return
    one = answer[0]
    try:
        with globals_kept():
            is_lazy = isinstance(one, Iterator | ValuesView | range)
            said = _judge(number, exercise_found, list(one) if is_lazy else one)
    except WrongAnswer as wrong:
        progress.note(number, right=False)
        if not os.environ.get("CATDOG_KEEP_GOING"):
            raise
        say(str(wrong))
        return
    progress.note(number, right=True)
    say(f"Exercise {number}: right! {said}" if said else f"Exercise {number}: right!")


def _judge(number: str, found: Exercise, answer: object) -> str | None:
    """Run the checker; return what it says of a right answer, raise the hint for a wrong one."""
    try:
        require(
            found.function is None or callable(answer),
            f"Give the function itself: check('{number}', {found.function}), without calling it.",
        )
        said = found.checker(answer)
    except WrongAnswer as wrong:
        if found.is_prediction and not isinstance(wrong, WrongForm):
            _lock(number, answer)
        raise WrongAnswer(f"Exercise {number}: not yet. {wrong}") from wrong.__cause__
    except Exception as error:
        raise WrongAnswer(
            f"Exercise {number}: not yet. Checking your answer ended in {describe(error)}"
        ) from error
    if found.is_prediction:
        _lock(number, answer)
    return said


def _lock(number: str, answer: object) -> None:
    """Keep the first prediction, and say so; show it beside a later one that differs."""
    shown = repr(answer)
    if number not in _FIRST_PREDICTIONS:
        _FIRST_PREDICTIONS[number] = shown
        say(f"Exercise {number}: your prediction is locked in. Here is the result.")
    elif _FIRST_PREDICTIONS[number] != shown:
        say(f"Exercise {number}: your first prediction was {_FIRST_PREDICTIONS[number]}.")
