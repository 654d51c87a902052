"""Cells run twice, interrupted, out of order, in two notebooks at once: the results stay the same.

They are those of one run from the top: all that a lesson prints, its figures, and its claims. Three
lessons are run as a whole and then again; elsewhere each short cell is run twice, which costs less.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import pytest

from catdog_lib.course.lesson_files import find_lessons
from tests.notebooks.clean_notebooks import is_compared, merged
from tests.notebooks.live_lesson import LiveLesson, Shown
from tests.notebooks.rerun import TIMED, differences, run_again, run_all, run_each_twice

LESSONS = {lesson.number: lesson.path for lesson in find_lessons()}


def require_as_kept(path: Path, once: dict[str, Shown]) -> None:
    """Require that no cell failed, and that those whose outputs git keeps showed just that."""
    assert not {name: shown.error for name, shown in once.items() if shown.error}
    for cell in nbformat.read(path, as_version=4).cells:
        if is_compared(cell):
            kept = tuple(output.text.rstrip("\n") for output in merged(cell.outputs))
            assert once[cell.id].outputs == kept


def run_out_of_order(lesson: LiveLesson) -> None:
    """Run the first cell, and then the sections, the last one first, each till a cell fails.

    A cell may fail because it needs a name that a cell above defines, and for no other reason.
    """
    assert not lesson.run(lesson.cells[0]).error
    for section in reversed(lesson.sections()):
        for cell in section:
            error = lesson.run(cell).error
            if error:
                needed = lesson.defined_above(cell)
                allowed = [f"NameError: name '{name}' is not defined" for name in needed]
                assert error in allowed, (cell.id, error)
                break


@pytest.mark.slow
@pytest.mark.parametrize("number", ["00", "02", "05"])
def test_cells_run_twice_or_stopped_and_run_again_show_what_they_showed(number, tmp_path):
    path = LESSONS[number]
    with LiveLesson(path, tmp_path).kernel() as lesson:
        once = run_all(lesson)
        assert not differences(once, run_again(lesson, once))
    require_as_kept(path, once)


@pytest.mark.slow
@pytest.mark.parametrize("number", ["01", "03", "04"])
def test_each_cell_run_twice_in_a_row_shows_the_same(number, tmp_path):
    path = LESSONS[number]
    with LiveLesson(path, tmp_path).kernel() as lesson:
        once, again = run_each_twice(lesson)
    assert not differences(once, again)
    require_as_kept(path, once)


@pytest.mark.slow
@pytest.mark.parametrize("number", ["00"])
def test_out_of_order_and_beside_another_notebook_after_the_kernel_was_killed(number, tmp_path):
    """Two notebooks of a lesson at once, of which the second begins with its last section.

    They have one cache and one record of a student's progress, both empty, except for what a kernel
    has left that was killed while it drew the images.
    """
    path, cache = LESSONS[number], tmp_path / "cache"
    own = {"CATDOG_CACHE": str(cache), "CATDOG_PROGRESS": str(tmp_path / "progress.jsonl")}
    first, second = (LiveLesson(path, tmp_path / name, **own) for name in ("one", "two"))
    with first.kernel() as lesson:
        lesson.kill(lesson.cells[0], lambda: any(cache.glob("*.part")))
    assert any(cache.glob("*.part"))

    def in_order() -> dict[str, Shown]:
        with first.kernel() as lesson:
            return run_all(lesson)

    def out_of_order() -> dict[str, list[Shown]]:
        with second.kernel() as lesson:
            run_out_of_order(lesson)
            return {name: [shown] for name, shown in run_all(lesson).items()}

    with ThreadPoolExecutor(2) as pool:
        one, two = pool.submit(in_order), pool.submit(out_of_order)
        assert not differences(one.result(), two.result())
    require_as_kept(path, one.result())
    assert not any(cache.glob("*.part"))


def test_each_timed_cell_exists():
    cells = [cell.id for path in LESSONS.values() for cell in nbformat.read(path, 4).cells]
    assert set(cells) >= TIMED
