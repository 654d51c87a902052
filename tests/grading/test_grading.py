"""Grading a class: each student's fault gets its reason, and all others get their marks."""

import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from catdog_lib.cli import main
from catdog_lib.errors import CatdogError
from catdog_lib.exercises.registry import function_of
from catdog_lib.grading import sandbox
from catdog_lib.grading.answers import find_answer
from catdog_lib.grading.cells import read_cells
from catdog_lib.grading.grade import course_solutions, grade
from catdog_lib.grading.marks import Limits, Mark
from catdog_lib.grading.pages import class_page
from catdog_lib.grading.tables import moodle_table
from tests.grading.handed_in import CHECK, CLASS, IMPORTS, RIGHT, WRONG, notebook, write_class

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grading runs on Linux only")
needs_sandbox = pytest.mark.skipif(
    not sandbox.is_available(), reason="bubblewrap is not installed, or may not make a sandbox"
)
STUB = "correlate = ...  # def correlate(signal, kernel): ..." + CHECK


def cells_of(*sources: str, folder: Path):
    (folder / "one.ipynb").write_text(notebook(list(sources)))
    return read_cells(folder / "one.ipynb")


def answer_in(*sources: str, folder: Path, solution: str = "pass"):
    return find_answer("01.1", function_of("01.1"), cells_of(*sources, folder=folder), solution)


@needs_sandbox
@pytest.mark.slow
def test_each_student_of_a_class_gets_the_mark_and_the_reason_that_are_due(tmp_path):
    started = time.monotonic()
    graded = grade(write_class(tmp_path), ["01"], Limits(seconds=4))
    assert [one.submission.student for one in graded] == sorted(CLASS)
    for one in graded:
        _, right, reason = CLASS[one.submission.student]
        mark = one.marks["01.1"]
        assert mark.right == right, (one.submission.student, mark)
        assert re.search(reason, mark.reason), (one.submission.student, mark)
        assert not any(m.right for number, m in one.marks.items() if number != "01.1")
    seconds = (time.monotonic() - started) / len(CLASS) * 100
    assert seconds < 600, f"a hundred submissions would take {seconds:.0f} s"


@needs_sandbox
def test_what_a_student_writes_into_the_judges_report_costs_nobody_a_mark(tmp_path):
    """Every file that is open there, and so the report, gets lines that look like its own."""
    lines = ["hello", "[" * 5000, "[1]", '{"number": "01.1", "right": true}', '{"begun": 7}']
    writes = (
        "import os\n"
        "for file in range(3, 40):\n"
        "    try:\n"
        "        report = os.open(f'/proc/{os.getppid()}/fd/{file}', os.O_WRONLY)\n"
        f"        os.write(report, {chr(10).join(['', *lines, '']).encode()!r})\n"
        "    except OSError: pass\n"
    )
    some = {
        "Ada": ([IMPORTS, RIGHT + CHECK], True, ""),
        "Zed": ([IMPORTS, writes + RIGHT + CHECK], False, ""),
    }
    graded = grade(write_class(tmp_path, some), ["01"])
    assert graded[0].submission.student == "Ada" and graded[0].points == 1
    assert "no cell with check" in graded[1].marks["01.2"].reason  # and so do the other answers


def test_an_error_of_grading_itself_is_said_and_the_others_keep_their_marks(tmp_path, monkeypatch):
    def fails_for_zed(answers, *rest):
        if "zed" in str(answers):
            raise RecursionError
        return {answer.number: Mark(True) for answer in answers}

    monkeypatch.setattr(sys.modules[grade.__module__], "mark_answers", fails_for_zed)
    some = {
        "Ada": ([IMPORTS, RIGHT + CHECK], True, ""),
        "Zed": ([IMPORTS, "zed = 1\n" + RIGHT + CHECK], False, ""),
    }
    ada, zed = grade(write_class(tmp_path, some), ["01"], sandboxed=False)
    assert ada.points and not zed.points
    assert "could not be graded (RecursionError): look at it" in zed.marks["01.1"].reason


@pytest.mark.slow
def test_without_a_sandbox_time_and_memory_are_still_limited(tmp_path):
    some = {name: CLASS[name] for name in ("Ada right", "Dora loops", "Jon 2 GB", "Nils patches")}
    graded = grade(write_class(tmp_path, some), ["01"], Limits(4), sandboxed=False)
    assert [one.points for one in graded] == [1, 0, 0, 0]


