"""Lesson 00 in German is made from its catalogue, and nbval runs it as it runs the English one."""

import nbformat
import pytest

from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.course.translation.lesson_text import translate_notebook
from catdog_lib.course.translation.po_files import read, translations
from catdog_lib.language.catalogue import FOLDER
from tests.notebooks.test_lessons import nbval

LESSON = find_lessons()[0].path


@pytest.mark.slow
def test_the_german_lesson_runs(tmp_path):
    notebook = nbformat.read(LESSON, as_version=4)
    catalogue = FOLDER / "de" / "lessons" / f"{LESSON.stem}.po"
    translate_notebook(notebook, translations(read(catalogue)))
    notebook.cells.insert(-1, nbformat.v4.new_code_cell(GERMAN))
    nbformat.write(notebook, tmp_path / LESSON.name)
    done = nbval(tmp_path / LESSON.name, CATDOG_DATA="sketches", CATDOG_LANGUAGE="de")
    assert done.returncode == 0, done.stdout[-8000:]


GERMAN = """from catdog_lib.language import translate

assert guess_channel.title == "Vorhersagen, dann nachsehen"
(asked,) = guess_channel.questions
assert asked["choices"] == ["Rot", "Grün", "Blau"] and asked["because"].startswith("Die Mittel")
assert game.words["Play again"] == "Noch einmal spielen"
assert translate("Exercise 00.1: right!") == "Übung 00.1: richtig!"
"""
