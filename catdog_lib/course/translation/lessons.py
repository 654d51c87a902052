"""Write lessons in another language, and say what in them is in English still."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import nbformat

from catdog_lib.atomic_write import make_folder
from catdog_lib.course.lesson_files import Lesson, read_lesson
from catdog_lib.course.translation.lesson_text import Untranslated, translate_notebook
from catdog_lib.course.translation.po_files import read, translations
from catdog_lib.language.catalogue import FOLDER

_SHOWN = 12  # paragraphs: a lesson that is just begun has 150


def write_lesson(lesson: Lesson, language: str) -> tuple[Path, list[Untranslated]] | None:
    """Write a lesson in another language, into a folder of its own beside the English ones.

    Returns:
        The notebook, and what in it is in English still; None if the lesson is not translated.
    """
    catalogue = FOLDER / language / "lessons" / f"{lesson.path.stem}.po"
    if not catalogue.exists():
        return None
    notebook = nbformat.read(lesson.path, as_version=4)
    missing = translate_notebook(notebook, translations(read(catalogue)))
    path = lesson.path.parent / language / lesson.path.name
    make_folder(path.parent)
    nbformat.write(notebook, path)
    return path, missing


def in_language(
    lessons: list[Lesson], language: str, log: Callable[[str], None] = lambda line: None
) -> list[Lesson]:
    """Return lessons in a language ("" for English); those that are not translated, in English."""
    if not language:
        return lessons
    return [_one(lesson, language, log) for lesson in lessons]


def _one(lesson: Lesson, language: str, log: Callable[[str], None]) -> Lesson:
    """Return a lesson in another language, or as it is."""
    written = write_lesson(lesson, language)
    if not written:
        log(f"Lesson {lesson.number} is not translated to {language!r}.")
        return lesson
    path, missing = written
    report(lesson.number, missing, log)
    return read_lesson(path)


def report(number: str, missing: list[Untranslated], log: Callable[[str], None]) -> None:
    """Say which cells of a lesson hold English that is not translated, or has changed since."""
    for cell, english in missing[:_SHOWN]:
        shown = " ".join(english.split())
        shown = shown if len(shown) <= 70 else f"{shown[:70]} …"
        log(f"  lesson {number}, cell {cell}, is in English still: {shown}")
    if len(missing) > _SHOWN:
        log(f"  lesson {number}: {len(missing) - _SHOWN} more paragraphs are in English")
