"""Run the lessons and render them: what ``catdog course`` does.

Each numbered notebook is executed from top to bottom in a fresh kernel, with the working directory
of the notebooks. The executed copies, never the originals, become the pages of a web site
(:mod:`catdog_lib.course.site`).
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from catdog_lib.budget import BUDGETS
from catdog_lib.course import pace
from catdog_lib.course.executed import mark_as_stopped, prepare
from catdog_lib.course.site import build, checkout, open_workspace, web_assets
from catdog_lib.errors import CatdogError


@dataclass(frozen=True)
class Lesson:
    """One numbered notebook.

    Attributes:
        number: such as "03".
        path: the notebook.
        title: its first heading.
        seconds: budget → the time that it promises, where it promises one.
    """

    number: str
    path: Path
    title: str
    seconds: dict[str, float]


def find_lessons(root: Path | None = None) -> list[Lesson]:
    """Return the lessons of a checkout, in order: its notebooks ``notebooks/NN_*.ipynb``.

    Args:
        root: the checkout; by default the one that this library was installed from.

    Raises:
        CatdogError: there is no lesson, or a notebook cannot be read.
    """
    folder = (root or checkout()) / "notebooks"
    lessons = [_read(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
    if not lessons:
        raise CatdogError(
            f"There is no lesson NN_name.ipynb in {folder}; work in a complete clone of the course."
        )
    return lessons


def run(
    lesson: str | None = None,
    budget: str = "quick",
    out: Path | None = None,
    log: Callable[[str], None] = print,
    *,
    root: Path | None = None,
) -> dict:
    """Execute the lessons and build the site from them.

    Args:
        lesson: the number of the only lesson to run, such as ``"03"``; the site then holds that
            lesson alone.
        budget: quick, standard or full; the kernels see it as ``CATDOG_BUDGET``.
        out: the folder to work in, by default ``site/`` in the checkout. Its ``source/`` (the
            executed copies) and ``html/`` (the pages) are made again on each call, so no page
            outlives its lesson.
        log: is given one line of progress at a time.
        root: the checkout, as in :func:`find_lessons`.

    Returns:
        ``lessons``: a list of ``number``, ``title``, ``seconds`` (measured), ``limit`` (promised
        seconds for this budget, or None) and ``ok`` (no cell failed); ``site``: the path of
        ``index.html``; ``seconds``: in all. A lesson that fails is reported, the rest still run,
        and its page shows where it stopped.

    Raises:
        CatdogError: an unknown lesson or budget, something missing for the build, or pages that
            cannot be built.
    """
    started = perf_counter()
    if budget not in BUDGETS:
        raise CatdogError(f"There is no budget {budget!r}; use one of {', '.join(BUDGETS)}.")
    root = root or checkout()
    lessons = _select(find_lessons(root), lesson)
    web_assets()  # before the lessons: a machine that cannot build the pages should say so at once
    source = open_workspace(out or root / "site")
    results = []
    for one in lessons:
        limit = one.seconds.get(budget)
        promise = "" if limit is None else f", about {limit:.0f} s"
        log(f"Running {one.path.name} (budget {budget}{promise}) …")
        result = {
            "number": one.number,
            "title": one.title,
            **_execute(one, budget, limit, source, log),
        }
        results.append(result)
    log("Building the pages …")
    index = build(source, log)
    return {"lessons": results, "site": str(index), "seconds": round(perf_counter() - started, 1)}


def _read(path: Path) -> Lesson:
    """Return the lesson that a notebook holds."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError, nbformat.reader.NotJSONError) as error:
        raise CatdogError(
            f"{path} is not a readable notebook ({error}); restore it with git."
        ) from error
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    heading = re.search(r"^# +(.+?) *$", text, re.MULTILINE)
    seconds = notebook.metadata.get("catdog", {}).get("seconds", {})
    return Lesson(path.name[:2], path, heading.group(1) if heading else path.stem, dict(seconds))


def _select(lessons: list[Lesson], number: str | None) -> list[Lesson]:
    """Return the lesson of this number alone, or all."""
    if number is None:
        return lessons
    chosen = [one for one in lessons if one.number == number.zfill(2)]
    if not chosen:
        known = ", ".join(one.number for one in lessons)
        raise CatdogError(f"There is no lesson {number!r}; the lessons are {known}.")
    return chosen


def _execute(
    lesson: Lesson, budget: str, limit: float | None, source: Path, log: Callable[[str], None]
) -> dict:
    """Run one lesson and write its executed copy into ``source/lessons``."""
    notebook = nbformat.read(lesson.path, as_version=4)
    code = [index for index, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    position = {"cell": 0}
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        # A hung cell must end, and a slow machine must not be cut off.
        timeout=max(600, int(10 * (limit or 0))),
        resources={"metadata": {"path": str(lesson.path.parent)}},
        # Each kernel would warn that it talks over TCP, on this machine only.
        extra_arguments=["--log-level=ERROR"],
        on_cell_execute=lambda cell, cell_index: position.update(cell=code.index(cell_index) + 1),
    )
    bars = {"TQDM_DISABLE": "1"}  # see also drop_bars
    environment = {**os.environ, "CATDOG_BUDGET": budget, **bars}
    started = perf_counter()
    problem = None
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        problem = f"{error.ename}: {_last_line(error.evalue)}"
    except CellTimeoutError:
        problem = f"it ran for more than {client.timeout} s"
    except DeadKernelError:
        problem = "its kernel died, perhaps out of memory"
    seconds = perf_counter() - started
    if problem:
        where = f"Lesson {lesson.number} stopped at code cell {position['cell']}"
        problem = f"{where}: {problem.rstrip('.')}."
        mark_as_stopped(notebook, problem)
    prepare(notebook)
    nbformat.write(notebook, source / "lessons" / lesson.path.name)
    log(problem or f"  {seconds:.0f} s{_over(seconds, limit)}")
    return {"seconds": round(seconds, 1), "limit": limit, "ok": problem is None}


def _over(seconds: float, limit: float | None) -> str:
    """Return what to say about a lesson that took longer than it promises.

    The promise is for the reference machine.
    """
    if limit is None or seconds <= limit:
        return ""
    factor = pace.factor()
    if seconds <= limit * factor:
        return (
            f" ({limit:.0f} s are promised on the reference machine, {limit * factor:.0f} s here)"
        )
    return f", over its budget of {limit * factor:.0f} s"


def _last_line(text: str) -> str:
    """Return the last line of a message that holds something."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"
