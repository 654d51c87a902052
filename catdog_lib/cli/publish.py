"""The commands that make something of lessons that have been run: ``slides`` and ``pdf``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from catdog_lib.cli.options import Command, UserPath, lessons_option
from catdog_lib.language import current

if TYPE_CHECKING:
    from catdog_lib.course.lesson_files import Lesson

_SITE = click.option(
    "--site",
    type=UserPath(path_type=Path),
    metavar="DIR",
    show_default="site",
    help="Where catdog course has written.",
)


@click.command(cls=Command, epilog="catdog slides --lesson 03")
@lessons_option
@_SITE
@click.option("--pdf", is_flag=True, help="Also print each deck, with Chromium, Chrome or Edge.")
def slides(numbers: tuple[str, ...], site: Path | None, pdf: bool) -> tuple[int, dict]:
    """Write a deck of slides for each lesson.

    The decks show what the last catdog course gave, and work without a network.
    """
    from catdog_lib.course.slides import write_slides

    lessons, site = _chosen(numbers, site)
    counts = write_slides(lessons, site / "source" / "lessons", site / "slides", pdf=pdf)
    for number, count in counts.items():
        print(f"lesson {number}: {count} slides")
    index = site / "slides" / "index.html"
    print(f"The decks: {index.resolve().as_uri()}")
    return 0, {"slides": counts, "out": str(site / "slides")}


@click.command(cls=Command, epilog="catdog pdf --lesson 03")
@lessons_option
@_SITE
def pdf(numbers: tuple[str, ...], site: Path | None) -> tuple[int, dict]:
    """Print all lessons as one book.

    The book shows what the last catdog course gave, with contents, page numbers and the solutions
    at the end of each lesson. It needs Chromium, Chrome or Edge.
    """
    from catdog_lib.course.book import write_book

    lessons, site = _chosen(numbers, site)
    name = "-".join(one.path.stem for one in lessons) if numbers else "cat-or-dog"
    out = site / "pdf" / f"{name}.pdf"
    count = write_book(lessons, site / "source" / "lessons", out)
    print(f"The book, {count} pages: {out.resolve().as_uri()}")
    return 0, {"pages": count, "out": str(out)}


def _chosen(numbers: tuple[str, ...], site: Path | None) -> tuple[list[Lesson], Path]:
    """Return the chosen lessons, by default all, and the folder that catdog course has written."""
    from catdog_lib.course.lesson_files import find_lessons, select
    from catdog_lib.course.site import checkout
    from catdog_lib.course.translation.lessons import in_language

    lessons = in_language(select(find_lessons(), numbers), current())
    return lessons, site or checkout() / "site"
