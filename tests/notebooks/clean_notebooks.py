"""Keep the notebooks in git clean: python tests/notebooks/clean_notebooks.py NOTEBOOK...

Strips outputs and execution counts, except of the cells marked ``# NBVAL_CHECK_OUTPUT``: nbval
compares those, and compares nothing in a cell without an execution count. nbstripout alone keeps
all counts or none. The pre-commit hook runs this file; like any such hook it exits with 1 when it
has changed something.
"""

from __future__ import annotations

import ast
import re
import sys
from copy import deepcopy
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbstripout import strip_output

MARK = "NBVAL_CHECK_OUTPUT"
KERNELSPEC = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
VOLATILE = [
    *(
        "metadata.signature",
        "metadata.vscode",
        "metadata.widgets",
        "metadata.language_info.version",
    ),
    *("cell.metadata.collapsed", "cell.metadata.execution", "cell.metadata.ExecuteTime"),
    *("cell.metadata.scrolled", "cell.metadata.vscode"),
]
PRIVATE = re.compile(r"/(?:home|Users|root|tmp)/[\w.-]+|[A-Za-z]:\\+Users\\+\w+")
# The second line of a paragraph that Markdown takes for a list: one that was wrapped before "1.".
STRAY_ITEM = re.compile(
    r"^( *)(?![-+*>|<#$ ]|\d+[.)] |`{3}|:::).+\n\1(?:[-+*]|\d+[.)]) .*", re.MULTILINE
)
CALL = re.compile(r"""\bcheck\(\s*["']([^"']+)["']""")


def is_compared(cell: NotebookNode) -> bool:
    """Is the cell marked for nbval, by nbval's own rule: a comment with nothing but the mark?"""
    lines = [line.strip() for line in cell.source.splitlines()]
    return cell.cell_type == "code" and any(
        line.startswith("#") and line.lstrip("# ") == MARK for line in lines
    )


def clean(notebook: NotebookNode) -> NotebookNode:
    """A copy with nothing in it that depends on who ran it, but for the compared outputs."""
    cleaned = strip_output(
        deepcopy(notebook), keep_output=False, keep_count=False, keep_id=True, extra_keys=VOLATILE
    )
    cleaned.metadata["kernelspec"] = NotebookNode(KERNELSPEC)
    for before, after in zip(notebook.cells, cleaned.cells, strict=True):
        if is_compared(before):
            after.outputs = merged(before.outputs)
            after.execution_count = before.execution_count
    return cleaned


def merged(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Return outputs in which what was printed stands once, however many pieces it arrived in."""
    kept: list[NotebookNode] = []
    for output in map(deepcopy, outputs):
        stream = output.output_type == "stream" and kept and kept[-1].get("name") == output.name
        if stream:
            kept[-1].text += output.text
        else:
            kept.append(output)
    return kept


def problems(notebook: NotebookNode) -> list[str]:
    """What is wrong with a notebook that is to be committed, a sentence each; nothing if it is
    fit.
    """
    found = (
        []
        if clean(notebook) == notebook
        else ["it is not stripped: run python tests/notebooks/clean_notebooks.py on it"]
    )
    for number, cell in enumerate(notebook.cells):
        if is_compared(cell):
            found += [f"cell {number} is compared but {flaw}" for flaw in compared_flaws(cell)]
        private = PRIVATE.search(nbformat.writes(nbformat.v4.new_notebook(cells=[cell])))
        if private:
            found.append(f"cell {number} names the path {private[0]}")
        if cell.cell_type == "markdown":
            found += [
                f"cell {number} begins a list at {line!r}" for line in stray_items(cell.source)
            ]
    return found + exercise_flaws(notebook.cells)


def stray_items(text: str) -> list[str]:
    """Lines of a Markdown text that begin a list within a paragraph."""
    text = re.sub(r"```(?!{glossary}).*?```", "", text, flags=re.DOTALL)  # code
    return [found[0].splitlines()[1] for found in STRAY_ITEM.finditer(text)]


def compared_flaws(cell: NotebookNode) -> list[str]:
    flaws = [] if cell.outputs else ["has no stored output"]
    if cell.execution_count is None:
        flaws.append("has no execution count, so nbval compares nothing")
    for output in cell.outputs:
        if output.output_type == "error" or set(output.get("data", {})) - {"text/plain"}:
            flaws.append("stores something else than text")
    return flaws


def exercise_flaws(cells: list[NotebookNode]) -> list[str]:
    """Each exercise ends in ``check("03.1", ...)``; its hint and its folded, checked solution
    follow.
    """
    tagged = [(tag, cell) for cell in cells for tag in cell.metadata.get("tags", [])]
    steps = [(tag, cell) for tag, cell in tagged if tag in ("exercise", "hint", "solution")]
    flaws = []
    if [tag for tag, _ in steps] != ["exercise", "hint", "solution"] * (len(steps) // 3):
        return [
            "the tags do not repeat exercise, hint, solution: " + ", ".join(tag for tag, _ in steps)
        ]
    for (_, exercise), (_, _hint), (_, solution) in zip(
        steps[::3], steps[1::3], steps[2::3], strict=True
    ):
        asked, answered = CALL.findall(exercise.source), CALL.findall(solution.source)
        if len(asked) != 1 or not CALL.match(last_statement(exercise.source)):
            flaws.append(f"an exercise does not end in one check(...): {exercise.source[:60]!r}")
        if answered != asked:
            flaws.append(f"the solution after exercise {asked} checks {answered}")
        if not solution.metadata.get("jupyter", {}).get("source_hidden"):
            flaws.append(
                f'the solution of {asked} is not folded ("jupyter": {{"source_hidden": true}})'
            )
    return flaws


def last_statement(source: str) -> str:
    return ast.get_source_segment(source, ast.parse(source).body[-1]) or ""


def main(names: list[str]) -> int:
    changed = False
    for path in map(Path, names):
        notebook = nbformat.read(path, as_version=4)
        cleaned = clean(notebook)
        if cleaned != notebook:
            nbformat.write(cleaned, path)
            print(f"cleaned {path}")
            changed = True
    return int(changed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
