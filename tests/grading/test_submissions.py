"""What students hand in, in folders and archives as people and learning platforms lay them out."""

import json
import sys
import zipfile
from pathlib import Path

import pytest

from catdog_lib.cli import main
from catdog_lib.grading.grade import Graded, _answers, _cells, grade
from catdog_lib.grading.marks import Mark
from catdog_lib.grading.report import write_report
from catdog_lib.grading.submissions import find_submissions, opened
from tests.grading.handed_in import CLASS, IMPORTS, RIGHT, notebook, write_class

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="grading runs on Linux only")


def write(folder: Path, *cells: str) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text(notebook(list(cells)))


def test_students_are_known_by_their_folders_as_platforms_name_them(tmp_path):
    names = (
        "Ada King_123_assignsubmission_file_/a/01.ipynb",
        "kingben_LATE_45_678_work.ipynb",
        "Cem/x.ipynb",
        "Cem/.ipynb_checkpoints/x.ipynb",
    )
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in names:
            archive.writestr(name, notebook([]))
    with opened(tmp_path / "all.zip") as folder:
        found = find_submissions(folder)
    assert [(one.student, one.identifier) for one in found] == [
        ("Ada King", "123"),
        ("Cem", ""),
        ("kingben", "45"),
    ]
    assert [len(one.notebooks) for one in found] == [1, 1, 1]


