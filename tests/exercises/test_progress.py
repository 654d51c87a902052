"""Progress: what a student has checked in an open notebook is kept, and nothing else is."""

import json
from datetime import datetime, timedelta

import nbformat
import pytest
from jupyter_client.manager import start_new_kernel

from catdog_lib.cli import main
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.exercises import WrongAnswer, check, exercises
from catdog_lib.exercises.progress import Attempt, attempts, progress_in

RIGHT = 'from catdog_lib import check\ncheck("02.2", [48, 24, 24, 24, 11])'


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_PROGRESS", str(tmp_path / "a folder" / "progress.jsonl"))
    return tmp_path / "a folder" / "progress.jsonl"


def run_in_kernel(client, code: str, **metadata) -> None:
    """Run code as a front end does that says which cell it is from."""
    content = {"code": code, "silent": False, "store_history": True, "stop_on_error": False}
    message = client.session.msg("execute_request", content, metadata=metadata)
    client.shell_channel.send(message)
    while client.get_shell_msg(timeout=120)["parent_header"]["msg_id"] != message["msg_id"]:
        pass


def test_only_checks_in_a_students_own_cell_are_kept(file):
    manager, client = start_new_kernel()
    try:
        wrong = RIGHT.replace("48", "47")
        run_in_kernel(client, RIGHT)  # a program that runs notebooks
        run_in_kernel(client, RIGHT, cellId="02-ex2-solution")
        run_in_kernel(client, RIGHT.split("\n")[0] + '\ncheck("02.2", ...)', cellId="02-ex2")
        assert not file.exists()
        run_in_kernel(client, wrong, cellId="02-ex2")
        run_in_kernel(client, RIGHT, cellId="a cell of mine")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
    assert [(a.exercise, a.right) for a in attempts()] == [("02.2", False), ("02.2", True)]


@pytest.mark.parametrize("lesson", find_lessons(), ids=lambda lesson: lesson.number)
def test_the_courses_solutions_are_known_by_the_ids_of_their_cells(lesson):
    cells = nbformat.read(lesson.path, as_version=4).cells
    solutions = [c.id for c in cells if "solution" in c.metadata.get("tags", [])]
    assert solutions == [f"{n.replace('.', '-ex')}-solution" for n in exercises(lesson.number)]


def test_tests_and_programs_leave_no_trace(file):
    with pytest.raises(WrongAnswer):
        check("02.2", [1, 2, 3, 4, 5])
    assert not file.exists()


def test_solved_tried_next_and_what_to_repeat():
    numbers, now = exercises("02"), datetime.now()
    made = [
        Attempt("02.1", False, now - timedelta(days=30)),
        Attempt("02.1", True, now - timedelta(days=8)),
        Attempt("02.2", True, now - timedelta(days=9)),
        Attempt("02.2", True, now - timedelta(days=1)),
        Attempt("02.3", False, now),
        Attempt("03.1", True, now),
    ]
    found = progress_in("02", numbers, made)
    assert (found.solved, found.tried) == (["02.1", "02.2"], ["02.3"])
    assert found.next == "02.3" and found.repeat == ["02.1"]
    assert progress_in("02", numbers, []).next == "02.1"
    solved = [Attempt(number, True, now) for number in numbers]
    assert progress_in("02", numbers, solved).next is None


def test_a_line_that_was_cut_off_costs_only_itself(file, capsys):
    file.parent.mkdir()
    good = json.dumps({"exercise": "01.1", "right": True, "at": "2026-01-01T10:00:00"})
    file.write_text(f'{good}\n{{"exercise": "01.2", "ri\n[]\n{good.replace("01.1", "01.3")}\n')
    assert [attempt.exercise for attempt in attempts()] == ["01.1", "01.3"]
    assert main(["progress", "--json"]) == 0
    out = capsys.readouterr().out
    assert "01.1 ✓, 01.3 ✓" in out and "next       01.2" in out and "repeat     01.1, 01.3" in out
    assert str(file) in json.loads(out.splitlines()[-1])["file"]


def test_after_a_finished_lesson_comes_another(file, capsys):
    file.parent.mkdir()
    at = datetime.now().isoformat()
    records = [{"exercise": n, "right": True, "at": at} for n in exercises("01")]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert main(["progress"]) == 0
    assert "next       00.1\n" in capsys.readouterr().out


def test_run_all_goes_on_after_a_wrong_answer_if_the_student_wishes(monkeypatch, capsys):
    monkeypatch.setenv("CATDOG_KEEP_GOING", "1")
    check("02.2", [1, 2, 3, 4, 5])
    assert "Exercise 02.2: not yet." in capsys.readouterr().out
