"""The library is a house: rooms by subject, on floors, each importing only from floors below.

A room is a folder of ``catdog_lib``, or one of the few files at its top level.
"""

import ast
import subprocess
import sys
from collections import Counter
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import catdog_lib

LIBRARY = Path(__file__).parents[1] / "catdog_lib"
FILES = sorted(LIBRARY.rglob("*.py"))
SOURCES = sorted([*FILES, *LIBRARY.rglob("*.js"), *LIBRARY.rglob("*.css")])

# A new room needs a floor here; a room moves up only if something that it needs is above it.
FLOORS = {
    room: number
    for number, rooms in enumerate(
        [
            "language",
            "errors classes interrupts",
            "atomic_write budget device notebook from_scratch models sketches",
            "data sparsity",
            "inspect course evidence",
            "training",
            "transfer explain trust",
            "plots",
            "bench runs explore",
            "clinic diagnose experiments deploy",
            "exercises",
            "grading",
            "cli",
            "__main__ __init__",
        ],
        start=1,
    )
    for room in rooms.split()
}


def name_of(path: Path) -> str:
    return path.relative_to(LIBRARY).as_posix()


def room_of(path: Path) -> str:
    return path.relative_to(LIBRARY).with_suffix("").parts[0]


def module_of(path: Path) -> str:
    parts = path.relative_to(LIBRARY.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


def imported(path: Path) -> set[str]:
    """The library's own modules, and names in them, that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "catdog_lib":
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            found.update(a.name for a in node.names if a.name.startswith("catdog_lib."))
    return found - {"catdog_lib.__version__"}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_imports_only_from_floors_below(path):
    own = room_of(path)
    for name in imported(path):
        other = name.split(".")[1]
        assert other == own or FLOORS[other] < FLOORS[own], (
            f"{own} (floor {FLOORS[own]}) imports {other} (floor {FLOORS[other]})"
        )


def test_no_files_import_each_other_in_a_circle():
    modules = {module_of(path): path for path in FILES}

    def defining(name: str) -> str:
        return name if name in modules else name.rpartition(".")[0]

    graph = {
        module: {defining(name) for name in imported(path)} - {module}
        for module, path in modules.items()
        if path.name != "__init__.py"  # it hands on the names of its own folder
    }
    TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


def test_every_room_has_a_floor_and_the_top_level_is_small():
    assert {room_of(path) for path in FILES} == set(FLOORS)
    assert len(list(LIBRARY.glob("*.py"))) <= 8


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_file_can_be_read_in_a_sitting(path):
    text = path.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    assert lines <= 300
    assert lines <= 200 or "Longer than 200 lines because" in " ".join(text.split())


def test_the_tests_stand_in_the_same_rooms():
    tests = Path(__file__).parent
    folders = [path.parent.relative_to(tests) for path in tests.rglob("test_*.py")]
    rooms = {path.relative_to(LIBRARY) for path in [LIBRARY, *LIBRARY.rglob("*/")]}
    # How good the tests are; the lessons; the set-up, no part of the library; the script for a GPU.
    elsewhere = {"gpu", "mutation", "notebooks", "setup"}
    assert {folder.as_posix() for folder in folders if folder not in rooms} == elsewhere
    tested = Counter(folder.parts[0] for folder in folders if folder.parts)
    assert {path.parent.name for path in LIBRARY.glob("*/__init__.py")} <= set(tested)


def test_importing_the_library_loads_no_torch_and_no_matplotlib():
    code = (
        "import sys, catdog_lib, catdog_lib.cli; "
        "print(sorted({'torch', 'matplotlib', 'pandas'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_front_door_has_what_every_lesson_needs():
    from catdog_lib import Recipe, check, choose, fit, show_source

    homes = [thing.__module__ for thing in (Recipe, check, choose, fit, show_source)]
    assert homes == [
        "catdog_lib.training.recipe",
        "catdog_lib.exercises.registry",
        "catdog_lib.budget",
        "catdog_lib.training.fit",
        "catdog_lib.notebook",
    ]
    assert set(catdog_lib.__all__) <= set(dir(catdog_lib))
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = catdog_lib.nonsense
