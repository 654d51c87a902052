"""Progress: what a student has checked in an open notebook is kept, and nothing else is."""

import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import IPython
import nbformat
import platformdirs
import pytest
from jupyter_client.manager import start_new_kernel

from catdog_lib.cli import main
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.exercises import WrongAnswer, check, exercises
from catdog_lib.exercises.progress import (
    Attempt,
    attempts,
    in_open_notebook,
    note,
    progress_file,
    progress_in,
)

RIGHT = 'from catdog_lib import check\ncheck("02.2", [48, 24, 24, 24, 11])'


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_PROGRESS", str(tmp_path / "a folder" / "of mine" / "progress.jsonl"))
    return tmp_path / "a folder" / "of mine" / "progress.jsonl"


def run_in_kernel(client, code: str, **metadata) -> None:
    """Run code as a front end does that says which cell it is from."""
    content = {"code": code, "silent": False, "store_history": True, "stop_on_error": False}
    message = client.session.msg("execute_request", content, metadata=metadata)
    client.shell_channel.send(message)
    while client.get_shell_msg(timeout=120)["parent_header"]["msg_id"] != message["msg_id"]:
        pass


@pytest.fixture
def cell(monkeypatch):
    """Run in a cell of an open notebook, whose id is given."""

    def run_in(**metadata):
        shell = SimpleNamespace(get_parent=lambda: {"metadata": metadata})
        monkeypatch.setattr(IPython, "get_ipython", lambda: shell)

    return run_in


def test_what_is_noted_is_read_back_with_the_latest_last(file, cell):
    cell(cellId="02-ex2")
    note("02.2", right=False)
    note("02.2", right=True)
    assert in_open_notebook()
    made = attempts()
    assert [(a.exercise, a.right) for a in made] == [("02.2", False), ("02.2", True)]
    assert all(timedelta() <= datetime.now() - a.at < timedelta(minutes=1) for a in made)


@pytest.mark.parametrize("metadata", [{}, {"cellId": "02-ex2-solution"}])
def test_a_solution_or_a_program_notes_nothing(metadata, file, cell):
    cell(**metadata)
    note("02.2", right=True)
    assert not file.exists()


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_without_a_notebook_there_is_no_cell(shell, monkeypatch):
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    assert in_open_notebook() is False
    monkeypatch.delitem(sys.modules, "IPython")
    assert in_open_notebook() is False


def test_attempts_are_kept_in_the_users_own_folder(monkeypatch):
    monkeypatch.delenv("CATDOG_PROGRESS", raising=False)
    folders = {("catdog", False): "/home/me/.local/share/catdog"}
    monkeypatch.setattr(
        platformdirs, "user_data_dir", lambda name, appauthor: folders[name, appauthor]
    )
    assert progress_file() == Path("/home/me/.local/share/catdog/progress.jsonl")


def test_a_file_of_garbage_or_none_holds_no_attempts(file):
    assert attempts() == []
    file.parent.mkdir(parents=True)
    file.write_bytes(b"\xff\xfe\n")
    assert attempts() == []


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
        Attempt("02.1", True, now - timedelta(days=7, hours=1)),
        Attempt("02.2", True, now - timedelta(days=9)),
        Attempt("02.2", True, now - timedelta(days=6)),
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
    file.parent.mkdir(parents=True)
    good = json.dumps({"exercise": "01.1", "right": True, "at": "2026-01-01T10:00:00"})
    file.write_text(f'{good}\n{{"exercise": "01.2", "ri\n[]\n{good.replace("01.1", "01.3")}\n')
    assert [attempt.exercise for attempt in attempts()] == ["01.1", "01.3"]
    assert main(["progress", "--json"]) == 0
    out = capsys.readouterr().out
    assert "01.1 ✓, 01.3 ✓" in out and "next       01.2" in out and "repeat     01.1, 01.3" in out
    assert str(file) in json.loads(out.splitlines()[-1])["file"]


def test_a_note_after_a_line_that_was_cut_off_is_kept(file, cell):
    cell(cellId="02-ex2")
    file.parent.mkdir(parents=True)
    file.write_text('{"exercise": "01.2", "ri')
    note("02.2", right=True)
    note("02.3", right=False)
    assert [attempt.exercise for attempt in attempts()] == ["02.2", "02.3"]


def test_after_a_finished_lesson_comes_another(file, capsys):
    file.parent.mkdir(parents=True)
    at = datetime.now().isoformat()
    records = [{"exercise": n, "right": True, "at": at} for n in exercises("01")]
    file.write_text("".join(json.dumps(record) + "\n" for record in records))
    assert main(["progress"]) == 0
    assert "next       00.1\n" in capsys.readouterr().out


# Last, since a kernel takes longest: a mistake should show in one of the tests above.
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


def test_times_of_any_zone_and_nested_lines_do_no_harm(file):
    lines = [
        '{"exercise": "03.1", "right": true, "at": "2026-11-01T10:00:00+00:00"}',
        "[" * 100_000,
        '{"exercise": "03.2", "right": true, "at": "2026-11-02T10:00:00"}',
    ]
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(lines))
    found = progress_in("03", ["03.1", "03.2"], attempts())
    assert found.solved == ["03.1", "03.2"]


def test_without_a_home_a_check_costs_only_the_note(monkeypatch):
    def no_home():
        raise RuntimeError("could not determine the home directory")

    monkeypatch.setattr("catdog_lib.exercises.progress._open_cell", lambda: "02-ex1")
    monkeypatch.setattr("catdog_lib.exercises.progress.progress_file", no_home)
    note("02.1", True)
    assert attempts() == []


def test_a_folder_in_place_of_the_file_is_named(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("CATDOG_PROGRESS", str(tmp_path))
    assert main(["progress"]) == 2
    assert "a folder; name a file in it" in capsys.readouterr().err
