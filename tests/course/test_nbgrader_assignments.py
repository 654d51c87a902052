"""The lessons as assignments: by nbgrader's own rules, and graded by nbgrader where it is there."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from catdog_lib.cli import main
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.course.nbgrader_assignments import assignment, write_assignments
from catdog_lib.exercises import exercises

LESSONS = {lesson.number: lesson for lesson in find_lessons()}
KEYS = {"schema_version", "grade", "locked", "solution", "task", "grade_id"}


def cells_of(number: str) -> list:
    text = assignment(LESSONS[number].path.read_text(encoding="utf-8"))
    notebook = nbformat.reads(text, as_version=4)
    nbformat.validate(notebook)
    return notebook.cells


def by_id(cells) -> dict:
    """grade_id → cell, of the cells that are nbgrader's."""
    return {c.metadata.nbgrader.grade_id: c for c in cells if "nbgrader" in c.metadata}


@pytest.mark.parametrize("number", LESSONS)
def test_the_metadata_are_those_of_the_schema(number):
    cells = [cell for cell in cells_of(number) if "nbgrader" in cell.metadata]
    for cell in cells:
        said = cell.metadata.nbgrader
        assert set(said) == KEYS | ({"points"} if said.grade else set())
        assert said.schema_version == 3 and re.fullmatch(r"[\w-]+", said.grade_id)
        assert all(type(said[flag]) is bool for flag in ("grade", "locked", "solution", "task"))
        assert cell.cell_type == "code" or not (said.grade or said.solution)
    assert len(by_id(cells)) == len(cells)  # no id twice


@pytest.mark.parametrize("number", LESSONS)
def test_each_exercise_is_a_text_an_answer_and_a_locked_test(number):
    cells = by_id(cells_of(number))
    names = [n.replace(".", "-") for n in exercises(number)]
    assert set(cells) == {f"{kind}-{n}" for n in names for kind in ("text", "answer", "test")}
    for name in names:
        text, answer, test = (cells[f"{kind}-{name}"] for kind in ("text", "answer", "test"))
        flags = [
            (c.metadata.nbgrader.grade, c.metadata.nbgrader.solution, c.metadata.nbgrader.locked)
            for c in (text, answer, test)
        ]
        assert flags == [(False, False, True), (False, True, False), (True, False, True)]
        assert test.metadata.nbgrader.points == 1


@pytest.mark.parametrize("number", LESSONS)
def test_the_solution_is_nowhere_but_between_its_marks(number):
    original = nbformat.read(LESSONS[number].path, as_version=4).cells
    solutions = [c.source for c in original if "solution" in c.metadata.get("tags", [])]
    answers = [code.rpartition("check(")[0].strip() for code in solutions]
    cells = cells_of(number)
    assert sum(answer in cell.source for cell in cells for answer in answers) == 6
    assert not any(answer in released_source(cell) for cell in cells for answer in answers)


def released_source(cell) -> str:
    """Return what nbgrader leaves of a cell for students."""
    marks = r"### BEGIN (SOLUTION|HIDDEN TESTS)\n.*?### END \1\n?"
    return re.sub(marks, "", cell.source, flags=re.DOTALL)


def run_cells(number: str, sources: list[str], capsys) -> str:
    names: dict = {}
    exec("import math, torch\nfrom torch import nn\nfrom torch.nn import functional as F", names)
    for source in sources:
        exec(source, names)
    return capsys.readouterr().out


@pytest.mark.parametrize("exercise", ["00.6", "01.2", "02.1", "09.2"])
def test_the_test_accepts_the_solution_twice_and_refuses_what_was_not_attempted(exercise, capsys):
    cells = by_id(cells_of(exercise[:2]))
    place = exercise.replace(".", "-")
    answer, test = cells[f"answer-{place}"], cells[f"test-{place}"]
    out = run_cells(exercise, ["from catdog_lib import check", answer.source, test.source], capsys)
    assert out.count(f"Exercise {exercise}: right!") == 3  # in its own cell, and two in the test
    given = ["from catdog_lib import check", released_source(answer)]
    assert "not attempted yet" in run_cells(exercise, given, capsys)
    with pytest.raises(AssertionError, match="not attempted yet"):
        run_cells(exercise, [*given, test.source], capsys)


