"""Write the book: print it once to learn its page numbers, and once more with them in place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from catdog_lib.course.book.chapters import Chapter, lesson_chapter, page_chapter
from catdog_lib.course.book.page import book_page
from catdog_lib.course.chromium import print_pdf
from catdog_lib.course.lesson_files import Lesson
from catdog_lib.course.player import embed
from catdog_lib.course.site import checkout
from catdog_lib.course.widgets_html import copy_files, copy_scripts
from catdog_lib.errors import CatdogError

_PAGES = ("glossary", "credits")  # of docs/, after the lessons


def write_book(
    lessons: Sequence[Lesson], executed: Path, pdf: Path, log: Callable[[str], None] = print
) -> int:
    """Print the lessons, the glossary and the credits as one PDF file with numbered contents.

    Args:
        lessons: the chapters.
        executed: the folder with their executed copies, ``source/lessons`` of a built site.
        pdf: the file to write.
        log: is given a line of text for each step.

    Returns:
        The number of pages.

    Raises:
        CatdogError: a lesson has not been run or has changed since, a package or a browser is
            missing, or the browser does not print.
    """
    if not find_spec("pypdf"):
        raise CatdogError(
            "The Python package pypdf, which reads the page numbers, is missing; type: pip install "
            '-e ".[docs]"'
        )
    chapters, notebooks = _read(lessons, executed)
    chapters += [page_chapter(checkout() / "docs" / f"{name}.md") for name in _PAGES]
    pdf.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        copy_scripts(folder / "_static")
        shutil.copy(checkout() / "docs" / "_static" / "sketches.jpg", folder / "_static")
        copy_files(__package__, ("book.css", "book.js"), folder / "_static")
        page, printed, pages = folder / "book.html", folder / "book.pdf", {}
        for step in ("Printing the book …", "Printing it again, with page numbers …"):
            log(step)
            page.write_text(book_page(chapters, notebooks, pages), encoding="utf-8")
            print_pdf(page, printed)
            pages, count = _page_numbers(printed)
        shutil.copy(printed, pdf)
    return count


def _read(lessons: Sequence[Lesson], folder: Path) -> tuple[list[Chapter], list[NotebookNode]]:
    """Return the chapters of the lessons, and the lessons after their run."""
    chapters, executed = [], []
    for lesson in lessons:
        path = folder / lesson.path.name
        if not path.is_file():
            raise CatdogError(
                f"Lesson {lesson.number} has not been run, so there is nothing to print; type: "
                "catdog course"
            )
        executed.append(nbformat.read(path, as_version=4))
        embed(executed[-1])
        notebook = nbformat.read(lesson.path, as_version=4)
        chapters.append(lesson_chapter(lesson.number, notebook, executed[-1]))
    return chapters, executed


def _page_numbers(pdf: Path) -> tuple[dict[str, int], int]:
    """Return anchor → number of its page, for those that the contents lead to, and all pages."""
    from pypdf import PdfReader

    reader = PdfReader(pdf)
    found = {
        name.lstrip("/"): reader.get_destination_page_number(destination) + 1
        for name, destination in reader.named_destinations.items()
    }
    return found, len(reader.pages)
