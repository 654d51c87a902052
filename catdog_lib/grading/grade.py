"""Grade a folder of submissions: each in a process of its own, several at once."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from secrets import randbelow
from threading import Event

from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.device import cores
from catdog_lib.errors import CatdogError
from catdog_lib.exercises import exercises
from catdog_lib.exercises.registry import function_of
from catdog_lib.grading import sandbox
from catdog_lib.grading.answers import Answer, find_answer
from catdog_lib.grading.cells import Cell, answered_lessons, read_cells
from catdog_lib.grading.marks import Limits, Mark, Stopped, mark_answers
from catdog_lib.grading.submissions import Submission, find_submissions


@dataclass(frozen=True)
class Graded:
    """A submission with its marks.

    Attributes:
        submission: what was handed in.
        marks: exercise → mark.
        problem: what could not be read of it, in one sentence; empty if all could.
    """

    submission: Submission
    marks: dict[str, Mark]
    problem: str = ""

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
    every = (c for notebooks, _ in read.values() for cells in notebooks.values() for c in cells)
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
            answers = {n: _answers(n, notebooks, solutions[n]) for n in numbers}
            marked = _marked(answers, limits or Limits(), sandboxed, seed, stop)
        except (CatdogError, Stopped):
            raise
        except Exception as error:  # it costs the others nothing
            reason = f"It could not be graded ({type(error).__name__}): look at it yourself"
            marked = dict.fromkeys(numbers, Mark(False, reason))
        if not notebooks:
            marked = dict.fromkeys(numbers, Mark(False, problem))
        graded = Graded(submission, {number: marked[number] for number in numbers}, problem)
        log(f"{submission.student}: {graded.points} of {len(numbers)}")
        return graded

    stop = Event()
    with ThreadPoolExecutor(cores()) as pool:
        try:
            return list(pool.map(one, submissions))
        except BaseException:  # a Ctrl-C, too, which need not wait for anybody's answers
            stop.set()
            raise


def course_solutions() -> dict[str, str]:
    """Return the course's own solution of each exercise: its number → the text of the cell."""
    found = {}
    for lesson in find_lessons():
        for cell in json.loads(lesson.path.read_text(encoding="utf-8"))["cells"]:
            source = "".join(cell["source"])
            if "solution" in cell["metadata"].get("tags", []) and 'check("' in source:
                found[source.split('check("')[1].split('"')[0]] = source
    return found


def _cells(submission: Submission) -> tuple[dict[str, list[Cell]], str]:
    """Return the cells of each notebook of a student, by its name, and what could not be read."""
    notebooks, problems = {}, [*submission.problems]
    for path in submission.notebooks:
        try:
            notebooks[path.relative_to(submission.folder).as_posix()] = read_cells(path)
        except ValueError as error:
            problems.append(str(error))
    return notebooks, "; ".join(problems)


def _answers(number: str, notebooks: dict[str, list[Cell]], solution: str) -> list[Answer]:
    """Return a student's answers to an exercise, the one that is to be tried first at first.

    Copies of a notebook may all be handed in, as "01.ipynb" and "01 (1).ipynb", each with an
    answer of its own. Then come the notebooks read as one: a function may be in another notebook
    than its check.
    """
    function = function_of(number)
    of_lesson = {f: c for f, c in notebooks.items() if number[:2] in answered_lessons(c)}
    own = of_lesson or notebooks  # somebody may have deleted the checks
    found = {}
    for file, cells in own.items():
        answer = find_answer(number, function, cells, solution)
        if answer.cells or len(own) == 1:
            found[answer.cells] = replace(answer, file=file)  # once, if copies are alike
    if len(own) != 1:
        joined = [cell for cells in own.values() for cell in cells]
        cells = [replace(cell, number=place) for place, cell in enumerate(joined, start=1)]
        answer = find_answer(number, function, cells, solution)
        return [*reversed(found.values()), replace(answer, file="all notebooks together")]
    return list(found.values())


def _marked(
    answers: dict[str, list[Answer]], limits: Limits, sandboxed: bool, seed: int, stop: Event
) -> dict[str, Mark]:
    """Return the mark of each exercise: of its first answer that is right, else of the first."""
    marks: dict[str, Mark] = {}
    for turn in range(max(map(len, answers.values()))):
        now = [a[turn] for n, a in answers.items() if len(a) > turn and not _is_right(marks, n)]
        files = {answer.number: answer.file for answer in now}
        for number, mark in mark_answers(now, limits, sandboxed, seed, stop).items():
            if turn and mark.right:
                said = f"taken from {files[number]}"
                mark = replace(mark, note="; ".join(filter(None, (mark.note, said))))
            if turn == 0 or mark.right:
                marks[number] = mark
    return marks


def _is_right(marks: dict[str, Mark], number: str) -> bool:
    """Tell whether an exercise has a mark, and that is "right"."""
    return number in marks and marks[number].right
