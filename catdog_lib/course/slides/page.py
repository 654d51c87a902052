"""One deck as a page: its slides in HTML, the speaker's notes, and the widgets' state."""

from __future__ import annotations

import html
from importlib.resources import files
from string import Template

from nbformat import NotebookNode

from catdog_lib.course.cells_html import cells_html
from catdog_lib.course.slides.choose import Slide
from catdog_lib.course.widgets_html import widgets_html


def deck_page(title: str, slides: list[Slide], executed: NotebookNode) -> str:
    """Return the page of a deck.

    Args:
        title: of the lesson.
        slides: at least one.
        executed: the lesson after its run, which holds the state of its widgets.
    """
    first, last = widgets_html([executed])
    template = Template((files(__package__) / "deck.html").read_text(encoding="utf-8"))
    return template.substitute(
        title=html.escape(title),
        slides="\n".join(_section(slide, executed) for slide in slides),
        before_mathjax=first,
        last=last,
    )


def _section(slide: Slide, executed: NotebookNode) -> str:
    """Return the element of one slide: what is shown, and the notes, which the page hides."""
    shown, notes = (cells_html(cells, executed) for cells in (slide.shown, slide.notes))
    aside = f'<aside class="notes">{notes}</aside>' if slide.notes else ""
    return f'<section id="{html.escape(slide.id)}">{shown}{aside}</section>'
