"""Run the lessons and render them: what ``catdog course`` does.

Each numbered notebook is executed from top to bottom in a fresh kernel, with the working directory
of the notebooks (:mod:`catdog_lib.course.execution`). The executed copies, never the originals,
become the pages of a web site (:mod:`catdog_lib.course.site`), in the language of
``CATDOG_LANGUAGE`` as far as they are translated to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from threading import Lock
from time import perf_counter

import nbformat
from nbformat import NotebookNode

from catdog_lib.budget import BUDGETS
from catdog_lib.course import pace
from catdog_lib.course.executed import mark_as_stopped, prepare
from catdog_lib.course.execution import Execution, at_once, execute_all
from catdog_lib.course.home import card, home
from catdog_lib.course.lesson_files import Lesson, find_lessons, select
from catdog_lib.course.site import build, checkout, open_workspace, web_assets
from catdog_lib.course.translation.lessons import in_language
from catdog_lib.data.sources import SKETCHES
from catdog_lib.device import cores
from catdog_lib.errors import CatdogError
from catdog_lib.language import current


def run(
    numbers: Sequence[str] = (),
    budget: str = "quick",
    out: Path | None = None,
    log: Callable[[str], None] = print,
    *,
    root: Path | None = None,
) -> dict:
    """Execute the lessons and build the site from them.

    Args:
        numbers: of the lessons to run, such as ``["03"]``, by default all; the site then holds
            these alone.
        budget: quick, standard or full; the kernels see it as ``CATDOG_BUDGET``.
        out: the folder to work in, by default ``site/`` in the checkout. Its ``source/`` (the
            executed copies) and ``html/`` (the pages) are made again on each call, so no page
            outlives its lesson.
        log: is given one line of progress at a time.
        root: the checkout, as in :func:`find_lessons`.

    Returns:
        ``lessons``: a list of ``number``, ``title``, ``seconds`` (measured), ``limit`` (promised
        seconds for this budget, or None), ``gigabytes`` (the most memory that its kernel and what
        it started held, or None where the system does not say) and ``ok`` (no cell failed);
        ``site``: the path of ``index.html``; ``seconds``: in all. A lesson that fails is reported,
        the rest still run, and its page shows where it stopped.

    Raises:
        CatdogError: an unknown lesson or budget, something missing for the build, or pages that
            cannot be built.
    """
    started = perf_counter()
    if budget not in BUDGETS:
        raise CatdogError(f"There is no budget {budget!r}; use one of {', '.join(BUDGETS)}.")
    root = root or checkout()
    lessons = in_language(select(find_lessons(root), numbers), current(), log)
    web_assets()  # before the lessons: a machine that cannot build the pages should say so at once
    source = open_workspace(out or root / "site")
    workers = min(len(lessons), at_once(budget))
    environment = {"CATDOG_BUDGET": budget, "TQDM_DISABLE": "1"}  # see also drop_bars
    environment |= _absolute("CATDOG_DATA", "CATDOG_CACHE")
    if workers > 1:
        log(f"{workers} lessons at a time, each with its share of the {cores()} cores:")
        environment["OMP_NUM_THREADS"] = str(cores() // workers)

    saying = Lock()

    def log_line(line: str) -> None:
        """Log a line; two threads that print at once would mix theirs."""
        with saying:
            log(line)

    def execute(one: Lesson, execution: Execution) -> dict:
        """Run one lesson, write its executed copy, and return what is known of it."""
        limit = one.seconds.get(budget)
        promise = "" if limit is None else f", about {limit:.0f} s"
        log_line(f"Running {one.path.name} (budget {budget}{promise}) …")
        execution.run(environment)
        problem = execution.problem and f"Lesson {one.number} {execution.problem}."
        _write(execution.notebook, problem, source / "lessons" / one.path.name)
        seconds = execution.seconds
        gigabytes = execution.memory and round(execution.memory / 1e9, 2)
        needed = _memory(gigabytes, one.memory.get(budget))
        log_line(problem or f"  {one.path.stem}: {seconds:.0f} s{_over(seconds, limit)}{needed}")
        known = {"number": one.number, "title": one.title, "seconds": round(seconds, 1)}
        return {**known, "limit": limit, "gigabytes": gigabytes, "ok": not problem}

    turns = longest_first(lessons, budget) if workers > 1 else lessons
    results = execute_all([(one, _execution(one, budget)) for one in turns], execute, workers)
    results.sort(key=itemgetter("number"))
    log("Building the pages …")
    _write_home(source, lessons, budget, environment)
    index = build(source, log)
    return {"lessons": results, "site": str(index), "seconds": round(perf_counter() - started, 1)}


def longest_first(lessons: Sequence[Lesson], budget: str) -> list[Lesson]:
    """Sort lessons that run side by side: with the longest one last, a core would wait for it."""
    return sorted(lessons, key=lambda one: -one.seconds.get(budget, 0))


def _absolute(*names: str) -> dict[str, str]:
    """Return the paths in these variables as they were typed, for kernels in another folder."""
    typed = {name: os.environ.get(name) for name in names}
    return {
        name: os.path.abspath(os.path.expanduser(path))
        for name, path in typed.items()
        if path and path != SKETCHES
    }


def _execution(lesson: Lesson, budget: str) -> Execution:
    """Return what will run a lesson."""
    # A hung cell must end, and a slow machine must not be cut off.
    timeout = max(600, int(10 * lesson.seconds.get(budget, 0)))
    notebook = nbformat.read(lesson.path, as_version=4)
    return Execution(notebook, str(lesson.path.parent), timeout)


def _write(notebook: NotebookNode, problem: str, path: Path) -> None:
    """Write an executed notebook as a source of the site, with the problem if it stopped."""
    if problem:
        mark_as_stopped(notebook, problem)
    prepare(notebook)
    nbformat.write(notebook, path)


def _write_home(
    source: Path, lessons: list[Lesson], budget: str, environment: dict[str, str]
) -> None:
    """Replace the text of the first page by the page itself, with its explorable."""
    text = source / "index.md"
    cards = [card(one.path, one.title, one.seconds.get("standard")) for one in lessons]
    first = Execution(home(text, cards, budget), str(source), 600)
    execute_all([("home", first)], lambda _, one: one.run(environment), workers=1)
    _write(first.notebook, first.problem and f"This page {first.problem}.", source / "index.ipynb")
    text.unlink()


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


def _memory(gigabytes: float | None, promised: float | None) -> str:
    """Return what to say about the memory of a lesson; nothing where it is not known."""
    if gigabytes is None:
        return ""
    over = promised is not None and gigabytes > promised
    return f", {gigabytes:.1f} GB" + (f" of memory: {promised:g} GB were promised" if over else "")
