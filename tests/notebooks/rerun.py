"""Run the cells of a lesson twice, or stop one and run it again: what each run has shown."""

from __future__ import annotations

from tests.notebooks.live_lesson import LiveLesson, Shown

LONG = 1.0  # seconds: such a cell may well be stopped before it ends
# What their cells show has times in it.
TIMED = {
    "01-channels-three",
    "03-training-fit",
    "03-training-compare",
    "05-group-cost",
    "06-what-features",
    "06-families-measure",
    "06-probe-check",
    "06-curve-table",
    "06-test-cost",
    "10-profile-plain",
    "10-ladder-decode",
    "10-ladder-show",
    "10-ladder-profile",
    "10-neighbour-cost",
    "10-same-run",
    "10-same-verdict",
    "10-roof-machine",
    "10-roof-measure",
    "10-roof-loops",
    "10-roof-machines",
    "10-roof-training",
    "10-cost-count",
    "10-bits-cost-measure",
    "10-lost-run",
}


def run_all(lesson: LiveLesson) -> dict[str, Shown]:
    """Run a lesson from the top; return what each of its cells has shown."""
    return {cell.id: lesson.run(cell) for cell in lesson.cells}


def run_again(lesson: LiveLesson, once: dict[str, Shown]) -> dict[str, list[Shown]]:
    """Run a lesson that has run before: each cell twice, or, if it takes long, stop it first.

    Returns:
        What each run of a cell has shown that was not stopped.
    """
    again: dict[str, list[Shown]] = {}
    for cell in lesson.cells:
        again[cell.id] = []
        if once[cell.id].seconds > LONG:
            stopped = lesson.interrupt(cell, once[cell.id].seconds / 2)
            assert stopped.error in ("", "KeyboardInterrupt: "), (cell.id, stopped.error)
        else:
            again[cell.id].append(lesson.run(cell))
        again[cell.id].append(lesson.run(cell))
    return again


def run_each_twice(lesson: LiveLesson) -> tuple[dict[str, Shown], dict[str, list[Shown]]]:
    """Run a lesson once: each short cell twice in a row, and the first long one stopped in between.

    Returns:
        What the first run of each cell has shown, and what the second one has.
    """
    once: dict[str, Shown] = {}
    again: dict[str, list[Shown]] = {}
    stopped = False
    for cell in lesson.cells:
        once[cell.id], again[cell.id] = lesson.run(cell), []
        if once[cell.id].seconds > LONG:
            if stopped or cell is lesson.cells[0]:
                continue
            lesson.interrupt(cell, once[cell.id].seconds / 2)
            stopped = True
        again[cell.id].append(lesson.run(cell))
    return once, again


def differences(once: dict[str, Shown], again: dict[str, list[Shown]]) -> dict[str, list[Shown]]:
    """Return the cells of which a later run failed, or showed or claimed something else."""
    return {
        name: [once[name], *runs]
        for name, runs in again.items()
        if not all(run.same_as(once[name], outputs=name not in TIMED) for run in runs)
    }
