"""Run the lessons and render them: what ``catdog course`` does.

Each numbered notebook is executed from top to bottom in a fresh kernel, with the working directory
of the notebooks. The executed copies, never the sources, become the pages of a web site
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
from nbformat import NotebookNode

from catdog_lib.budget import BUDGETS
from catdog_lib.course import pace
from catdog_lib.course.site import build, checkout, open_workspace, web_assets
from catdog_lib.errors import CatdogError


@dataclass(frozen=True)
class Lesson:
    """One numbered notebook. ``seconds`` holds its promised time per budget, as far as it promises
    one.
    """

    number: str
    path: Path
    title: str
    seconds: dict[str, float]


def find_lessons(root: Path | None = None) -> list[Lesson]:
    """The lessons of a checkout, in order: its notebooks ``notebooks/NN_*.ipynb``.

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
            executed copies) and ``html/`` (the pages) are made anew on each call, so no page
            outlives its lesson.
        log: is given one line of progress at a time.
        root: the checkout, as in :func:`find_lessons`.

    Returns:
        ``lessons``: a list of ``number``, ``title``, ``seconds`` (measured), ``limit`` (promised
        seconds for this budget, or None) and ``ok`` (no cell failed); ``site``: the path of
        ``index.html``; ``seconds``: in all. A lesson that fails is reported, the others still run,
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
        timeout=max(
            600, int(10 * (limit or 0))
        ),  # a hung cell must end, a slow machine must not be cut off
        resources={"metadata": {"path": str(lesson.path.parent)}},
        extra_arguments=[
            "--log-level=ERROR"
        ],  # each kernel would warn that it talks over TCP, on this machine only
        on_cell_execute=lambda cell, cell_index: position.update(cell=code.index(cell_index) + 1),
    )
    environment = {
        **os.environ,
        "CATDOG_BUDGET": budget,
        "TQDM_DISABLE": "1",
    }  # see also _drop_bars
    started = perf_counter()
    problem = None
    try:
        client.execute(env=environment)
    except CellExecutionError as error:
        problem = f"{error.ename}: {_last_line(error.evalue)}"
    except CellTimeoutError:
        problem = f"it ran for more than {client.timeout} s"
    except DeadKernelError:
        problem = "its kernel died, perhaps for want of memory"
    seconds = perf_counter() - started
    if problem:
        problem = f"Lesson {lesson.number} stopped at code cell {position['cell']}: {problem.rstrip('.')}."
        _mark_as_stopped(notebook, problem)
    _drop_bars(notebook)
    _fold_solutions(notebook)
    nbformat.write(notebook, source / "lessons" / lesson.path.name)
    log(problem or f"  {seconds:.0f} s{_over(seconds, limit)}")
    return {"seconds": round(seconds, 1), "limit": limit, "ok": problem is None}


def _over(seconds: float, limit: float | None) -> str:
    """What to say of a lesson that took longer than it promises: the promise is for the reference
    machine.
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
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no message"


def _mark_as_stopped(notebook: NotebookNode, problem: str) -> None:
    """Say it on the page too, below the title: a reader must not take half a lesson for a whole
    one.
    """
    text = f":::{{error}}\n{problem} What follows that cell was not run.\n:::"
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(text))


def _drop_bars(notebook: NotebookNode) -> None:
    """Take out tqdm's progress bars: a finished one tells a reader nothing. (TQDM_DISABLE reaches
    only those in text.)

    A page that is left without widgets then does without the widget manager, 3.6 MB.
    """
    view = "application/vnd.jupyter.widget-view+json"
    widgets = notebook.metadata.get("widgets", {}).get(
        "application/vnd.jupyter.widget-state+json", {}
    )
    models = widgets.get("state", {})

    def is_bar(output: NotebookNode) -> bool:
        box = models.get(output.get("data", {}).get(view, {}).get("model_id"), {})
        inside = [
            models[name.removeprefix("IPY_MODEL_")]
            for name in box.get("state", {}).get("children", [])
        ]
        return [model["model_name"] for model in inside] == [
            "HTMLModel",
            "FloatProgressModel",
            "HTMLModel",
        ]

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        cell.outputs = [output for output in cell.outputs if not is_bar(output)]
    if not any(view in output.get("data", {}) for cell in code for output in cell.outputs):
        notebook.metadata.pop("widgets", None)


def _fold_solutions(notebook: NotebookNode) -> None:
    for cell in notebook.cells:
        if cell.cell_type == "code" and "solution" in cell.metadata.get("tags", []):
            cell.metadata["tags"] = [*cell.metadata["tags"], "hide-cell"]
            cell.metadata["mystnb"] = {
                "code_prompt_show": "Show a solution",
                "code_prompt_hide": "Hide the solution",
            }
