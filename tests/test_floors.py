"""The library is built in floors: a file imports only from floors below its own. And importing it
is cheap.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "catdog_lib"
FLOORS = {
    "errors": 1, "classes": 1,
    "atomic_write": 2, "budget": 2, "device": 2, "notebook": 2, "from_scratch": 2, "models": 2, "sketches": 2,
    "data": 3, "sparsity": 3, "exercises": 4,
    "inspect": 4, "course": 4, "training": 5,
    "transfer": 6, "explain": 6, "plots": 7,
    "bench": 8, "runs": 8, "explore": 8,
    "experiments": 9, "cli": 10, "__main__": 11, "__init__": 11,
}  # fmt: skip
FILES = sorted(LIBRARY.rglob("*.py"))


def module_of(path: Path) -> str:
    return path.relative_to(LIBRARY).with_suffix("").parts[0]


def imported(path: Path) -> set[str]:
    """First-level modules of the library that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module == "catdog_lib":
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("catdog_lib."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found.update(
                a.name.split(".")[1] for a in node.names if a.name.startswith("catdog_lib.")
            )
    return found - {"__version__"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_a_file_imports_only_from_below(path):
    own = module_of(path)
    for other in imported(path) - {own}:
        assert FLOORS[other] < FLOORS[own], (
            f"{own} (floor {FLOORS[own]}) imports {other} (floor {FLOORS[other]})"
        )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(LIBRARY).as_posix())
def test_a_file_can_be_read_in_a_sitting(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 330  # about 300


def test_importing_the_library_loads_no_torch_and_no_matplotlib():
    code = "import sys, catdog_lib, catdog_lib.cli; print(sorted({'torch', 'matplotlib', 'pandas'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
