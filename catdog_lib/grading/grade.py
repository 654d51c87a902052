"""Grade a folder of submissions: each in a process of its own, several at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import randbelow

from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.device import cores
from catdog_lib.errors import CatdogError
from catdog_lib.exercises import exercises
from catdog_lib.exercises.registry import function_of
from catdog_lib.grading import sandbox
from catdog_lib.grading.answers import find_answer
from catdog_lib.grading.cells import Cell, answered_lessons, read_cells
from catdog_lib.grading.marks import Limits, Mark, mark_answers
from catdog_lib.grading.submissions import Submission, find_submissions


@dataclass(frozen=True)
class Graded:
    """A submission with its marks: exercise → mark."""

    submission: Submission
    marks: dict[str, Mark]

    @property
    def points(self) -> int:
        """Return how many exercises are right."""
        return sum(mark.right for mark in self.marks.values())


def grade(
    folder: Path,
    lessons: Sequence[str] = (),
    limits: Limits | None = None,
    *,
    sandboxed: bool = True,
    seed: int | None = None,
    log: Callable[[str], None] = print,
) -> list[Graded]:
    """Grade all submissions in a folder.

    Args:
        folder: with a notebook, or a folder of notebooks, of each student.
        lessons: the lessons to grade, such as ``["02"]``; by default those of which some
            submission checks an exercise.
        limits: of each answer; by default those of :class:`Limits`.
        sandboxed: whether to isolate each submission with bubblewrap.
        seed: of the fresh inputs that each answer is checked on; a new one by default, so that
            nobody knows them before.
        log: is given one line of progress at a time.

    Returns:
        One for each submission, in the order of the students' names.

    Raises:
        CatdogError: there is no submission or nothing to grade in them, an unknown lesson, no
            sandbox, or a system other than Linux.
    """
    if sys.platform != "linux":
        raise CatdogError(
            f"Grading limits what students' code may do as only Linux can, and this is "
            f"{sys.platform}; run it on a Linux machine, in WSL or in a container."
        )
    if sandboxed and not sandbox.is_available():
        raise CatdogError(
            "Grading runs students' code in a sandbox, and bubblewrap is not installed or may not "
            "make one here; install it (Debian, Ubuntu: sudo apt install bubblewrap), or add "
            "--without-sandbox where nothing of value can be read or deleted."
        )
    submissions = find_submissions(folder)
    read = {submission: _cells(submission) for submission in submissions}
    every = (cell for notebooks, _ in read.values() for cells in notebooks for cell in cells)
    chosen = lessons or sorted(answered_lessons(every))
    numbers = [number for lesson in chosen for number in exercises(lesson)]
    if not numbers:
        raise CatdogError(
            f"No notebook in {folder} checks an exercise; name the lesson to grade with --lesson."
        )
    solutions = course_solutions()
    seed = randbelow(2**31) if seed is None else seed

    def one(submission: Submission) -> Graded:
        """Grade one submission."""
        notebooks, problem = read[submission]
        try:
            answers = [
                find_answer(n, function_of(n), _of_lesson(notebooks, n[:2]), solutions[n])
                for n in numbers
            ]
            marked = mark_answers(answers, limits or Limits(), sandboxed, seed)
        except CatdogError:
            raise
        except Exception as error:  # it costs the others nothing
            reason = f"it could not be graded ({type(error).__name__}): look at it yourself"
            marked = dict.fromkeys(numbers, Mark(False, reason))
        marks = {number: marked[number] for number in numbers}
        if problem:
            why = {n: f"{problem}; {mark.reason}" for n, mark in marks.items()}
            marks = {n: m if m.right else Mark(False, why[n]) for n, m in marks.items()}
        graded = Graded(submission, marks)
        log(f"{submission.student}: {graded.points} of {len(numbers)}")
        return graded

    with ThreadPoolExecutor(cores()) as pool:
        return list(pool.map(one, submissions))


def course_solutions() -> dict[str, str]:
    """Return the course's own solution of each exercise: its number → the text of the cell."""
    found = {}
    for lesson in find_lessons():
        for cell in json.loads(lesson.path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if "solution" in cell["metadata"].get("tags", []) and 'check("' in source:
                found[source.split('check("')[1].split('"')[0]] = source
    return found


def _cells(submission: Submission) -> tuple[list[list[Cell]], str]:
    """Return the cells of each notebook of a student, and what is wrong."""
    notebooks, problems = [], []
    for path in submission.notebooks:
        try:
            notebooks.append(read_cells(path))
        except ValueError as error:
            problems.append(str(error))
    return notebooks, "; ".join(problems)


def _of_lesson(notebooks: list[list[Cell]], lesson: str) -> list[Cell]:
    """Return the cells of the notebooks that check exercises of a lesson, numbered through.

    If none does, those of all: somebody may have deleted the checks.
    """
    own = [cells for cells in notebooks if lesson in answered_lessons(cells)] or notebooks
    joined = [cell for cells in own for cell in cells]
    return [replace(cell, number=number) for number, cell in enumerate(joined, start=1)]
