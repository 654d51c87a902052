"""The book as one page: cover, contents, chapters; what a browser prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template

from nbformat import NotebookNode

from catdog_lib.course.book.chapters import Chapter, Heading
from catdog_lib.course.widgets_html import widgets_html


def book_page(
    chapters: Sequence[Chapter], executed: Sequence[NotebookNode], pages: Mapping[str, int]
) -> str:
    """Return the page of the book.

    Args:
        chapters: in order.
        executed: the lessons after their run, which hold the state of their widgets.
        pages: anchor → the page on which it was printed, once that is known.
    """
    template = Template((files(__package__) / "book.html").read_text(encoding="utf-8"))
    first, last = widgets_html(executed)
    headings = [heading for chapter in chapters for heading in chapter.headings]
    return template.substitute(
        contents="\n".join(_line(heading, pages.get(heading.anchor)) for heading in headings),
        chapters="\n".join(f'<section class="chapter">{one.html}</section>' for one in chapters),
        before_mathjax=first,
        last=last,
    )


def _line(heading: Heading, page: int | None) -> str:
    """Return a line of the contents."""
    number = "" if page is None else page
    return (
        f'<li class="level-{heading.level}"><a href="#{heading.anchor}">'
        f'<span>{heading.text}</span><span class="dots"></span><span>{number}</span></a></li>'
    )
