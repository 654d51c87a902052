"""The commands that make something of lessons that have been run: ``slides`` and ``pdf``."""

from __future__ import annotations

from pathlib import Path

import click

from catdog_lib.cli.options import Command

_SITE = click.option(
    "--site",
    type=click.Path(path_type=Path),
    metavar="DIR",
    show_default="site",
    help="Where catdog course has written.",
)


@click.command(cls=Command, epilog="catdog slides --lesson 03")
@click.option("--lesson", metavar="NN", help="Only this lesson.")
@_SITE
def slides(lesson: str | None, site: Path | None) -> tuple[int, dict]:
    """Write a deck of slides for each lesson.

    The decks show what the last catdog course gave, and work without a network.
    """
    from catdog_lib.course.lessons import find_lessons, select
    from catdog_lib.course.site import checkout
    from catdog_lib.course.slides import write_slides

    site = site or checkout() / "site"
    lessons = select(find_lessons(), lesson)
    counts = write_slides(lessons, site / "source" / "lessons", site / "slides")
    for number, count in counts.items():
        print(f"lesson {number}: {count} slides")
    index = site / "slides" / "index.html"
    print(f"The decks: {index.resolve().as_uri()}")
    return 0, {"slides": counts, "out": str(site / "slides")}
