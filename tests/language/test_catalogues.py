"""The catalogues in git are sound; what is left to translate in them is a warning."""

import subprocess
import warnings
from pathlib import Path

import nbformat
import pytest

from catdog_lib.course.executed import fold_deeper
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.course.translation.lesson_text import translate_notebook
from catdog_lib.course.translation.po_files import count, flaws, read, translations
from catdog_lib.language import languages
from catdog_lib.language.catalogue import FOLDER

ROOT = Path(__file__).parents[2]
CATALOGUES = sorted(FOLDER.rglob("*.po"))
LESSONS = [
    (language, lesson)
    for language in languages()
    for lesson in find_lessons()
    if (FOLDER / language / "lessons" / f"{lesson.path.stem}.po").exists()
]


def name_of(path: Path) -> str:
    return path.relative_to(FOLDER).as_posix()


def test_a_lesson_is_translated():
    assert ("de", "00") in [(language, lesson.number) for language, lesson in LESSONS]


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_a_translation_keeps_fields_code_and_formulas(path):
    found = [
        flaw
        for one in read(path)
        if one.id and one.string and not one.fuzzy
        for flaw in flaws(one.id, one.string)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("path", CATALOGUES, ids=name_of)
def test_a_catalogue_in_git_has_translations_in_it(path):
    done, doubtful, _ = count(read(path))
    assert done + doubtful, f"{name_of(path)} is not begun: leave it out of git"


def test_git_has_no_templates_and_no_compiled_catalogues():
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True).splitlines()
    assert not [name for name in listed if name.endswith((".pot", ".mo"))]
    assert not [name for name in listed if name.startswith("notebooks/") and name.count("/") > 1]


@pytest.mark.parametrize(
    ("language", "lesson"), LESSONS, ids=lambda one: getattr(one, "number", one)
)
def test_a_translated_lesson_has_the_parts_of_the_english_one(language, lesson):
    """Headings, what is folded, tags and code; what is in English still, is a warning."""
    english = nbformat.read(lesson.path, as_version=4)
    other = nbformat.read(lesson.path, as_version=4)
    catalogue = FOLDER / language / "lessons" / f"{lesson.path.stem}.po"
    for cell, text in translate_notebook(other, translations(read(catalogue))):
        warnings.warn(f"{language}, lesson {lesson.number}, cell {cell}: {text}", stacklevel=1)
    for before, after in zip(english.cells, other.cells, strict=True):
        assert (before.id, before.cell_type) == (after.id, after.cell_type)
        assert before.metadata.get("tags") == after.metadata.get("tags")
        if before.cell_type == "code":
            assert before.source == after.source
        else:
            assert outline(before.source) == outline(after.source), after.source
    fold_deeper(other)


def outline(text: str) -> list[str]:
    """Return what headings, items and rows begin with, and how many parts there are."""
    marks = ("#", "-", "|", "<", ">", "$$")
    lines = [line.split(" ")[0] for line in text.splitlines() if line.startswith(marks)]
    return [mark.split("<summary>")[0] for mark in lines] + [str(text.count("\n\n"))]
