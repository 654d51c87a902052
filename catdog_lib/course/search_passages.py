"""Write down the passages of the pages for their search: one for each section and glossary entry.

Sphinx's own search knows only in which pages a word is, and fetches them for an excerpt, which a
page from a folder may not. ``docs/_static/search.js`` has the text of the passages at hand.

A Sphinx extension, named in ``docs/conf.py``. It changes no page.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from docutils import nodes
from sphinx.addnodes import glossary

_SILENT = (
    *(nodes.title, nodes.raw, nodes.image, nodes.comment, nodes.math_block),
    *(nodes.section, glossary),  # they are passages, or hold some
)
_SOLUTION = "tag_solution"  # a search for a word of the exercise must not show it


def passages(page: nodes.document) -> Iterator[tuple[str, str, str]]:
    """Yield anchor, heading and text of each passage of a page.

    The passage above all sections has the anchor "" and the title of the page. A definition of the
    glossary is a passage, whose heading is the term.
    """
    for section in page.findall(nodes.section):
        anchor = "" if section.parent is page else section["ids"][0]
        yield anchor, _text(section.next_node(nodes.title)), _text(section)
    for entries in page.findall(glossary):
        for item in entries.findall(nodes.definition_list_item):
            terms = [child for child in item if isinstance(child, nodes.term)]
            yield terms[0]["ids"][0], ", ".join(map(_text, terms)), _text(item[-1])


def _text(element: nodes.Element) -> str:
    """Return what there is to read in an element itself, in one line."""
    return " ".join("".join(_pieces(element)).split())


def _pieces(element: nodes.Element) -> Iterator[str]:
    """Yield the texts in an element, and a space after each paragraph."""
    for child in element:
        if isinstance(child, nodes.Text):
            yield str(child)
        elif isinstance(child, nodes.math):
            yield "…" if "\\" in child.astext() else child.astext()
        elif not isinstance(child, _SILENT) and _SOLUTION not in child.get("classes", ()):
            yield from _pieces(child)
            yield "" if isinstance(child, nodes.Inline) else " "


def setup(app) -> dict[str, bool]:
    """Tell Sphinx when to call this extension."""
    found: dict[str, list] = {}

    def on_resolved(_, page: nodes.document, name: str) -> None:
        """Keep the passages of a page that Sphinx is about to write."""
        found[name] = list(passages(page))

    def on_finished(_, problem: Exception | None) -> None:
        """Write all passages, as a script: a page from a folder may not read data."""
        if not problem and app.builder.format == "html":  # nothing for catalogues of messages
            text = json.dumps(sorted(found.items()), ensure_ascii=False, separators=(",", ":"))
            place = Path(app.outdir) / "_static" / "passages.js"
            place.write_text(f"const PASSAGES = {text};\n", encoding="utf-8")

    app.connect("doctree-resolved", on_resolved)
    app.connect("build-finished", on_finished)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
