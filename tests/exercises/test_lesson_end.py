"""The last cell of a lesson: a student sees how far they are, and nobody else does."""

import json
from datetime import datetime, timedelta

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.errors import CatdogError
from catdog_lib.exercises import exercises, lesson_end, progress, show_progress

CALL = 'from catdog_lib.exercises import show_progress\n\nshow_progress("{}")'


@pytest.fixture
def solved(tmp_path, monkeypatch):
    """Write a student's file: exercise → days since it was solved; None if only tried."""
    monkeypatch.setenv("CATDOG_PROGRESS", str(tmp_path / "progress.jsonl"))

    def write(days: dict[str, int | None]) -> None:
        records = [
            {
                "exercise": exercise,
                "right": ago is not None,
                "at": (datetime.now() - timedelta(days=ago or 0)).isoformat(),
            }
            for exercise, ago in days.items()
        ]
        lines = [json.dumps(record) + "\n" for record in records]
        (tmp_path / "progress.jsonl").write_text("".join(lines))

    return write


@pytest.fixture
def in_lab(monkeypatch):
    monkeypatch.setattr(progress, "_open_cell", lambda: "03-progress")


@pytest.mark.parametrize("lesson", find_lessons(), ids=lambda lesson: lesson.number)
def test_every_lesson_ends_with_the_same_call(lesson):
    cell = nbformat.read(lesson.path, as_version=4).cells[-1]
    assert cell.source == CALL.format(lesson.number) and cell.metadata.tags == ["progress"]


def test_solved_tried_next_and_what_to_repeat_from_any_lesson(solved, in_lab, capsys):
    solved({"01.2": 9, "03.1": 8, "03.2": 1, "03.4": None})
    show_progress("03")
    assert capsys.readouterr().out.splitlines() == [
        "solved   03.1, 03.2 (2 of 6)",
        "tried    03.4",
        "next     03.3",
        "repeat   01.2, 03.1",
        "         You solved these at least a week ago. Can you still do them from memory?",
    ]


@pytest.mark.parametrize(
    ("lesson", "coming"),
    [("03", "04.1, in the next lesson"), ("10", "none: this was the last lesson")],
)
def test_after_a_finished_lesson_comes_the_next_one(lesson, coming, solved, in_lab, capsys):
    solved(dict.fromkeys(exercises(lesson), 0))
    show_progress(lesson)
    out = capsys.readouterr().out
    assert "(6 of 6)\n" in out and f"next     {coming}\n" in out and out.endswith("none\n")


def test_before_the_first_answer_the_first_exercise_comes_next(solved, in_lab, capsys):
    show_progress("00")
    assert "solved   none (0 of 6)\ntried    none\nnext     00.1\n" in capsys.readouterr().out


def test_a_page_shows_nothing_of_whoever_built_it(solved):
    solved({"03.1": 8})
    notebook = new_notebook(cells=[new_code_cell(CALL.format("03"))])
    NotebookClient(notebook, kernel_name="python3").execute()
    (output,) = notebook.cells[0].outputs
    assert output.text == "In JupyterLab, this cell shows you which exercises you have solved.\n"


def test_outside_a_notebook_nothing_is_read(monkeypatch, capsys):
    monkeypatch.setattr(lesson_end, "attempts", lambda: pytest.fail("it was read"))
    show_progress("03")
    assert capsys.readouterr().out.startswith("In JupyterLab, this cell shows you which")


def test_an_unknown_lesson_is_one_sentence():
    with pytest.raises(CatdogError, match="no lesson '99'"):
        show_progress("99")
