"""Make the first page of the site: its text, one explorable, and a card for each lesson."""

from __future__ import annotations

import datetime
import html
import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from catdog_lib.language import translate

_CODE = re.compile(r"^```\{code-cell\}\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
_CARDS, _BUILD = "<!-- lessons -->", "<!-- build -->"  # what the text leaves to this file


def home(page: Path, cards: list[str], budget: str) -> NotebookNode:
    """Return the first page as a notebook, whose code is still to be run.

    Args:
        page: its text, with one ``{code-cell}`` in it, of which readers see the output alone.
        cards: of the lessons, as :func:`card` returns them.
        budget: at which the lessons were run.
    """
    text = page.read_text(encoding="utf-8")
    listed = "\n".join(cards)
    text = text.replace(_CARDS, f'<ol class="lesson-cards">\n{listed}\n</ol>')
    today = datetime.date.today().isoformat()
    built = translate(
        f"Built on {today}; the lessons ran with `CATDOG_BUDGET={budget}`. "
        "The course is free software, under the MIT licence; see [the credits](credits.md)."
    )
    before, code, after = _CODE.split(text.replace(_BUILD, built))
    hidden = {"tags": ["remove-input"]}
    return new_notebook(
        cells=[
            new_markdown_cell(before),
            new_code_cell(code, metadata=hidden),
            new_markdown_cell(after),
        ],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )


def card(notebook: Path, title: str, seconds: float | None) -> str:
    """Return a lesson's card: its name, what it is about, and how long a student's computer works.

    Args:
        notebook: its file; what it is about is the first paragraph below its title.
        title: its name.
        seconds: promised at the budget of a student's computer, where the lesson promises it.
    """
    cells = nbformat.read(notebook, as_version=4).cells
    first = next((cell.source for cell in cells if cell.cell_type == "markdown"), "")
    paragraphs = [part for part in re.split(r"\n\s*\n", first) if not part.startswith("#")]
    about = " ".join(re.sub(r"[`*_]", "", paragraphs[0]).split()) if paragraphs else ""
    said = seconds and translate(f"{seconds:.0f} s of computing")
    work = f"<small>{said}</small>" if seconds else ""
    return (
        f'<li><a href="lessons/{notebook.stem}.html">{html.escape(title)}</a>'
        f"<p>{html.escape(about)}</p>{work}</li>"
    )
