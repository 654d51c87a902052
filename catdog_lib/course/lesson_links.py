"""Link the first mention of each other lesson on a lesson's page, such as "lesson 03", to its page.

A Sphinx extension, named in ``docs/conf.py``. It changes the pages, never the notebooks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from docutils import nodes

from catdog_lib.course.glossary_links import LESSONS, linkable_texts
from catdog_lib.language import translate


def _mention() -> re.Pattern:
    """Return a pattern for a lesson's name, in English and in the language of the pages."""
    names = "|".join({"lesson", translate("lesson")})
    return re.compile(rf"(?i)\b(?:{names})[\s\N{{NO-BREAK SPACE}}](\d\d)\b")


def add_links(page: nodes.document, addresses: Mapping[str, str]) -> None:
    """Link the first mention of each lesson on a page.

    Args:
        page: its document tree, which changes.
        addresses: a lesson's number, such as "03" → its page, as seen from this page.
    """
    linked, mention = set(), _mention()
    for text in list(linkable_texts(page)):
        said, pieces, done = text.astext(), [], 0
        for match in mention.finditer(said):
            number = match[1]
            if number in addresses and number not in linked:
                linked.add(number)
                link = nodes.reference("", match[0], internal=True, refuri=addresses[number])
                pieces += [nodes.Text(said[done : match.start()]), link]
                done = match.end()
        if pieces:
            text.parent.replace(text, [*pieces, nodes.Text(said[done:])])


def _on_resolved(app, page: nodes.document, name: str) -> None:
    """Link the lessons on a page, when Sphinx is about to write it."""
    if name.startswith(LESSONS):
        others = {one for one in app.env.found_docs if one.startswith(LESSONS)} - {name}
        address = app.builder.get_relative_uri
        add_links(page, {one[len(LESSONS) :][:2]: address(name, one) for one in others})


def setup(app) -> dict[str, bool]:
    """Tell Sphinx when to call this extension."""
    app.connect("doctree-resolved", _on_resolved)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