def test_the_hidden_inputs_differ_each_time():
    seeds = [re.findall(r"fresh_inputs\((\d+)\)", str(cells_of("02"))) for _ in range(2)]
    assert len(seeds[0]) == 6 and len(set(seeds[0] + seeds[1])) > 10


def test_the_command_writes_a_course_folder(tmp_path, capsys):
    assert main(["handout", "--nbgrader", "--out", str(tmp_path)]) == 0
    assert "11 assignments in" in capsys.readouterr().out
    found = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.ipynb"))
    stems = [lesson.path.stem for lesson in LESSONS.values()]
    assert found == [f"source/{stem}/{stem}.ipynb" for stem in stems]
    compile((tmp_path / "nbgrader_config.py").read_text(), "nbgrader_config.py", "exec")


def test_nothing_of_an_instructors_is_overwritten(tmp_path, capsys):
    config = tmp_path / "nbgrader_config.py"
    config.write_text("# my own")
    write_assignments(tmp_path)
    assert config.read_text() == "# my own"
    mine = next(tmp_path.rglob("02*.ipynb"))
    mine.write_text("changed")
    assert main(["handout", "--nbgrader", "--out", str(tmp_path)]) == 2
    assert "you may have changed it" in capsys.readouterr().err and mine.read_text() == "changed"


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["handout", "--nbgrader", "--out", str(tmp_path / "file")]) == 2
    assert "cannot be made" in capsys.readouterr().err


@pytest.mark.slow
def test_nbgrader_releases_and_grades_an_assignment(tmp_path):
    """A right, a wrong, a missing and a rigged answer of lesson 02, without the cells between."""
    pytest.importorskip("nbgrader", reason="nbgrader is not installed: pip install nbgrader")
    nbgrader = Path(sys.executable).parent / "nbgrader"
    write_assignments(tmp_path)
    name = LESSONS["02"].path.stem
    for folder in (tmp_path / "source").iterdir():
        if folder.name != name:
            shutil.rmtree(folder)
    source = tmp_path / "source" / name / f"{name}.ipynb"
    notebook = nbformat.read(source, as_version=4)
    kept = {f"{kind}-02-{n}" for n in (1, 2, 3, 5) for kind in ("text", "answer", "test")}
    notebook.cells = [
        nbformat.v4.new_code_cell("import torch\nfrom torch import nn"),
        *(cell for grade_id, cell in by_id(notebook.cells).items() if grade_id in kept),
    ]
    nbformat.write(notebook, source)

    def call(*words: str) -> None:
        done = subprocess.run(
            [nbgrader, *words], cwd=tmp_path, capture_output=True, text=True, env=os.environ
        )
        assert done.returncode == 0, done.stderr[-3000:]

    call("generate_assignment", name)
    released = nbformat.read(tmp_path / "release" / name / f"{name}.ipynb", as_version=4)
    text = json.dumps(released)
    assert "BEGIN" not in text and "fresh_inputs" not in text and "one_side" not in text
    cells = by_id(released.cells)
    cells["answer-02-2"].source = "sides_after_each_layer = [48, 24, 24, 24, 11]"
    cells["answer-02-3"].source = "layers = [(3, 1, 1)] * 5"
    cells["answer-02-5"].source = "factors = [1, 2, 3, 4]"
    cells["test-02-5"].source = "pass"  # nbgrader puts the locked cell back
    handed_in = tmp_path / "submitted" / "ada" / name / f"{name}.ipynb"
    handed_in.parent.mkdir(parents=True)
    nbformat.write(released, handed_in)
    call("autograde", name)
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{tmp_path / 'gradebook.db'}") as gradebook:
        graded = gradebook.find_submission_notebook(name, name, "ada")
        points = {grade.name: grade.auto_score for grade in graded.grades}
    assert points == {"test-02-1": 0, "test-02-2": 1, "test-02-3": 0, "test-02-5": 0}
