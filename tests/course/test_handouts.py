"""The two handouts: each complete, and nothing in the students' that is not for them."""

import json
import shutil
import subprocess
import sys
import zipfile
from hashlib import sha256

import pytest

from catdog_lib.cli import main
from catdog_lib.course.handouts import without_solutions, write_handouts
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.course.site import checkout
from catdog_lib.errors import CatdogError


@pytest.fixture(scope="module")
def handouts(tmp_path_factory):
    return write_handouts(tmp_path_factory.mktemp("handouts"))


def names(path):
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def cells(path, lesson):
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(f"catdog/notebooks/{lesson.path.name}"))["cells"]


@pytest.mark.parametrize("lesson", find_lessons(), ids=lambda lesson: lesson.number)
def test_students_get_every_cell_but_the_solutions(handouts, lesson):
    ours, theirs = (cells(handouts[edition], lesson) for edition in ("instructor", "student"))
    assert ours == json.loads(lesson.path.read_text(encoding="utf-8"))["cells"]
    left_out = [cell for cell in ours if cell not in theirs]
    assert len(left_out) == 6 and len(ours) == len(theirs) + 6
    assert all("solution" in cell["metadata"]["tags"] for cell in left_out)


def test_students_get_no_tests_and_no_teaching_notes(handouts):
    student, instructor = (names(handouts[edition]) for edition in ("student", "instructor"))
    more = {name.removeprefix("catdog/") for name in instructor - student}
    assert {name for name in more if name.startswith(("docs/", "catdog_", "data/"))} == {
        "docs/teaching/guide.md",
        "docs/teaching/mistakes.md",
        "docs/teaching/translating.md",
    }
    assert not [name for name in student if "/tests/" in name or "__pycache__" in name]
    with zipfile.ZipFile(handouts["student"]) as archive:
        readme = archive.read("catdog/README.md").decode()
    for word in ("make test", "handout", "catdog grade", "<!--", "contributor"):
        assert word not in readme, word
    assert "make course" in readme and "## Licence" in readme


def test_instructors_get_the_whole_checkout_so_that_make_test_works(handouts):
    listed = subprocess.run(
        ["git", "ls-files"], cwd=checkout(), capture_output=True, text=True
    ).stdout.split()
    if not listed:
        pytest.skip("not a git checkout")
    theirs = {name.removeprefix("catdog/") for name in names(handouts["instructor"])}
    assert not set(listed) - theirs


def test_the_same_course_gives_the_same_file(handouts, tmp_path):
    again = write_handouts(tmp_path)
    for edition, path in handouts.items():
        assert sha256(path.read_bytes()).digest() == sha256(again[edition].read_bytes()).digest()


def test_an_unpacked_handout_finds_its_lessons_and_sets_up_as_the_course_does(handouts, tmp_path):
    shutil.unpack_archive(handouts["student"], tmp_path)
    code = (
        "from catdog_lib.course.lesson_files import find_lessons; import run;"
        "print(len(find_lessons()), run.set_up.__module__, run.ROOT)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path / "catdog", capture_output=True, text=True
    )
    expected = [str(len(find_lessons())), "catdog_setup.environment", str(tmp_path / "catdog")]
    assert done.stdout.split() == expected, done.stderr


def test_a_notebook_without_solutions_is_the_same_to_the_last_letter():
    text = find_lessons()[0].path.read_text(encoding="utf-8")
    none = without_solutions(text)
    assert none != text and without_solutions(none) == none


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main(["handout", "--out", str(tmp_path / "file")]) == 2
    assert "cannot be made" in capsys.readouterr().err


def test_an_incomplete_checkout_is_one_sentence_and_leaves_nothing_half_written(tmp_path):
    with pytest.raises(CatdogError, match="The checkout lacks 'README\\.md'"):
        write_handouts(tmp_path / "out", root=tmp_path)
    assert not list((tmp_path / "out").iterdir())
