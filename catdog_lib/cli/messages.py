"""The command for translators: ``catdog messages``."""

from __future__ import annotations

import click

from catdog_lib.cli.options import Command


@click.command(cls=Command, epilog="catdog messages de 03 pages/index")
@click.argument("language", metavar="LANGUAGE")
@click.argument("names", metavar="[NAME]...", nargs=-1)
def messages(language: str, names: tuple[str, ...]) -> tuple[int, dict]:
    """Update the catalogues of a language, and say what is left.

    LANGUAGE is such as de or pt_BR. A NAME begins a catalogue: the number of a lesson, messages or
    pages/glossary. Translated lessons are written to notebooks/LANGUAGE.
    """
    from catdog_lib.course.lesson_files import find_lessons
    from catdog_lib.course.translation.catalogues import update_catalogues
    from catdog_lib.course.translation.lessons import report, write_lesson
    from catdog_lib.course.translation.po_files import count

    catalogues, others = update_catalogues(language, list(names))
    counts = {name: count(catalogue) for name, catalogue in catalogues.items()}
    for name, (done, doubtful, all_of_them) in counts.items():
        doubt = f", {doubtful} to look at again" if doubtful else ""
        print(f"{name:<36}{done:>5} of {all_of_them} translated{doubt}")
    if others:
        print(f"not begun: {', '.join(others)}")
    for lesson in find_lessons():
        if written := write_lesson(lesson, language):
            path, missing = written
            print(f"{path}: {len(missing)} paragraphs in English")
            report(lesson.number, missing, print)
    kinds = ("done", "doubtful", "all")
    return 0, {name: dict(zip(kinds, found, strict=True)) for name, found in counts.items()}