def test_an_answer_is_run_with_the_cells_that_it_needs_and_no_others(tmp_path):
    answer = answer_in(
        IMPORTS,
        "slow = torch.rand(10)\ntwo = 1",
        "def half(x): return x / two",
        "two = 3",
        "def correlate(s, k): return half(s)" + CHECK,
        "two = 2",
        folder=tmp_path,
    )
    assert [number for number, _ in answer.cells] == [3, 4, 5]


@pytest.mark.parametrize(
    ("cells", "needed"),
    [
        (["sides = [1]", "def f(s):\n    sides = []\n    return sides", "sides"], [1]),
        (["k = 5", "def correlate(s, k): return s[k]", "correlate"], [2]),
        (["x = [1]", "y = [x for x in range(3)]", "y"], [2]),
        (["x = []", "for i in range(3):\n    x.append(i)", "x"], [1, 2]),
        (["x = 1", "x += 1", "x"], [1, 2]),
        (["move = torch.zeros(3)", "move[1] = 1", "other = move", "move"], [1, 2]),
        (["import torch as t", "t.manual_seed(0)", "t"], [1]),
        (["two = 1", "def half(x): return x / two", "two = 2", "half"], [2, 3]),
        (["def f():\n    global g\n    g = 1", "f()", "g"], [1]),
        (["from torch import *", "y = ones(3)", "y"], [1, 2]),
        (["x = 1", "print(x)", "z = lambda x: x", "z"], [3]),
        (["from catdog_lib import check\nx = 1", "y = 2", "y"], [2]),
    ],
)
def test_the_cells_are_found_by_pythons_own_rules(cells, needed, tmp_path):
    *before, answer = cells
    found = answer_in(*before, f'check("01.1", {answer})', folder=tmp_path)
    assert [number for number, _ in found.cells[:-1]] == needed


@pytest.mark.parametrize(
    ("cells", "problem"),
    [
        ([IMPORTS, STUB], "Not attempted"),
        ([IMPORTS], "There is no cell with"),
        ([IMPORTS, "def correlate(:\n    pass" + CHECK], "Cell 2 has an error: .*line 1"),
        ([IMPORTS, 'check("01.2", 3)'], "There is no cell with"),
        (
            [IMPORTS, "def f():\n    nonlocal x\n" + RIGHT + CHECK],
            "Cell 2 .*: no binding",
        ),
        ([IMPORTS, "def f(a, a): pass\n" + RIGHT + CHECK], "Cell 2 has an error: duplicate"),
        ([IMPORTS, f"x = {'+'.join('1' * 3000)}\n" + RIGHT + CHECK], "Cell 2 has an error"),
    ],
)
def test_what_cannot_be_run_says_why(cells, problem, tmp_path):
    answer = answer_in(*cells, folder=tmp_path)
    assert not answer.cells
    assert re.match(problem, answer.problem)


def test_the_courses_solution_counts_only_if_the_student_has_it_too(tmp_path):
    solution = RIGHT + CHECK
    handed_out = answer_in(IMPORTS, STUB, solution, folder=tmp_path, solution=solution)
    assert handed_out.problem == "Not attempted"
    own = answer_in(IMPORTS, WRONG + CHECK, solution, folder=tmp_path, solution=solution)
    assert own.cells[-1][1] == WRONG + CHECK
    assert not own.copied
    copied = answer_in(IMPORTS, solution, solution, folder=tmp_path, solution=solution)
    assert copied.cells
    assert copied.copied
    without_ours = answer_in(IMPORTS, solution, folder=tmp_path, solution=solution)
    assert without_ours.cells and without_ours.copied


def test_an_answer_is_found_whatever_is_around_its_call(tmp_path):
    for call in ("ex.check('01.1', f)", "try:\n    check('01.1', f)\nexcept Exception:\n    pass"):
        answer = answer_in(IMPORTS, "%matplotlib inline\nf = abs\n" + call, folder=tmp_path)
        assert answer.cells, call


def test_the_handed_out_solutions_are_known():
    assert len(course_solutions()) >= 54
    assert 'check("01.1", correlate)' in course_solutions()["01.1"]


