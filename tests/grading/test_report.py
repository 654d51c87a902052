"""The tables and pages that grading writes."""

import csv
import html
import io

import pytest

from catdog_lib.cli import main
from catdog_lib.grading.grade import Graded
from catdog_lib.grading.marks import Mark
from catdog_lib.grading.pages import class_page, student_page
from catdog_lib.grading.report import require_free, write_report
from catdog_lib.grading.submissions import Submission
from catdog_lib.grading.tables import canvas_table, grades_table, moodle_table
from catdog_lib.language import translate


def graded(student: str = "=SUM(A1) <b>", reason: str = "You flip the kernel. Take 3.") -> Graded:
    marks = {"01.1": Mark(True), "01.2": Mark(False, reason)}
    return Graded(Submission(student, "77", ()), marks)


def rows(table: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table)))


def test_tables_hold_the_points_and_no_formulas():
    assert rows(grades_table([graded()])) == [
        ["student", "points", "01.1", "01.2"],
        ["'=SUM(A1) <b>", "1", "1", "0"],
    ]
    assert rows(moodle_table([graded()]))[1][:4] == ["Participant 77", "'=SUM(A1) <b>", "1", "2"]
    assert [row[-1] for row in rows(canvas_table([graded()]))] == ["catdog", "2", "1"]


def test_pages_show_names_as_text_and_count_alike_mistakes():
    three = [graded(), graded("Ann", "You flip the kernel. Take 5."), graded("Bo", "Off by 7.")]
    assert "&lt;i&gt;" in student_page(graded(reason="<i>"))
    page = class_page(three, ["a.html", "b.html", "c.html"])
    assert "2 × You flip the kernel." in page
    assert "1 × Off by …." in page
    assert "<b>" not in page
    assert "&lt;b&gt;" in student_page(three[0])


@pytest.mark.parametrize("name", ["grades.csv", "moodle.csv", "canvas.csv", "class.html"])
def test_a_teachers_own_table_is_not_overwritten(name, tmp_path, capsys):
    (tmp_path / name).write_text("name,grade,my comment")
    assert main(["grade", str(tmp_path / "none"), "--out", str(tmp_path)]) == 2
    assert "is not what catdog grade has written" in capsys.readouterr().err
    write_report([graded()], tmp_path / "new")
    require_free(tmp_path / "new")


def test_pages_of_an_earlier_class_do_not_stay(tmp_path):
    write_report([graded("Ada"), graded("Ben")], tmp_path)
    (tmp_path / "students" / "notes.html").write_text("mine")
    write_report([graded("Ben")], tmp_path)
    pages = {path.name for path in (tmp_path / "students").iterdir()}
    assert pages == {"001_Ben.html", "notes.html"}


def test_feedback_is_in_the_students_language_and_ends_with_one_full_stop(monkeypatch):
    english = (
        "Your result contains NaN (not a number): is there a 0/0, or the root or logarithm of a "
        "negative number?"
    )
    assert f"01.2: {english}" in moodle_table([graded(reason=english)])
    assert "number?." not in moodle_table([graded(reason=english)])
    assert "kernel.." not in moodle_table([graded(reason="You flip the kernel.")])
    monkeypatch.setenv("CATDOG_LANGUAGE", "de")
    assert translate(english) != english
    assert translate(english) in moodle_table([graded(reason=english)])
    assert html.escape(translate(english)) in student_page(graded(reason=english))


def test_code_in_a_hint_keeps_its_small_letters():
    assert "Write <code>a &lt; b</code>." in student_page(graded(reason="Write `a < b`."))
    assert "correlate([1]) gives 2" in student_page(graded(reason="correlate([1]) gives 2."))


def test_a_long_hint_ends_between_words():
    hint = "pixels " * 40
    assert "pixels …</li>" in class_page([graded(reason=hint)], ["a.html"])
