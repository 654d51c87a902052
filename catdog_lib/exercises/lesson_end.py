"""The end of a lesson: what you have solved, what comes next, what is worth repeating."""

from __future__ import annotations

from pathlib import Path

from catdog_lib.exercises.progress import attempts, in_open_notebook, progress_in
from catdog_lib.exercises.registry import exercises
from catdog_lib.language import say, translate


def show_progress(lesson: str) -> None:
    """Print how far you are in a lesson, the next exercise, and what to repeat from any lesson.

    Outside an open notebook nothing is read: on a page, nobody sees anybody's progress.

    Args:
        lesson: its number, such as "03".

    Raises:
        CatdogError: there is no such lesson.
    """
    numbers = exercises(lesson)
    if not in_open_notebook():
        say("In JupyterLab, this cell shows you which exercises you have solved.")
        return
    made = attempts()
    here = progress_in(lesson, numbers, made)
    everywhere = progress_in("", sorted({attempt.exercise for attempt in made}), made)
    say(f"solved   {_listed(here.solved)} ({len(here.solved)} of {len(numbers)})")
    say(f"tried    {_listed(here.tried)}")
    say(f"next     {here.next or _first_after(lesson)}")
    say(f"repeat   {_listed(everywhere.repeat)}")
    if everywhere.repeat:
        say("         You solved these at least a week ago. Can you still do them from memory?")


def _listed(numbers: list[str]) -> str:
    """Return numbers of exercises in a row."""
    return ", ".join(numbers) or translate("none")


def _first_after(lesson: str) -> str:
    """Return the first exercise of the next lesson, or that this was the last."""
    following = f"{int(lesson) + 1:02}"
    if any(Path(__file__).parent.glob(f"lesson_{following}_*.py")):
        return f"{following}.1, in the next lesson"
    return "none: this was the last lesson"
