"""Grades as tables: one to read, one that Moodle imports, one that Canvas imports."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from catdog_lib.grading.grade import Graded, Mark
from catdog_lib.language import translate

MOODLE_HEADER = ["Identifier", "Full name", "Grade", "Maximum grade", "Feedback comments"]
CANVAS_HEADER = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", "catdog"]


def grades_table(graded: Sequence[Graded]) -> str:
    """Return a row for each student: name, points, and of each exercise 1 or 0."""
    numbers = list(graded[0].marks)
    rows = [
        [g.submission.student, g.points, *(int(g.marks[n].right) for n in numbers)] for g in graded
    ]
    return _csv(["student", "points", *numbers], rows)


def moodle_table(graded: Sequence[Graded]) -> str:
    """Return Moodle's grading worksheet for offline marking: feedback, and points as the grade.

    Source: Moodle's documentation, "Offline grading worksheet".
    """
    rows = [
        [
            f"Participant {g.submission.identifier}" if g.submission.identifier else "",
            g.submission.student,
            g.points,
            len(g.marks),
            _feedback(g),
        ]
        for g in graded
    ]
    return _csv(MOODLE_HEADER, rows)


def canvas_table(graded: Sequence[Graded]) -> str:
    """Return Canvas's gradebook import: a column of points with its maximum below the header.

    Source: Canvas's documentation, "How do I import grades in the Gradebook?".
    """
    most = ["    Points Possible", "", "", "", "", len(graded[0].marks)]
    rows = [[g.submission.student, g.submission.identifier, "", "", "", g.points] for g in graded]
    return _csv(CANVAS_HEADER, [most, *rows])


def _feedback(graded: Graded) -> str:
    """Return what is said of each exercise, or once what is said of all."""
    if graded.problem and {mark.reason for mark in graded.marks.values()} == {graded.problem}:
        return f"{graded.problem}."
    return " ".join(f"{n}: {_sentence(mark)}" for n, mark in graded.marks.items())


def _sentence(mark: Mark) -> str:
    """Return a mark in words that end as a sentence does."""
    said = translate(mark.reason) or "Right"
    return said if said.endswith((".", "?", "!")) else f"{said}."


def _csv(header: list[str], rows: list[list]) -> str:
    """Return a table as CSV, in which no spreadsheet takes a name for a formula."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(header)
    for row in rows:
        writer.writerow(
            [f"'{v}" if isinstance(v, str) and v[:1] in tuple("=+-@\t\r") and v else v for v in row]
        )
    return file.getvalue()
