"""The command ``catdog progress``, for students."""

from __future__ import annotations

from dataclasses import asdict

import click

from catdog_lib.cli.options import Command
from catdog_lib.errors import CatdogError
from catdog_lib.language import say, translate


@click.command(cls=Command, epilog="catdog progress")
def progress() -> tuple[int, dict]:
    """Show which exercises you have solved, and what to do next.

    What you solved a week ago or earlier is worth solving again, from memory. The list is kept on
    this computer and nowhere else.
    """
    from catdog_lib.course.lesson_files import find_lessons
    from catdog_lib.exercises import exercises
    from catdog_lib.exercises.progress import attempts, progress_file, progress_in

    if progress_file().is_dir():
        raise CatdogError(
            f"CATDOG_PROGRESS is {str(progress_file())!r}, a folder; name a file in it, such as "
            "progress.jsonl."
        )
    made = attempts()
    lessons = {lesson.number: lesson.title for lesson in find_lessons()}
    found = [progress_in(number, exercises(number), made) for number in lessons]
    for one in found:
        marks = {**dict.fromkeys(one.tried, translate("tried")), **dict.fromkeys(one.solved, "✓")}
        said = ", ".join(f"{number} {mark}" for number, mark in sorted(marks.items()))
        print(f"{lessons[one.lesson]}: {said or translate('not begun')}")
    begun = [one for one in found if one.solved or one.tried]
    coming = next((one.next for one in (*begun, *found) if one.next), None)
    say(f"next       {coming or translate('all are solved')}")
    again = [number for one in found for number in one.repeat]
    say(f"repeat     {', '.join(again) or translate('nothing yet')}")
    say(f"kept in    {progress_file()}")
    return 0, {"lessons": [asdict(one) for one in found], "file": str(progress_file())}