@pytest.mark.parametrize(
    "text", ["", "{}", '{"cells": 3}', "[1, 2]", '{"cells": [{"cell_type": "code"}]}']
)
def test_what_is_no_notebook_is_named(text, tmp_path):
    (tmp_path / "odd.ipynb").write_text(text)
    with pytest.raises(ValueError, match=r"odd\.ipynb is not a readable notebook"):
        read_cells(tmp_path / "odd.ipynb")


def test_a_byte_order_mark_does_no_harm(tmp_path):
    text = notebook([IMPORTS])
    (tmp_path / "one.ipynb").write_text(text, encoding="utf-8-sig")
    assert [cell.source for cell in read_cells(tmp_path / "one.ipynb")] == [IMPORTS]


def test_tags_tell_the_courses_solution_from_a_students_like_it(tmp_path):
    solution = RIGHT + CHECK
    for tags, counts in (({STUB: "exercise"}, True), ({}, False)):
        (tmp_path / "one.ipynb").write_text(notebook([IMPORTS, STUB, solution], tags))
        answer = find_answer("01.1", "correlate", read_cells(tmp_path / "one.ipynb"), solution)
        assert bool(answer.cells) == answer.copied == counts, tags
    tags = {STUB: "exercise", solution: "solution"}
    (tmp_path / "one.ipynb").write_text(notebook([IMPORTS, STUB, solution], tags))
    answer = find_answer("01.1", "correlate", read_cells(tmp_path / "one.ipynb"), solution)
    assert answer.problem == "Not attempted"


def test_a_damaged_notebook_is_one_remark_not_six_untrue_sentences(tmp_path):
    write_class(tmp_path, {"Ada right": CLASS["Ada right"]})
    (tmp_path / "Ben").mkdir()
    (tmp_path / "Ben" / "01.ipynb").write_text('{"cells": [')
    ben = grade(tmp_path, ["01"], sandboxed=False)[1]
    assert {mark.reason for mark in ben.marks.values()} == {"01.ipynb is not a readable notebook"}
    assert ",0,6,01.ipynb is not a readable notebook.\n" in moodle_table([ben])
    assert "<li>1 × Nothing that could be read</li>" in class_page([ben], [""])
    assert "<td>0 of 6</td><td>01.ipynb is not a readable notebook</td>" in class_page([ben], [""])


@needs_sandbox
def test_ctrl_c_ends_grading_at_once(tmp_path):
    """A real SIGINT, while two answers loop for as long as they may."""
    some = {name: CLASS["Dora loops"] for name in ("Ada", "Ben", "Cem", "Dora")}
    write_class(tmp_path / "class", some)
    command = [sys.executable, "-m", "catdog_lib", "grade", "class", "--lesson", "01"]
    process = subprocess.Popen(
        [*command, "--seconds", "60"], cwd=tmp_path, stderr=subprocess.PIPE, text=True
    )
    time.sleep(12)  # the judges load PyTorch, then loop
    process.send_signal(signal.SIGINT)
    started = time.monotonic()
    _, said = process.communicate(timeout=60)
    assert time.monotonic() - started < 5
    assert process.returncode == 130
    assert "Traceback" not in said
    assert not (tmp_path / "grades").exists()


def test_on_another_system_than_linux_it_says_where_to_go(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(CatdogError, match="this is darwin; run it on a Linux machine"):
        grade(write_class(tmp_path), ["01"], sandboxed=False)


def test_without_bubblewrap_nothing_runs_unasked(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(CatdogError, match="install it"):
        grade(write_class(tmp_path), ["01"])


def test_a_file_for_the_grades_and_an_empty_lesson_are_refused(tmp_path, capsys):
    (tmp_path / "grades").write_text("")
    write_class(tmp_path / "class", {"Ada right": CLASS["Ada right"]})
    assert main(["grade", str(tmp_path / "class"), "--out", str(tmp_path / "grades")]) == 2
    assert "is a file; name a folder" in capsys.readouterr().err
    out = str(tmp_path / "new")
    assert main(["grade", str(tmp_path / "class"), "--lesson", "", "--out", out]) == 2
    assert "an empty text is no lesson" in capsys.readouterr().err
