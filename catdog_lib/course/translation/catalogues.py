"""The catalogues of a language: which there are, what is in them, what is left to translate.

``messages`` has what the library says to students, ``lessons/NN_name`` a lesson's text and its
questions, ``pages/name`` a page of the site.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
from babel.core import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog

from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.course.translation import lesson_text, python_messages
from catdog_lib.course.translation.pages import page_entries
from catdog_lib.course.translation.po_files import Entry, update
from catdog_lib.errors import CatdogError
from catdog_lib.language.catalogue import FOLDER, QUESTION
from catdog_lib.language.javascript import messages_in

LIBRARY = Path(__file__).resolve().parents[2]


def catalogue_path(language: str, name: str) -> Path:
    """Return the file of a catalogue, such as ``lessons/00_meet_the_data``."""
    return FOLDER / language / f"{name}.po"


def update_catalogues(
    language: str, names: list[str], root: Path | None = None
) -> tuple[dict[str, Catalog], list[str]]:
    """Write a language's catalogues: those that it has, and the named ones that it has not yet.

    Args:
        language: such as "de".
        names: of catalogues to begin, or the numbers of lessons.
        root: the checkout, as in :func:`find_lessons`.

    Returns:
        The catalogues by their names, and the names of those that are not begun.

    Raises:
        CatdogError: there is no such language or catalogue, or a file cannot be read or written.
    """
    try:
        Locale.parse(language)
    except (UnknownLocaleError, ValueError) as error:
        raise CatdogError(f"{language!r} names no language; write it as in de or pt_BR.") from error
    if language.partition("_")[0] == "en":
        raise CatdogError("The course is written in English; name the language to translate to.")
    known = sources(root)
    by_number = {name[8:10]: name for name in known if name.startswith("lessons/")}
    begun = [by_number.get(name.zfill(2), name) for name in names]
    if unknown := [name for name in begun if name not in known]:
        raise CatdogError(
            f"There is no catalogue {unknown[0]!r}; the catalogues are {', '.join(known)}."
        )
    begun += [name for name in known if catalogue_path(language, name).exists()]
    written = {
        name: update(catalogue_path(language, name), entries(), language)
        for name, entries in known.items()
        if name in begun
    }
    return written, [name for name in known if name not in begun]


def sources(root: Path | None = None) -> dict[str, Callable[[], Iterator[Entry]]]:
    """Return the names of all catalogues there may be, each with what gives its messages."""
    found: dict[str, Callable[[], Iterator[Entry]]] = {"messages": library_entries}
    for lesson in find_lessons(root):
        found[f"lessons/{lesson.path.stem}"] = lambda path=lesson.path: lesson_entries(path)
    return found | {f"pages/{name}": entries for name, entries in page_entries().items()}


def library_entries() -> Iterator[Entry]:
    """Yield what the library says to students: checkers, progress, explorables."""
    for path in sorted(LIBRARY.rglob("*.py")):
        found = python_messages.phrases if path.parent.name == "exercises" else _spoken_in_python
        for message in found(path.read_text(encoding="utf-8")):
            yield Entry(message, path.relative_to(LIBRARY).as_posix())
    for path in sorted((LIBRARY / "explore").rglob("*.js")):
        for message in messages_in(path.read_text(encoding="utf-8")):
            yield Entry(message, path.relative_to(LIBRARY).as_posix())


def lesson_entries(path: Path) -> Iterator[Entry]:
    """Yield the paragraphs of a lesson, and the words of its questions."""
    notebook = nbformat.read(path, as_version=4)
    for cell, message in lesson_text.messages(notebook):
        yield Entry(message, f"cell {cell}")
    for cell in notebook.cells:
        if cell.cell_type == "code":
            for message in python_messages.questions(cell.source):
                yield Entry(message, f"cell {cell.id}", QUESTION)


def _spoken_in_python(code: str) -> list[str]:
    """Return the messages of a file, without reading all of the code if it has none."""
    return python_messages.spoken(code) if re.search(r"\b(?:translate|say)\(", code) else []
