"""Let a page play its explorables by itself, without Jupyter's widget manager of 3.6 MB.

An explorable computes in the page, so it needs its state and its script, and no more. They are
written into the page as JSON, which ``docs/_static/player.js`` reads. A page that shows a widget of
another kind, such as a slider of ipywidgets, keeps the widget manager for all of them.

A Sphinx extension, named in ``docs/conf.py``. It changes the pages, never the notebooks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import nbformat
from nbformat import NotebookNode

from catdog_lib.course.executed import VIEW, widget_models

_WITHOUT_SCRIPTS = "<noscript><em>An interactive figure, which needs JavaScript.</em></noscript>"
_OPENING = '<script type="application/json" id="explorables">'
_MANAGERS = ("layout", "tabbable", "tooltip")  # for the manager alone, as is all that begins with _


def embed(notebook: NotebookNode) -> None:
    """Replace the views of an executed notebook's explorables by places that the page fills.

    Nothing changes if it shows a widget of another kind, or none.
    """
    held = widget_models(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    views = [output for cell in code for output in cell.outputs if VIEW in output.get("data", {})]
    names = [output.data[VIEW]["model_id"] for output in views]
    if not names or any(not _is_explorable(held.get(name)) for name in names):
        return
    page = {"scripts": [], "styles": [], "models": {}}
    for output, name in zip(views, names, strict=True):
        state = held[name]["state"]
        page["models"][name] = {
            "script": _place(page["scripts"], state["_esm"]),
            "state": {
                key: value
                for key, value in state.items()
                if key not in _MANAGERS and not key.startswith("_")
            },
        }
        _place(page["styles"], state["_css"])
        place = f'<div class="explorable" data-explorable="{name}">{_WITHOUT_SCRIPTS}</div>'
        output.data = NotebookNode({"text/html": place})
    del notebook.metadata["widgets"]
    notebook.cells.append(nbformat.v4.new_markdown_cell(holder(page)))


def holder(page: dict) -> str:
    """Return the element that hands the explorables of a page to the player."""
    # "<" is written as its code: no text in the JSON can end the element that holds it.
    text = json.dumps(page, ensure_ascii=False).replace("<", "\\u003c")
    return f"{_OPENING}{text}</script>"


def held_by(notebook: NotebookNode) -> dict | None:
    """Return what :func:`embed` has put into a notebook for the player; None if it has not."""
    last = notebook.cells[-1].source
    return json.loads(last.removeprefix(_OPENING)[:-9]) if last.startswith(_OPENING) else None


def merge(pages: Sequence[dict]) -> dict:
    """Return one page of the explorables of several, with each script and style once."""
    merged = {"scripts": [], "styles": [], "models": {}}
    for page in pages:
        for style in page["styles"]:
            _place(merged["styles"], style)
        for name, model in page["models"].items():
            script = _place(merged["scripts"], page["scripts"][model["script"]])
            merged["models"][name] = {**model, "script": script}
    return merged


def _is_explorable(model: NotebookNode | None) -> bool:
    """Tell whether a model runs without the manager: an anywidget, all of whose state is JSON."""
    return model is not None and model["model_name"] == "AnyModel" and not model.get("buffers")


def _place(things: list[str], thing: str) -> int:
    """Return the place of a thing in a list, to which it is added if it is new."""
    if thing not in things:
        things.append(thing)
    return things.index(thing)


def _on_read(app, name: str, source: list[str]) -> None:
    """Change the text of a page that Sphinx has read, if it is a notebook."""
    if app.env.doc2path(name).suffix == ".ipynb":
        notebook = nbformat.reads(source[0], as_version=4)
        embed(notebook)
        source[0] = nbformat.writes(notebook)


def setup(app) -> dict[str, bool]:
    """Tell Sphinx when to call this extension."""
    app.connect("source-read", _on_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
