"""Write what grading found into a folder: tables for the teacher's platform, pages for everyone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from catdog_lib.atomic_write import make_folder, require_own, write
from catdog_lib.errors import CatdogError
from catdog_lib.grading.grade import Graded
from catdog_lib.grading.pages import class_page, student_page
from catdog_lib.grading.tables import (
    CANVAS_HEADER,
    MOODLE_HEADER,
    canvas_table,
    grades_table,
    moodle_table,
)

_MARKS = {
    "grades.csv": "student,points,",
    "moodle.csv": ",".join(MOODLE_HEADER),
    "canvas.csv": ",".join(CANVAS_HEADER),
    "class.html": "<title>",
}


def require_free(out: Path) -> None:
    """Raise :class:`CatdogError` if ``out`` is a file, or a table in it is somebody's own."""
    if out.exists() and not out.is_dir():
        raise CatdogError(f"{out} is a file; name a folder for the grades.")
    for name, mark in _MARKS.items():
        require_own(out / name, mark.encode(), "what catdog grade has written")


def write_report(graded: Sequence[Graded], out: Path) -> None:
    """Write the grades into the folder ``out``.

    ``grades.csv``, ``moodle.csv`` and ``canvas.csv`` are tables, ``class.html`` is about the class,
    and ``students/NAME.html`` is for one student.

    Raises:
        CatdogError: a file cannot be written.
    """
    files = [
        f"students/{i:03}_{_file_name(g.submission.student)}.html" for i, g in enumerate(graded, 1)
    ]
    texts = {
        "grades.csv": grades_table(graded),
        "moodle.csv": moodle_table(graded),
        "canvas.csv": canvas_table(graded),
        "class.html": class_page(graded, files),
        **{file: student_page(one) for file, one in zip(files, graded, strict=True)},
    }
    make_folder(out / "students")
    for page in (out / "students").glob("[0-9][0-9][0-9]_*.html"):
        if f"students/{page.name}" not in texts:
            page.unlink()  # an earlier class had others
    for name, text in texts.items():
        write(text.encode(errors="backslashreplace"), out / name)


def _file_name(student: str) -> str:
    """Return a student's name as part of a file's name."""
    return re.sub(r"[^\w-]+", "-", student)[:60]
