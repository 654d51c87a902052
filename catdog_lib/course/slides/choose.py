"""Choose what the deck of a lesson shows: the cells with a ``slide_type``, and their outputs.

The tags are nbconvert's, in a cell's metadata: ``"slideshow": {"slide_type": "slide"}`` begins a
slide, ``"-"`` adds to it, and ``"notes"`` are for the speaker. Other cells are in no deck. A cell
whose own text is too long for a slide has a shorter one in ``"catdog": {"slide": "…"}``. The lesson
is not changed by it, and its longer text becomes the speaker's notes. Of a code cell a slide shows
what it gives, and with ``"catdog": {"source": true}`` also its code.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from nbformat import NotebookNode, v4

from catdog_lib.course.outputs import with_outputs
from catdog_lib.errors import CatdogError

_TYPES = ("slide", "-", "notes")


@dataclass(frozen=True)
class Slide:
    """One slide.

    Attributes:
        id: that of its first cell.
        shown: the cells on it, from top to bottom.
        notes: the cells that only the speaker sees.
    """

    id: str
    shown: list[NotebookNode] = field(default_factory=list)
    notes: list[NotebookNode] = field(default_factory=list)


def choose_slides(lesson: NotebookNode, executed: NotebookNode) -> list[Slide]:
    """Return the slides of a lesson.

    Args:
        lesson: the notebook, whose cells are tagged.
        executed: a copy of it that has been run; its outputs are shown.

    Raises:
        CatdogError: a tag is not one of the three, or comes before the first slide, or the lesson
            has changed since it was run.
    """
    slides: list[Slide] = []
    for cell in lesson.cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if kind in (None, "skip"):
            continue
        if kind not in _TYPES or (kind != "slide" and not slides):
            raise CatdogError(
                f"Cell {cell.id!r} has the slide_type {kind!r}; a deck begins with 'slide', and "
                "knows '-' and 'notes' besides."
            )
        if kind == "slide":
            slides.append(Slide(cell.id))
        if kind == "notes":
            slides[-1].notes.append(cell)
            continue
        if text := cell.metadata.get("catdog", {}).get("slide"):
            slides[-1].shown.append(v4.new_markdown_cell(text))
        if cell.cell_type == "code":
            wanted = cell.metadata.get("catdog", {}).get("source", False)
            slides[-1].shown.append(with_outputs(cell, executed, show_source=wanted))
        else:
            (slides[-1].notes if text else slides[-1].shown).append(cell)
    return slides
