"""Finish a page when Sphinx is about to write it: what it says of itself, and its buttons.

A Sphinx extension, named in ``docs/conf.py``. It changes the pages, never the notebooks.
"""

from __future__ import annotations

import html
from typing import Any

from docutils import nodes

from catdog_lib.course.code_lines import wrap_lines
from catdog_lib.course.glossary_links import LESSONS
from catdog_lib.course.open_in import places
from catdog_lib.language.catalogue import FOLDER

# MyST-NB names each fold so, and a screen reader then does not read what the fold shows.
_SAME_FOR_ALL = ' aria-label="Toggle hidden content"'


def description(page: nodes.document) -> str:
    """Return the first paragraph of a page as plain text, or "" if it has none."""
    for paragraph in page.findall(nodes.paragraph):
        if isinstance(paragraph.parent, nodes.section):
            return " ".join(paragraph.astext().split())
    return ""


def open_in_buttons(notebook: str, settings: dict[str, str]) -> dict[str, Any] | None:
    """Return the theme's group of buttons that open a lesson elsewhere, or None without any."""
    buttons = [
        {"type": "link", "url": address, "text": name}
        for name, address in places(notebook, settings).items()
    ]
    if not buttons:
        return None
    return {
        "type": "group",
        "tooltip": "Open this lesson elsewhere",
        "icon": "fas fa-rocket",
        "buttons": buttons,
        "label": "open-in",
    }


def _is_translated(name: str, language: str) -> bool:
    """Tell whether there is a translation of a page, or of a lesson's."""
    kind = "" if name.startswith(LESSONS) else "pages/"
    return (FOLDER / language / f"{kind}{name}.po").is_file()


def _on_page(app, name: str, template: str, context: dict[str, Any], page: nodes.document | None):
    """Change what the template of a page will be given."""
    if page is None:  # the search page
        return
    context["body"] = wrap_lines(context["body"].replace(_SAME_FOR_ALL, ""))
    if app.config.language != "en" and not _is_translated(name, app.config.language):
        # Otherwise a screen reader would read English as if it were that language.
        context["body"] = f'<div lang="en">{context["body"]}</div>'
    if said := description(page):
        context["metatags"] += f'\n<meta name="description" content="{html.escape(said)}">'
    if name.startswith(LESSONS):
        notebook = f"notebooks/{name.removeprefix(LESSONS)}.ipynb"
        if buttons := open_in_buttons(notebook, app.config.catdog_open_in):
            context["header_buttons"].append(buttons)


def setup(app) -> dict[str, bool]:
    """Tell Sphinx when to call this extension, and its one setting."""
    app.add_config_value("catdog_open_in", {}, "html")
    app.connect("html-page-context", _on_page, priority=502)  # after the theme's own buttons
    return {"parallel_read_safe": True, "parallel_write_safe": True}