def test_a_zipped_folder_of_students_is_looked_into_and_macos_files_are_not(tmp_path):
    names = [f"submissions/{student}/01.ipynb" for student in ("Ada", "J\udcfcrgen")]
    for name in (*names, "__MACOSX/submissions/Ada/._01.ipynb", "submissions/Ada/._01.ipynb"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(notebook([]))
    found = find_submissions(tmp_path)
    assert [one.student for one in found] == ["Ada", "J\udcfcrgen"]
    write_report([Graded(one, {}) for one in found], tmp_path / "grades")
    assert "J\\udcfcrgen" in (tmp_path / "grades" / "grades.csv").read_text()


def test_a_terms_notebooks_do_not_disturb_each_other(tmp_path):
    """Names of one lesson mean something else in another."""
    ada = tmp_path / "Ada"
    ada.mkdir()
    (ada / "01.ipynb").write_text(notebook(["k = 1", 'check("01.1", k)']))
    (ada / "02.ipynb").write_text(notebook(["k = 2", 'check("02.1", k)']))
    notebooks, _ = _cells(find_submissions(tmp_path)[0])
    (first,), (second,) = (_answers(number, notebooks, "pass") for number in ("01.1", "02.1"))
    assert [source for _, source in first.cells] == ["k = 1", 'check("01.1", k)']
    assert [source for _, source in second.cells] == ["k = 2", 'check("02.1", k)']


def test_a_link_to_somebody_elses_notebook_is_no_submission(tmp_path):
    write_class(tmp_path, {"Ada right": CLASS["Ada right"]})
    (tmp_path / "Bob").mkdir()
    (tmp_path / "Bob" / "x.ipynb").symlink_to(tmp_path / "Ada right" / "01_convolution.ipynb")
    ada, bob = find_submissions(tmp_path)
    assert (ada.student, len(ada.notebooks)) == ("Ada right", 1)
    assert (bob.student, bob.notebooks) == ("Bob", ())
    assert bob.problems == ("x.ipynb is a link, which is not followed",)


def test_whoever_hands_in_no_notebook_is_still_on_the_list(tmp_path):
    write(tmp_path / "Ada" / "01.IPYNB", IMPORTS)
    write(tmp_path / "Ben" / "01.ipynb.txt", IMPORTS)
    write(tmp_path / "J. Doe.v2.ipynb", IMPORTS)
    (tmp_path / "Cem").mkdir()
    (tmp_path / "Cem" / "work.zip").write_bytes(b"PK")
    (tmp_path / "Dora").mkdir()
    (tmp_path / "Eli King_12_assignsubmission_file_work.zip").write_bytes(b"PK")
    (tmp_path / "list of the class.csv").write_text("Ada, Ben")
    write(tmp_path / "grades" / "grades.csv", "what catdog grade has written before")
    found = {one.student: (len(one.notebooks), one.problems) for one in find_submissions(tmp_path)}
    assert found == {
        "Ada": (1, ()),
        "Ben": (1, ()),
        "Cem": (0, ("work.zip is not a notebook (*.ipynb)",)),
        "Dora": (0, ("There is no notebook (*.ipynb) in the folder",)),
        "Eli King": (
            0,
            ("Eli King_12_assignsubmission_file_work.zip is not a notebook (*.ipynb)",),
        ),
        "J. Doe.v2": (1, ()),
    }


def test_a_class_of_one_keeps_its_name_and_a_name_prints_as_one_line(tmp_path):
    write(tmp_path / "Ada" / "week1" / "01_convolution.ipynb", IMPORTS)
    write(tmp_path / "Ada" / "week2" / "02_output_shapes.ipynb", IMPORTS)
    assert [one.student for one in find_submissions(tmp_path)] == ["Ada"]
    write(tmp_path / "B\x1b[2J\ne\u202en" / "01.ipynb", IMPORTS)
    assert [one.student for one in find_submissions(tmp_path)] == ["Ada", "B�[2J�e�n"]


def judged_by_name(answers, *rest):
    """Stand for the judge: an answer is right if its cell says so."""
    return {
        a.number: Mark("right" in a.cells[-1][1], "no" * ("right" not in a.cells[-1][1]))
        if a.cells
        else Mark(False, a.problem)
        for a in answers
    }


@pytest.mark.parametrize("order", [("right", "wrong"), ("wrong", "right")])
def test_of_several_copies_the_best_answer_counts_and_is_named(order, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[grade.__module__], "mark_answers", judged_by_name)
    for name, kind in zip(("01 (1).ipynb", "01.ipynb"), order, strict=True):
        write(tmp_path / "Ada" / name, f'{kind} = 1\ncheck("01.1", {kind})')
    (ada,) = grade(tmp_path, ["01"], sandboxed=False)
    assert ada.marks["01.1"].right
    assert ada.marks["01.1"].note == ("taken from Ada/01 (1).ipynb" if order[0] == "right" else "")
    assert ada.marks["01.2"].reason.startswith("There is no cell")


def test_an_answer_may_use_what_another_notebook_defines(tmp_path):
    write(tmp_path / "Ada" / "b.ipynb", IMPORTS, RIGHT, 'check("01.2", 3)')
    write(tmp_path / "Ada" / "c.ipynb", 'x = 1\ncheck("01.1", correlate)')
    notebooks, _ = _cells(find_submissions(tmp_path)[0])
    *alone, together = _answers("01.1", notebooks, "pass")
    assert [answer.file for answer in alone] == ["Ada/c.ipynb", "Ada/b.ipynb"]
    assert together.file == "all notebooks together"
    assert [source for _, source in together.cells][1:] == [
        RIGHT,
        'x = 1\ncheck("01.1", correlate)',
    ]


def test_a_single_notebook_is_a_class_of_one(tmp_path):
    write(tmp_path / "Ada.ipynb", IMPORTS)
    with opened(tmp_path / "Ada.ipynb") as folder:
        assert [one.student for one in find_submissions(folder)] == ["Ada"]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda folder: folder / "none", "There is nothing at"),
        (lambda folder: folder, "There is no notebook"),
    ],
)
def test_a_folder_without_submissions_is_refused_in_one_sentence(make, sentence, tmp_path, capsys):
    assert main(["grade", str(make(tmp_path)), "--without-sandbox"]) == 2
    assert sentence in capsys.readouterr().err


def test_json_tells_students_of_one_name_apart_and_a_lesson_named_twice_counts_once(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(sys.modules[grade.__module__], "mark_answers", judged_by_name)
    for identifier in (1, 2):
        write(tmp_path / f"Ada King_{identifier}_assignsubmission_file_" / "01.ipynb", IMPORTS)
    command = ["grade", str(tmp_path), "--lesson", "01", "1", "--without-sandbox", "--json"]
    assert main([*command, "--out", str(tmp_path / "out")]) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [one["identifier"] for one in facts["students"]] == ["1", "2"]
    assert facts["exercises"] == 6
