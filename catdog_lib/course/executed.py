"""Prepare an executed notebook to become a page of the site."""

from __future__ import annotations

import nbformat
from nbformat import NotebookNode


def mark_as_stopped(notebook: NotebookNode, problem: str) -> None:
    """Say the problem on the page, too: a reader must not take half a lesson for a whole one."""
    text = f":::{{error}}\n{problem} What follows that cell was not run.\n:::"
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(text))


def drop_bars(notebook: NotebookNode) -> None:
    """Remove tqdm's progress bars: a finished one tells a reader nothing.

    TQDM_DISABLE reaches only those in text. A page that is left without widgets then does without
    the widget manager, 3.6 MB.
    """
    view = "application/vnd.jupyter.widget-view+json"
    widgets = notebook.metadata.get("widgets", {}).get(
        "application/vnd.jupyter.widget-state+json", {}
    )
    models = widgets.get("state", {})

    def is_bar(output: NotebookNode) -> bool:
        """Tell whether an output is a progress bar: text, bar, text in a box."""
        box = models.get(output.get("data", {}).get(view, {}).get("model_id"), {})
        inside = [
            models[name.removeprefix("IPY_MODEL_")]
            for name in box.get("state", {}).get("children", [])
        ]
        return [model["model_name"] for model in inside] == [
            "HTMLModel",
            "FloatProgressModel",
            "HTMLModel",
        ]

    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for cell in code:
        cell.outputs = [output for output in cell.outputs if not is_bar(output)]
    if not any(view in output.get("data", {}) for cell in code for output in cell.outputs):
        notebook.metadata.pop("widgets", None)


def fold_solutions(notebook: NotebookNode) -> None:
    """Hide the solutions on the page behind a button."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and "solution" in cell.metadata.get("tags", []):
            cell.metadata["tags"] = [*cell.metadata["tags"], "hide-cell"]
            cell.metadata["mystnb"] = {
                "code_prompt_show": "Show a solution",
                "code_prompt_hide": "Hide the solution",
            }
