"""A student's progress: each answer that was checked, in a file of the student's own.

Nothing leaves the machine. An answer counts if it was checked in a cell of an open notebook; the
course's own solution cells, rendered pages and tests leave no trace.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import platformdirs

REPEAT_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class Attempt:
    """An answer that was checked.

    Attributes:
        exercise: its number, such as "03.1".
        right: whether the checker accepted it.
        at: when.
    """

    exercise: str
    right: bool
    at: datetime


@dataclass(frozen=True)
class Progress:
    """How far a student is in a lesson.

    Attributes:
        lesson: its number.
        solved: exercises with a right answer.
        tried: exercises with wrong answers only.
        next: the first exercise that is not solved; None if all are.
        repeat: exercises solved a week ago or earlier, and not again since.
    """

    lesson: str
    solved: list[str]
    tried: list[str]
    next: str | None
    repeat: list[str]


def progress_file() -> Path:
    """Return where attempts are kept: ``CATDOG_PROGRESS``, or the user's folder for data."""
    chosen = os.environ.get("CATDOG_PROGRESS")
    if chosen:
        return Path(chosen).expanduser()
    return Path(platformdirs.user_data_dir("catdog", appauthor=False)) / "progress.jsonl"


def note(exercise: str, right: bool) -> None:
    """Note an attempt, if it was made in a student's own cell; a full disk costs only the note."""
    cell = _open_cell()
    if not cell or cell.endswith("-solution"):
        return
    record = {"exercise": exercise, "right": right, "at": datetime.now().isoformat("T", "seconds")}
    with suppress(OSError, RuntimeError):  # RuntimeError: the user has no home
        path = progress_file()
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                if file.read() != b"\n":  # a crash has cut the last line; it takes no other along
                    file.write(b"\n")
            file.write(json.dumps(record).encode() + b"\n")


def in_open_notebook() -> bool:
    """Return whether this code runs in a cell that somebody has open in front of them."""
    return bool(_open_cell())


def attempts() -> list[Attempt]:
    """Return all attempts, the oldest first; a line that was cut off is left out."""
    try:
        lines = progress_file().read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, RuntimeError):
        return []
    found = []
    for line in lines:
        with suppress(ValueError, KeyError, TypeError, RecursionError):
            record = json.loads(line)
            at = datetime.fromisoformat(record["at"]).replace(tzinfo=None)
            found.append(Attempt(str(record["exercise"]), record["right"] is True, at))
    return found


def progress_in(lesson: str, numbers: Iterable[str], made: Iterable[Attempt]) -> Progress:
    """Return how far a student is in a lesson.

    Args:
        lesson: its number.
        numbers: those of its exercises, in order.
        made: all attempts.
    """
    numbers = list(numbers)
    last_right: dict[str, datetime] = {}
    touched = set()
    for attempt in made:
        touched.add(attempt.exercise)
        if attempt.right:
            last_right[attempt.exercise] = max(
                attempt.at, last_right.get(attempt.exercise, attempt.at)
            )
    long_ago = datetime.now() - REPEAT_AFTER
    return Progress(
        lesson,
        solved=[n for n in numbers if n in last_right],
        tried=[n for n in numbers if n in touched and n not in last_right],
        next=next((n for n in numbers if n not in last_right), None),
        repeat=[n for n in numbers if n in last_right and last_right[n] <= long_ago],
    )


def _open_cell() -> str:
    """Return the id of the cell that runs in an open notebook; empty elsewhere.

    JupyterLab, Notebook and VS Code send it along; what only runs notebooks does not.
    """
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return str(parent.get("metadata", {}).get("cellId", ""))
