"""Cells that are run twice, one after the other, show the same and break nothing."""

import re
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from nbformat.v4.nbbase import random_cell_id

from catdog_lib.course.execution import Execution

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
_TIME = re.compile(r"\d[\d.,]* (?:s|ms|µs|seconds?|minutes?)\b|per second|images a second")


def printed(cell) -> list[str]:
    """Return the lines that a cell has printed, without those that say how long it took."""
    text = "".join(output.text for output in cell.outputs if output.get("name") == "stdout")
    return [line for line in text.splitlines() if not _TIME.search(line)]


@pytest.mark.slow
@pytest.mark.parametrize("number", ["01", "02", "03", "05"])
def test_cells_that_run_twice_show_the_same(number):
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    notebook = nbformat.read(path, as_version=4)
    cells = []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            again = deepcopy(cell)
            again.id = random_cell_id()
            cells += [cell, again]
    notebook.cells = cells
    execution = Execution(notebook, str(NOTEBOOKS), timeout=900)
    execution.run({"CATDOG_BUDGET": "quick", "CATDOG_DATA": "sketches", "TQDM_DISABLE": "1"})
    assert not execution.problem
    different = [
        (first.id, printed(first), printed(second))
        for first, second in zip(cells[::2], cells[1::2], strict=True)
        if printed(first) != printed(second)
    ]
    assert not different
