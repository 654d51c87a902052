"""The lessons as assignments for nbgrader, which hands out and grades notebooks on a JupyterHub.

Each exercise becomes two cells of nbgrader's: one for the answer, with the solution that nbgrader
takes out, and a locked one with the test, worth a point. A hidden part of the test, which nbgrader
takes out and puts back, checks the answer on inputs that nobody has seen.

The cells' metadata are those of nbgrader's schema, version 3:
https://nbgrader.readthedocs.io/en/stable/contributor_guide/metadata.html
"""

from __future__ import annotations

import json
import re
import secrets
from pathlib import Path

from catdog_lib.atomic_write import make_folder, write
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.course.translation.lessons import in_language
from catdog_lib.errors import CatdogError
from catdog_lib.language import current

_CHECK = re.compile(r'\n*check\("(?P<number>\d\d\.\d+)", (?P<name>\w+)\)\s*$')
_CONFIGURATION = '''"""nbgrader's settings for the lessons of catdog."""

c = get_config()  # noqa: F821, nbgrader defines it
c.CourseDirectory.course_id = "catdog"
# The exercises begin with a line of their own that says what is asked for.
c.ClearSolutions.code_stub = {"python": "# Your answer takes the place of the three dots."}
c.ExecutePreprocessor.timeout = 600  # seconds for a cell: lessons train networks
'''


def write_assignments(out: Path, root: Path | None = None) -> list[Path]:
    """Write a course folder of nbgrader's, with each lesson as the source of an assignment.

    Args:
        out: the folder, which is made if it does not exist: ``nbgrader_config.py``, unless it is
            there, and ``source/NN_name/NN_name.ipynb``.
        root: the checkout; by default the one that this library was installed from.

    Returns:
        The notebooks.

    Raises:
        CatdogError: the checkout is incomplete, an assignment is there already, or a file cannot be
            written.
    """
    lessons = {
        out / "source" / lesson.path.stem / lesson.path.name: lesson.path
        for lesson in in_language(find_lessons(root), current())
    }
    if there := [path for path in lessons if path.exists()]:
        raise CatdogError(
            f"{str(there[0])!r} already exists, and you may have changed it; move it away, or use "
            "another folder."
        )
    for path, lesson in lessons.items():
        make_folder(path.parent)
        write(assignment(lesson.read_text(encoding="utf-8")).encode(), path)
    if not (configuration := out / "nbgrader_config.py").exists():
        write(_CONFIGURATION.encode(), configuration)
    return list(lessons)


def assignment(notebook: str) -> str:
    """Return a lesson's text as the source of an assignment, with other hidden inputs each time."""
    content = json.loads(notebook)
    solutions = {
        found["number"]: _CHECK.sub("", _source(cell))
        for cell in content["cells"]
        if "solution" in _tags(cell) and (found := _CHECK.search(_source(cell)))
    }
    cells = []
    for cell in content["cells"]:
        found = _CHECK.search(_source(cell)) if "exercise" in _tags(cell) else None
        if found:
            cells += _exercise(cell, found["number"], found["name"], solutions[found["number"]])
        elif "solution" not in _tags(cell):
            cells.append(_locked(cell))
    return json.dumps({**content, "cells": cells}, indent=1, ensure_ascii=False) + "\n"


def _exercise(stub: dict, number: str, name: str, solution: str) -> list[dict]:
    """Return the two cells of an exercise: for its answer, and with its test."""
    given, shift = _CHECK.sub("", _source(stub)), 1 + secrets.randbelow(10**6)
    answer = (
        f'{given}\n### BEGIN SOLUTION\n{solution}\n### END SOLUTION\n\ncheck("{number}", {name})'
    )
    test = f"""from catdog_lib import check

assert {name} is not ..., "not attempted yet"
check("{number}", {name})
### BEGIN HIDDEN TESTS
from catdog_lib.exercises.random_inputs import fresh_inputs

with fresh_inputs({shift}):
    check("{number}", {name})
### END HIDDEN TESTS"""
    place = number.replace(".", "-")
    return [
        _cell(stub, answer, grade_id=f"answer-{place}", solution=True),
        _cell(
            {**stub, "id": f"{stub['id']}-test", "metadata": {}},
            test,
            grade_id=f"test-{place}",
            grade=True,
            locked=True,
            points=1,
        ),
    ]


def _locked(cell: dict) -> dict:
    """Return a cell as it is, but locked if it has the text of an exercise."""
    found = re.search(r"^#+ Exercise (\d\d)\.(\d+)", _source(cell), re.MULTILINE)
    if cell["cell_type"] != "markdown" or not found:
        return cell
    return _cell(cell, _source(cell), grade_id=f"text-{found[1]}-{found[2]}", locked=True)


def _cell(cell: dict, source: str, *, grade_id: str, **nbgrader: bool | int) -> dict:
    """Return a cell with another source and with nbgrader's metadata."""
    flags = {"grade": False, "locked": False, "solution": False, "task": False}
    metadata = {"schema_version": 3, "grade_id": grade_id, **flags, **nbgrader}
    lines = source.splitlines(keepends=True)
    return {**cell, "source": lines, "metadata": {**cell["metadata"], "nbgrader": metadata}}


def _source(cell: dict) -> str:
    return "".join(cell["source"])


def _tags(cell: dict) -> list[str]:
    return cell["metadata"].get("tags", [])
