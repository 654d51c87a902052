"""Find the lessons of a checkout, and read what each says of itself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import nbformat

from catdog_lib.course.site import checkout
from catdog_lib.errors import CatdogError


@dataclass(frozen=True)
class Lesson:
    """One numbered notebook.

    Attributes:
        number: such as "03".
        path: the notebook.
        title: its first heading.
        seconds: budget → the time that it promises, where it promises one.
        memory: budget → the gigabytes that it and the processes that it starts promise to do with,
            on two cores, likewise.
    """

    number: str
    path: Path
    title: str
    seconds: dict[str, float]
    memory: dict[str, float]


def find_lessons(root: Path | None = None) -> list[Lesson]:
    """Return the lessons of a checkout, in order: its notebooks ``notebooks/NN_*.ipynb``.

    Args:
        root: the checkout; by default the one that this library was installed from.

    Raises:
        CatdogError: there is no lesson, or a notebook cannot be read.
    """
    folder = (root or checkout()) / "notebooks"
    lessons = [read_lesson(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
    if not lessons:
        raise CatdogError(
            f"There is no lesson NN_name.ipynb in {folder}; work in a complete clone of the course."
        )
    return lessons


def select(lessons: list[Lesson], numbers: Sequence[str]) -> list[Lesson]:
    """Return the lessons of these numbers alone, in the order of the course; all if there are none.

    Raises:
        CatdogError: there is no such lesson.
    """
    known = [one.number for one in lessons]
    for number in numbers:
        if not number or number.zfill(2) not in known:
            raise CatdogError(f"There is no lesson {number!r}; the lessons are {', '.join(known)}.")
    wanted = {number.zfill(2) for number in numbers} or known
    return [one for one in lessons if one.number in wanted]


def read_lesson(path: Path) -> Lesson:
    """Return the lesson that a notebook holds."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise CatdogError(
            f"{path} is not a readable notebook ({error}); restore it with git."
        ) from error
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heading = re.search(r"^# +(.+?) *$", text, re.MULTILINE)
    promises = notebook.metadata.get("catdog", {})
    seconds, memory = (dict(promises.get(of, {})) for of in ("seconds", "memory"))
    title = heading.group(1) if heading else path.stem
    return Lesson(path.name[:2], path, title, seconds, memory)
