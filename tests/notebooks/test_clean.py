"""Every committed notebook is clean: no stray output, no path, complete exercises. And the checker
works.
"""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.notebooks import clean_notebooks
from tests.notebooks.clean_notebooks import clean, problems, stray_items

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
DOCUMENTS = sorted(
    {*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "data" / "README.md"}
)


def test_there_are_notebooks():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_notebook_is_clean(path: Path):
    assert problems(nbformat.read(path, as_version=4)) == []


def good_notebook() -> nbformat.NotebookNode:
    printed = new_output("stream", name="stdout", text="2,668,418\n")
    cells = [
        new_markdown_cell("# Your own CNN"),
        new_code_cell("import torch"),
        new_code_cell(
            "# NBVAL_CHECK_OUTPUT\nprint('2,668,418')", outputs=[printed], execution_count=2
        ),
        new_code_cell('answer = None\ncheck("03.1", answer)', metadata={"tags": ["exercise"]}),
        new_markdown_cell("Count the weights.", metadata={"tags": ["hint"]}),
        new_code_cell(
            'check("03.1", 2_668_418)',
            metadata={"tags": ["solution"], "jupyter": {"source_hidden": True}},
        ),
    ]
    metadata = {"kernelspec": clean_notebooks.KERNELSPEC, "language_info": {"name": "python"}}
    return nbformat.from_dict(new_notebook(cells=cells, metadata=metadata))


def test_a_good_notebook_passes():
    assert problems(good_notebook()) == []


def stray_output(notebook):
    notebook.cells[1].outputs = [new_output("stream", text="hello")]


def stray_count(notebook):
    notebook.cells[1].execution_count = 1


def other_kernel(notebook):
    notebook.metadata.kernelspec.name = "my-own-env"


def python_version(notebook):
    notebook.metadata.language_info["version"] = "3.11.7"


def times(notebook):
    notebook.cells[1].metadata["execution"] = {"iopub.execute_input": "2024-01-01T00:00:00Z"}


def nothing_to_compare(notebook):
    notebook.cells[2].outputs = []


def uncounted_comparison(notebook):
    notebook.cells[2].execution_count = None


def picture_to_compare(notebook):
    notebook.cells[2].outputs = [new_output("display_data", {"image/png": "iVBO"})]


def home_folder(notebook):
    notebook.cells[1].source = "folder = '/home/ada/photos'"


def home_folder_in_output(notebook):
    notebook.cells[2].outputs[0].text = r"C:\Users\ada\photos"


def no_solution(notebook):
    del notebook.cells[5]


def no_hint(notebook):
    del notebook.cells[4]


def open_solution(notebook):
    del notebook.cells[5].metadata["jupyter"]


def solution_of_another(notebook):
    notebook.cells[5].source = 'check("03.2", 1)'


def unchecked_exercise(notebook):
    notebook.cells[3].source += "\nprint(answer)"


def wrapped_before_a_number(notebook):
    notebook.cells[0].source = "Mean 0 and standard deviation\n1. Both are learned."


BREAKS = {
    wrapped_before_a_number: "begins a list",
    stray_output: "not stripped",
    stray_count: "not stripped",
    other_kernel: "not stripped",
    python_version: "not stripped",
    times: "not stripped",
    nothing_to_compare: "no stored output",
    uncounted_comparison: "no execution count",
    picture_to_compare: "else than text",
    home_folder: "names the path",
    home_folder_in_output: "names the path",
    no_solution: "do not repeat",
    no_hint: "do not repeat",
    open_solution: "not folded",
    solution_of_another: "checks",
    unchecked_exercise: "does not end",
}


@pytest.mark.parametrize("spoil", BREAKS, ids=lambda spoil: spoil.__name__)
def test_a_bad_notebook_is_found(spoil):
    notebook = good_notebook()
    spoil(notebook)
    found = problems(notebook)
    assert len(found) == 1 and BREAKS[spoil] in found[0]


def test_cleaning_keeps_what_is_compared_and_only_that():
    notebook = good_notebook()
    for spoil in (stray_output, stray_count, other_kernel, python_version, times):
        spoil(notebook)
    assert clean(notebook) == good_notebook_with_ids_of(notebook)


def good_notebook_with_ids_of(notebook):
    good = good_notebook()
    for cell, like in zip(good.cells, notebook.cells, strict=True):
        cell.id = like.id
    return good


def test_the_hook_rewrites_a_file_once(tmp_path: Path):
    path = tmp_path / "03_bad.ipynb"
    notebook = good_notebook()
    stray_output(notebook)
    nbformat.write(notebook, path)
    hook = [sys.executable, clean_notebooks.__file__, str(path)]
    assert subprocess.run(hook, capture_output=True).returncode == 1
    assert problems(nbformat.read(path, as_version=4)) == []
    before = path.read_bytes()
    assert subprocess.run(hook, capture_output=True).returncode == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_document_begins_a_list_within_a_paragraph(path: Path):
    assert stray_items(path.read_text(encoding="utf-8")) == []
