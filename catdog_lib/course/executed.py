"""Prepare an executed notebook to become a page of the site."""

from __future__ import annotations

import html
import re

import nbformat
from nbformat import NotebookNode

from catdog_lib.errors import CatdogError
from catdog_lib.language import translate

DEEPER = "deeper"  # the tag of cells that go further than the main path
QUIZ = "quiz"  # the tag of cells whose source has the answers of a quiz
FOR_TESTS = "# NBVAL_CHECK_OUTPUT"  # the line in cells whose output nbval compares
VIEW = "application/vnd.jupyter.widget-view+json"  # an output that shows a widget


def prepare(notebook: NotebookNode) -> None:
    """Drop progress bars and marks, hide what gives answers away, and fold what goes further."""
    drop_bars(notebook)
    join_prints(notebook)
    for cell in notebook.cells:
        cell.source = for_readers(cell.source)
    hide_quizzes(notebook)
    fold_solutions(notebook)
    fold_deeper(notebook)


def mark_as_stopped(notebook: NotebookNode, problem: str) -> None:
    """Say the problem on the page, too: a reader must not take half a lesson for a whole one."""
    # The problem may hold the name of a file: no letter of it may be read as markup.
    said = "".join(c if c.isalnum() or c == " " else f"&#{ord(c)};" for c in problem)
    text = f":::{{error}}\n{said} What follows that cell was not run.\n:::"
    notebook.cells.insert(1, nbformat.v4.new_markdown_cell(text))


def for_readers(source: str) -> str:
    """Return the source of a cell without the line that only tests need."""
    return "\n".join(line for line in source.split("\n") if line != FOR_TESTS)


def widget_models(notebook: NotebookNode) -> dict[str, NotebookNode]:
    """Return the models of an executed notebook's widgets: id → name, state and buffers."""
    kept = notebook.metadata.get("widgets", {})
    return kept.get("application/vnd.jupyter.widget-state+json", {}).get("state", {})


def drop_bars(notebook: NotebookNode) -> None:
    """Remove tqdm's progress bars: a finished one tells a reader nothing.

    TQDM_DISABLE reaches only those in text. A page that is left without widgets then does without
    the widget manager, 3.6 MB.
    """
    models = widget_models(notebook)

    def is_bar(output: NotebookNode) -> bool:
        """Tell whether an output is a progress bar: text, bar, text in a box."""
        box = models.get(output.get("data", {}).get(VIEW, {}).get("model_id"), {})
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
    if not any(VIEW in output.get("data", {}) for cell in code for output in cell.outputs):
        notebook.metadata.pop("widgets", None)


def join_prints(notebook: NotebookNode) -> None:
    """Make one output of what a cell prints in several goes, but not across a figure.

    MyST-NB's own ``nb_merge_streams`` puts all that a cell prints before its figures, so that a
    figure loses the line above it.
    """
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        joined: list[NotebookNode] = []
        for output in cell.outputs:
            last = joined[-1] if joined else None
            if last and output.output_type == "stream" and last.get("name") == output.name:
                last.text += output.text
            else:
                joined.append(output)
        cell.outputs = joined


def hide_quizzes(notebook: NotebookNode) -> None:
    """Show a quiz without its source, which has the answers."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and QUIZ in cell.metadata.get("tags", []):
            cell.metadata["tags"] = [*cell.metadata["tags"], "remove-input"]


def fold_solutions(notebook: NotebookNode) -> None:
    """Hide the solutions on the page behind a button."""
    for cell in notebook.cells:
        if cell.cell_type == "code" and "solution" in cell.metadata.get("tags", []):
            cell.metadata["tags"] = [*cell.metadata["tags"], "hide-cell"]
            cell.metadata["mystnb"] = {
                "code_prompt_show": translate("Show a solution"),
                "code_prompt_hide": translate("Hide the solution"),
            }


def fold_deeper(notebook: NotebookNode) -> None:
    """Fold each run of cells tagged "deeper" into one element that a click opens.

    Its first cell begins with a heading, which becomes what is clicked. The page gets no headings
    from inside: they would open sections that do not end where the folded part ends.

    Raises:
        CatdogError: a run of such cells does not begin with a heading.
    """
    cells, is_open = [], False
    for cell in notebook.cells:
        deeper = DEEPER in cell.metadata.get("tags", [])
        starts = deeper and cell.cell_type == "markdown" and bool(re.match("#+ ", cell.source))
        if is_open and (starts or not deeper):
            cells.append(nbformat.v4.new_markdown_cell("</details>"))
            is_open = False
        if deeper and not is_open:
            if not starts:
                raise CatdogError(
                    f"The cell {cell.source[:40]!r} is tagged {DEEPER!r}, but no heading opens its "
                    "part; begin with one."
                )
            title, _, rest = cell.source.partition("\n")
            summary = html.escape(title.lstrip("# "))
            opening = f'<details class="deeper"><summary>{summary}</summary>'
            cells.append(nbformat.v4.new_markdown_cell(opening))
            is_open = True
            cell.source = rest.strip()
        if cell.source or cell.cell_type == "code":
            cells.append(cell)
    if is_open:
        cells.append(nbformat.v4.new_markdown_cell("</details>"))
    notebook.cells = cells
