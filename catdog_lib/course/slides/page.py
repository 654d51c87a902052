"""One deck as a page: its slides in HTML, the speaker's notes, and the widgets' state."""

from __future__ import annotations

import html
from importlib.resources import files
from string import Template

from catdog_lib.course.cells_html import cells_html, state_html
from catdog_lib.course.slides.choose import Slide


def deck_page(title: str, slides: list[Slide], widgets: dict) -> str:
    """Return the page of a deck.

    Args:
        title: of the lesson.
        slides: at least one.
        widgets: the notebook's ``metadata.widgets``, as it was after the run.
    """
    template = Template((files(__package__) / "deck.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(title),
        slides="\n".join(_section(slide, widgets) for slide in slides),
        state=state_html(widgets),
    )


def _section(slide: Slide, widgets: dict) -> str:
    """Return the element of one slide: what is shown, and the notes, which the page hides."""
    shown, notes = (cells_html(cells, widgets) for cells in (slide.shown, slide.notes))
    aside = f'<aside class="notes">{notes}</aside>' if slide.notes else ""
    return f'<section id="{html.escape(slide.id)}">{shown}{aside}</section>'
