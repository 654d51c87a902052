"""Translate the text of a lesson, paragraph by paragraph; its code stays as it is.

A paragraph that has no translation, or another wording than the one that was translated, stays in
English, and is reported with its cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from nbformat import NotebookNode

_NOT_WORDS = re.compile(r"```.*?```|`[^`]*`|\$\$.*?\$\$|\$[^$]*\$|<[^>]*>", re.DOTALL)
_LAYOUT = re.compile(
    r"^\s*(?:[-*+]\s|[|<>#]|\d+\.\s|\s)", re.MULTILINE
)  # lines that must stay lines
_FENCE = re.compile(r"^\s*(?:```|\$\$)|\$\$\s*$", re.MULTILINE)


class Untranslated(NamedTuple):
    """A paragraph that is shown in English.

    Attributes:
        cell: the id of its cell.
        english: the paragraph.
    """

    cell: str
    english: str


def paragraphs(text: str) -> list[str]:
    """Return the parts of a Markdown text and the gaps between them, in turn.

    A part ends at an empty line, but a block of code or a formula is not cut.
    """
    parts = re.split(r"(\n\s*\n)", text)
    joined = [parts[0]]
    for gap, part in zip(parts[1::2], parts[2::2], strict=True):
        if len(_FENCE.findall(joined[-1])) % 2:
            joined[-1] += gap + part
        else:
            joined += [gap, part]
    return joined


def message_of(paragraph: str) -> str:
    """Return what a translator gets: the paragraph in one line, unless its lines have a meaning."""
    text = paragraph.strip()
    return text if _LAYOUT.search(text) else " ".join(text.split())


def has_words(paragraph: str) -> bool:
    """Return whether there is anything to translate."""
    return bool(re.search(r"[^\W\d_]{2,}", _NOT_WORDS.sub(" ", paragraph)))


def messages(notebook: NotebookNode) -> Iterator[tuple[str, str]]:
    """Yield the id of a cell and a message, for each paragraph of a lesson and of its slides."""
    for cell in notebook.cells:
        for text in _texts(cell).values():
            for part in paragraphs(text)[::2]:
                if has_words(part):
                    yield cell.id, message_of(part)


def translate_notebook(
    notebook: NotebookNode, translations: Mapping[str, str]
) -> list[Untranslated]:
    """Put a lesson into another language, and return what stays in English.

    Args:
        notebook: changes.
        translations: a paragraph, as :func:`message_of` returns it → its translation.
    """
    missing = []
    for cell in notebook.cells:
        for place, text in _texts(cell).items():
            parts = paragraphs(text)
            for i, part in enumerate(parts):
                if i % 2 == 0 and has_words(part):
                    said = translations.get(message_of(part))
                    missing += [] if said else [Untranslated(cell.id, message_of(part))]
                    parts[i] = said or part
            if place == "source":
                cell.source = "".join(parts)
            else:
                cell.metadata["catdog"]["slide"] = "".join(parts)
    return missing


def _texts(cell: NotebookNode) -> dict[str, str]:
    """Return the texts of a cell: that of the cell itself, and what a slide shows instead."""
    slide = cell.metadata.get("catdog", {}).get("slide")
    source = {"source": cell.source} if cell.cell_type == "markdown" else {}
    return source | ({"slide": slide} if slide else {})
