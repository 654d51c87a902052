"""A lesson's cells as they are now, with the outputs of its last run: for slides and the book."""

from __future__ import annotations

from nbformat import NotebookNode, v4

from catdog_lib.course.executed import QUIZ, for_readers
from catdog_lib.errors import CatdogError

HIDDEN = "remove-input"  # the tag of code cells of which only the output is shown


def with_outputs(
    cell: NotebookNode, executed: NotebookNode, *, show_source: bool = True
) -> NotebookNode:
    """Return a copy of a code cell with what it gave in the last run.

    Args:
        cell: of the lesson.
        executed: a copy of the lesson that has been run.
        show_source: False hides the code. That of a quiz, which has the answers, is never shown.

    Raises:
        CatdogError: the cell has changed since the lesson was run.
    """
    run = next((other for other in executed.cells if other.get("id") == cell.id), None)
    code = for_readers(cell.source)
    if run is None or for_readers(run.source) != code:
        raise CatdogError(
            f"Cell {cell.id!r} has changed since its lesson was run; type: catdog course"
        )
    shown = v4.new_code_cell(code, outputs=run.outputs)
    if not show_source or QUIZ in cell.metadata.get("tags", []):
        shown.metadata["tags"] = [HIDDEN]
    return shown
