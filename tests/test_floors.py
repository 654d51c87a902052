"""The library is built in floors: a file imports only from floors below its own. And importing it is cheap."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

LIBRARY = Path(__file__).parents[1] / "catdog_lib"
FLOORS = {
    "errors": 0,
    "budget": 1, "device": 1, "shapes": 1, "paths": 1, "schedules": 1, "checkpoint": 1,
    "sync_norm": 1, "memory": 1, "distributed": 2,
    "data": 2, "models": 2, "conv": 2, "pace": 2, "receptive_field": 2, "history": 2, "whitening": 2,
    "optimizers": 2, "averaging": 2,
    "gradients": 3, "evaluate": 3, "recipe": 3, "sparsity": 3, "prediction": 3, "features": 4,
    "runs": 4, "recipes": 4, "shrinkage": 4, "explain": 4,
    "step": 5, "probe": 6, "train": 6, "bench": 7, "finder": 7,
    "plots": 8, "explore": 8, "notebook": 8,
    "training_run": 9, "sweep": 9, "exercises": 9, "doctor": 9, "site": 9,
    "course": 10, "experiments": 10, "commands": 11, "cli": 12, "__main__": 13, "__init__": 13,
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
