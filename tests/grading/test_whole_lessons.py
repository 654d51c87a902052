"""A student who has solved every exercise of the students' edition gets every point."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from catdog_lib.course.handouts import without_solutions
from catdog_lib.course.lesson_files import Lesson, find_lessons
from catdog_lib.grading import sandbox
from catdog_lib.grading.grade import course_solutions, grade
from catdog_lib.grading.marks import Mark
from tests.grading.handed_in import notebook

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grading runs on Linux only")


def solved(lesson: Lesson, added: str) -> list[str]:
    """Return the code cells of the students' edition, each gap filled with the course's answer."""
    cells = json.loads(without_solutions(lesson.path.read_text(encoding="utf-8")))["cells"]
    solutions, sources = course_solutions(), []
    for cell in cells:
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            continue
        if "exercise" in cell["metadata"].get("tags", []) and 'check("' in source:
            kept = [line for line in source.splitlines() if line.startswith(("from ", "import "))]
            number = source.split('check("')[1].split('"')[0]
            source = "\n".join([*kept, solutions[number], added])
        sources.append(source)
    return sources


def hand_in(lesson: Lesson, folder: Path, added: str) -> Path:
    (folder / "Ada").mkdir(parents=True)
    (folder / "Ada" / lesson.path.name).write_text(notebook(solved(lesson, added)))
    return folder


def marks(folder: Path, lesson: Lesson) -> dict:
    (graded,) = grade(folder, [lesson.number], sandboxed=sandbox.is_available(), log=print)
    return graded.marks


@pytest.mark.slow
@pytest.mark.parametrize("lesson", find_lessons(), ids=lambda lesson: lesson.number)
def test_right_answers_get_their_points(lesson, tmp_path):
    found = marks(hand_in(lesson, tmp_path, "mine = 1"), lesson)
    wrong = {number: mark.reason for number, mark in found.items() if not mark.right}
    assert not wrong
    assert not any(mark.note for mark in found.values())


def test_answers_like_the_courses_own_get_theirs_and_a_note(tmp_path):
    """Where the notebook holds no solutions, it is the student who wrote them."""
    (lesson,) = [lesson for lesson in find_lessons() if lesson.number == "02"]
    found = marks(hand_in(lesson, tmp_path, ""), lesson)
    assert all(mark.right for mark in found.values()), found
    assert found["02.1"].note == "the course's own solution"
    assert not found["02.2"].note, "five numbers can be written in one way only"


@pytest.mark.parametrize("kind", ["np.array({})", "map(int, {})"])
def test_numbers_of_any_kind_are_numbers(kind, tmp_path):
    (lesson,) = [lesson for lesson in find_lessons() if lesson.number == "02"]
    (tmp_path / "Ada").mkdir()
    cells = ["import numpy as np", f'check("02.2", {kind.format([48, 24, 24, 24, 11])})']
    (tmp_path / "Ada" / "02.ipynb").write_text(notebook(cells))
    assert marks(tmp_path, lesson)["02.2"] == Mark(True)


@pytest.mark.slow
def test_what_one_answer_does_costs_no_other_its_point(tmp_path):
    (lesson,) = [lesson for lesson in find_lessons() if lesson.number == "02"]
    sources = solved(lesson, "mine = 1")
    for number, bad in enumerate(("while True: pass", "exit()", "print(undefined)")):
        changed = [s + f"\n{bad}" if 'check("02.1"' in s else s for s in sources]
        folder = tmp_path / str(number)
        (folder / "Ada").mkdir(parents=True)
        (folder / "Ada" / "02.ipynb").write_text(notebook(changed))
        found = marks(folder, lesson)
        assert [n for n, mark in found.items() if not mark.right] in ([], ["02.1"]), (bad, found)
