"""Write the decks of the lessons into a folder: pages that need no server and no network."""

from __future__ import annotations

import html
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nbformat

from catdog_lib.course.chromium import print_pdf
from catdog_lib.course.lesson_files import Lesson
from catdog_lib.course.player import embed
from catdog_lib.course.slides.assets import copy_assets
from catdog_lib.course.slides.choose import choose_slides
from catdog_lib.course.slides.page import deck_page
from catdog_lib.errors import CatdogError

ASSETS = "_static"


def write_slides(
    lessons: Sequence[Lesson], executed: Path, out: Path, *, pdf: bool = False
) -> dict[str, int]:
    """Write a deck of each lesson, ``NN_name.html``, and an ``index.html`` that leads to them.

    Args:
        lessons: those that get a deck.
        executed: the folder with their executed copies, ``source/lessons`` of a built site.
        out: the folder to write, which a call replaces as a whole.
        pdf: also print each deck, as ``NN_name.pdf``.

    Returns:
        The number of each lesson → how many slides it has.

    Raises:
        CatdogError: a lesson has not been run or has no slides, ``out`` holds something else than
            slides, what the decks load cannot be fetched, or a deck cannot be printed.
    """
    if out.exists() and not (out / ASSETS / "reveal").is_dir():
        raise CatdogError(f"{out} holds files that are not this course's slides; use another.")
    decks = [(lesson, *_deck(lesson, executed / lesson.path.name)) for lesson in lessons]
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent) as temporary:
        part = Path(temporary) / "slides"
        copy_assets(part / ASSETS)
        for lesson, text, _ in decks:
            page = part / f"{lesson.path.stem}.html"
            page.write_text(text, encoding="utf-8")
            if pdf:
                print_pdf(page, page.with_suffix(".pdf"), query="?print-pdf")
        (part / "index.html").write_text(_index(lessons), encoding="utf-8")
        if out.exists():
            shutil.rmtree(out)
        part.rename(out)
    return {lesson.number: count for lesson, _, count in decks}


def _deck(lesson: Lesson, executed: Path) -> tuple[str, int]:
    """Return a lesson's page and the number of its slides."""
    if not executed.is_file():
        raise CatdogError(
            f"Lesson {lesson.number} has not been run, so there is nothing to show on its slides; "
            "type: catdog course"
        )
    run = nbformat.read(executed, as_version=4)
    embed(run)
    slides = choose_slides(nbformat.read(lesson.path, as_version=4), run)
    if not slides:
        raise CatdogError(
            f"No cell of {lesson.path.name} has the slide_type 'slide'; tag those that belong on "
            "slides."
        )
    return deck_page(lesson.title, slides, run), len(slides)


def _index(lessons: Sequence[Lesson]) -> str:
    """Return the page that leads to the decks."""
    items = "\n".join(
        f'<li><a href="{lesson.path.stem}.html">{html.escape(lesson.title)}</a></li>'
        for lesson in lessons
    )
    return f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Cat or dog? The slides</title>
<link rel="stylesheet" href="{ASSETS}/deck.css">
<main class="decks">
<h1>Cat or dog? The slides</h1>
<ul>
{items}
</ul>
<p>In a deck: arrow keys turn the slides, <kbd>S</kbd> opens the speaker's notes in another window,
<kbd>F</kbd> fills the screen, <kbd>Esc</kbd> shows all slides at once.</p>
</main>
</html>
"""
