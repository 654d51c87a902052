"""Opening a lesson costs no more than it has to: its first cell imports nothing slow for later."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
# What takes from a tenth of a second to three, and what brings it in.
SLOW = {
    "torchvision": "networks and transforms of torchvision; it brings in torch._dynamo, too",
    "torch._dynamo": "an optimizer, or torch.compile",
    "sympy": "torch._dynamo",
    "pandas": "a table of a history",
    "scipy": "Student's t",
    "captum": "a comparison with captum",
}
OPTIMIZER = {"torch._dynamo", "sympy"}
NEEDED = {  # before the first figure
    "07": OPTIMIZER,  # it trains the network whose features it shows
    "08": OPTIMIZER,  # it trains a broken network and its repaired copy
    "09": OPTIMIZER,  # it fits a head
    "10": OPTIMIZER | {"torchvision"},  # it times the plain loop, which is made of these
}

RUN = """
import json, sys
seen = {}
for name, cells in json.load(sys.stdin):
    space = {"__name__": "__main__"}
    before = set(sys.modules)
    for cell in cells:
        exec(compile(cell, name, "exec"), space)
    seen[name] = sorted(set(SLOW) & (set(sys.modules) - before))
print(json.dumps(seen))
"""


def cells_up_to_the_first_figure(path: Path) -> list[str]:
    cells = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            cells.append(cell.source)
            if "plots.show" in cell.source:
                return cells
    raise AssertionError(f"{path.stem} has no figure")


def slow_modules(programs: list[tuple[str, list[str]]], **environment) -> dict[str, list[str]]:
    """Run programs in one new process; return for each which slow modules it was first to load."""
    done = subprocess.run(
        [sys.executable, "-c", f"SLOW = {list(SLOW)}\n{RUN}"],
        input=json.dumps(programs),
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


def test_what_a_first_cell_imports_loads_nothing_slow():
    programs = []
    for path in NOTEBOOKS:
        tree = ast.parse(cells_up_to_the_first_figure(path)[0])
        imports = [each for each in tree.body if isinstance(each, ast.Import | ast.ImportFrom)]
        assert imports, path.stem
        programs.append((path.stem, ["\n".join(map(ast.unparse, imports))]))
    found = slow_modules(programs)
    assert found == {path.stem: [] for path in NOTEBOOKS}


def test_a_slow_module_would_be_seen():
    found = slow_modules([("a", ["import json"]), ("b", ["import scipy"]), ("c", ["import scipy"])])
    assert found == {"a": [], "b": ["scipy"], "c": []}


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_first_figure_needs_nothing_slow(path, tmp_path):
    settings = {"CATDOG_DATA": "sketches", "CATDOG_BUDGET": "quick", "CATDOG_CACHE": str(tmp_path)}
    found = slow_modules([(path.stem, cells_up_to_the_first_figure(path))], **settings)[path.stem]
    assert set(found) == NEEDED.get(path.stem[:2], set())
