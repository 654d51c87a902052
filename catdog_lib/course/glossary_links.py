"""Link the first appearance of each glossary term on a lesson's page to its definition.

A Sphinx extension, named in ``docs/conf.py``. It changes the pages, never the notebooks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from docutils import nodes

GLOSSARY = "glossary"  # the page that defines the terms
LESSONS = "lessons/"  # the pages that link to it
LINK_CLASS = "glossary-term"

# Everyday words: a cat has a head, and a game a score. They are linked only in italics, in which a
# lesson introduces a term.
EVERYDAY = {
    *("bias", "block", "bottleneck", "ceiling", "class", "cosine", "dead", "filter", "floor"),
    *("freeze", "frozen", "gate", "head", "hook", "in place", "jump", "label", "leak", "loss"),
    *("mask", "peak", "precision", "recall", "ridge", "score", "seed", "shortcut", "stage"),
    *("stem", "unit"),
}
_UNLINKED = (
    *(nodes.title, nodes.caption, nodes.reference, nodes.raw, nodes.comment),
    *(nodes.literal, nodes.literal_block, nodes.math, nodes.math_block),
)
_TYPOGRAPHIC = "\N{RIGHT SINGLE QUOTATION MARK}"  # what Sphinx makes of an apostrophe
_DETAILS = re.compile(r"<details([^>]*)>|</details>")


@dataclass(frozen=True)
class Entry:
    """An entry of the glossary.

    Attributes:
        anchor: its id on the glossary's page.
        names: the term and its other names.
        summary: the first sentence of its definition, or "" if there is a formula in it.
    """

    anchor: str
    names: tuple[str, ...]
    summary: str


def entries(glossary: nodes.document) -> list[Entry]:
    """Read the entries from the document tree of the glossary's page."""
    found = []
    for item in glossary.findall(nodes.definition_list_item):
        terms = [child for child in item if isinstance(child, nodes.term)]
        names = tuple(_plain(term.astext()) for term in terms)
        found.append(Entry(terms[0]["ids"][0], names, first_sentence(item[-1][0])))
    return found


def first_sentence(paragraph: nodes.paragraph) -> str:
    """Return the first sentence as plain text, or "" if there is a formula in it."""
    text = ""
    for part in paragraph:
        if isinstance(part, nodes.math):
            return ""
        text += part.astext()
        if end := re.search(r"[.?!](?=\s|$)", text):
            text = text[: end.end()]
            break
    return " ".join(text.split())


class TermFinder:
    """Find the terms of a glossary in a text: the longest first, in the singular and the plural."""

    def __init__(self, found: list[Entry]):
        """Prepare one pattern for all names of all entries."""
        forms = [
            (form, name, entry)
            for entry in found
            for name in entry.names
            for form in (name, plural(name))
        ]
        self._meanings = {form.casefold(): (name, entry) for form, name, entry in forms}
        longest_first = sorted({form for form, _, _ in forms}, key=len, reverse=True)
        self._pattern = re.compile(
            rf"(?<![\w-])({'|'.join(map(_pattern, longest_first))})(?![\w-])"
        )

    def find(self, text: str) -> Iterator[tuple[int, int, str, Entry]]:
        """Yield the start and the end of each term in a text, its name and its entry."""
        for match in self._pattern.finditer(text):
            yield match.start(), match.end(), *self._meanings[_plain(match[0]).casefold()]


def plural(name: str) -> str:
    """Return the regular plural of an English noun."""
    if re.search(r"[^aeiou]y$", name):
        return name[:-1] + "ies"
    return name + ("es" if re.search(r"(s|x|ch|sh)$", name) else "s")


def _plain(text: str) -> str:
    return " ".join(text.replace(_TYPOGRAPHIC, "'").split())


def _pattern(form: str) -> str:
    """Return a pattern for a term: any white space, any apostrophe, any case but in names."""
    pattern = r"\s+".join(re.escape(word) for word in form.split()).replace(
        "'", f"['{_TYPOGRAPHIC}]"
    )
    return pattern if form != form.lower() else f"(?i:{pattern})"


def add_links(page: nodes.document, found: list[Entry], address: str) -> None:
    """Link the first appearance of each entry on a page.

    Args:
        page: its document tree, which changes.
        found: the entries of the glossary.
        address: the glossary's page, as seen from this page.
    """
    for element in list(page.findall(nodes.TextElement)):
        _join_texts(element)
    finder, linked = TermFinder(found), set()
    for text in list(linkable_texts(page)):
        pieces, done = [], 0
        for start, end, name, entry in finder.find(text.astext()):
            introduced = isinstance(text.parent, nodes.emphasis)
            if entry.anchor in linked or (name in EVERYDAY and not introduced):
                continue
            linked.add(entry.anchor)
            pieces.append(nodes.Text(text.astext()[done:start]))
            pieces.append(_link(text.astext()[start:end], entry, address))
            done = end
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(text.astext()[done:])])


def _join_texts(element: nodes.TextElement) -> None:
    """Make one text of neighbouring ones: a line break in the source has separated them."""
    joined: list[nodes.Node] = []
    for child in element:
        if joined and isinstance(child, nodes.Text) and isinstance(joined[-1], nodes.Text):
            joined[-1] = nodes.Text(joined[-1] + child)
        else:
            joined.append(child)
    element.children = []
    element.extend(joined)


def _link(said: str, entry: Entry, address: str) -> nodes.reference:
    link = nodes.reference(
        "", said, internal=True, refuri=f"{address}#{entry.anchor}", classes=[LINK_CLASS]
    )
    if entry.summary:
        link["reftitle"] = entry.summary
    return link


def linkable_texts(page: nodes.document) -> Iterator[nodes.Text]:
    """Yield the texts of a page's prose, without those in folded hints and in what cells print."""
    folds: list[bool] = []  # the <details> around this place: is it a hint?
    for node in page.findall():
        if isinstance(node, nodes.raw):
            for tag in _DETAILS.finditer(node.astext()):
                if tag[0] == "</details>":
                    folds = folds[:-1]
                else:
                    folds.append("deeper" not in tag[1])
        elif isinstance(node, nodes.Text) and not any(folds) and not _is_unlinked(node):
            yield node


def _is_unlinked(node: nodes.Node) -> bool:
    while node := node.parent:
        if isinstance(node, _UNLINKED) or "cell_output" in node.get("classes", ()):
            return True
    return False


def _on_resolved(app, page: nodes.document, name: str) -> None:
    """Link the terms of a lesson's page, when Sphinx is about to write it."""
    if name.startswith(LESSONS) and GLOSSARY in app.env.found_docs:
        found = entries(app.env.get_doctree(GLOSSARY))
        add_links(page, found, app.builder.get_relative_uri(name, GLOSSARY))


def setup(app) -> dict[str, bool]:
    """Tell Sphinx when to call this extension."""
    app.connect("doctree-resolved", _on_resolved)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
