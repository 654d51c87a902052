"""What makes the widgets of a page live: for slides and the book, which may show several lessons.

Explorables play by themselves (:mod:`catdog_lib.course.player`). Where a lesson shows a widget of
another kind, its widgets need the widget manager.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

from nbformat import NotebookNode

from catdog_lib.course.executed import widget_models
from catdog_lib.course.formulas import MATHJAX
from catdog_lib.course.player import held_by, holder, merge
from catdog_lib.course.site import checkout, copy_anywidget, web_assets
from catdog_lib.data.download.npm import npm_files

_STATE = "application/vnd.jupyter.widget-state+json"
_MANAGER = """<script src="_static/widgets/require.js"></script>
<script src="_static/widgets.js"></script>"""
_EMBED = '<script src="_static/widgets/embed-amd.js" data-jupyter-widgets-cdn="."></script>'


def widgets_html(executed: Sequence[NotebookNode]) -> tuple[str, str]:
    """Return the elements that a page needs whose explorables :func:`embed` has given a place.

    Returns:
        What must come before MathJax, and what must come last in the page.
    """
    models = {name: model for one in executed for name, model in widget_models(one).items()}
    pages = [held for one in executed if (held := held_by(one))]
    first, last = "", []
    if pages:
        last += [holder(merge(pages)), '<script src="_static/player.js"></script>']
    if models:
        state = json.dumps({"version_major": 2, "version_minor": 0, "state": models})
        # "<" is written as its code: no text in the JSON can end the element that holds it.
        text = state.replace("<", "\\u003c")
        first, last = _MANAGER, [*last, f'<script type="{_STATE}">{text}</script>', _EMBED]
    return first, "\n".join(last)


def copy_scripts(folder: Path) -> None:
    """Copy into ``folder``, which is made, MathJax, the player, and the widget manager.

    Raises:
        CatdogError: they are not installed, or cannot be fetched.
    """
    shutil.copytree(web_assets(), folder, dirs_exist_ok=True)
    (folder / "mathjax").mkdir()
    shutil.copy(npm_files(MATHJAX) / "es5" / "tex-svg.js", folder / "mathjax")
    for name in ("widgets.js", "player.js"):
        shutil.copy(checkout() / "docs" / "_static" / name, folder)
    copy_anywidget(folder / "widgets")
    copy_files("catdog_lib.course", ("drawn.js",), folder)


def copy_files(package: str, names: Sequence[str], folder: Path) -> None:
    """Copy files of the library into a folder."""
    for name in names:
        text = (files(package) / name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")
