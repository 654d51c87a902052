"""docs/development/faults.md names tests that exist, and says of each how it was seen to fail."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "development" / "faults.md").read_text(encoding="utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.count("|") == 5 and not line.startswith(("| what happens", "| when", "|---", "| 29"))
]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::([\w:]+)`", PAGE)


def functions(path: Path) -> set[str]:
    """Return the names of all tests in a file as pytest takes them, those in classes with these."""
    tree, names = ast.parse(path.read_text(encoding="utf-8")), set()
    for scope in [tree, *(node for node in tree.body if isinstance(node, ast.ClassDef))]:
        prefix = "" if scope is tree else f"{scope.name}::"
        names |= {prefix + node.name for node in scope.body if isinstance(node, ast.FunctionDef)}
    return names


@pytest.mark.parametrize("named", sorted(set(NAMED)), ids="::".join)
def test_a_named_test_exists(named):
    """Under the name that can be copied from the page behind ``pytest``."""
    path, name = named
    assert name.rpartition("::")[2].startswith("test_") and name in functions(ROOT / path)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0][:40])
def test_each_row_says_what_follows_which_test_holds_it_and_how_it_failed(row):
    happens, follows, tests, seen = row
    assert happens and follows and seen
    assert re.fullmatch(r"`tests/[^`]+`(, `tests/[^`]+`)*", tests)


def test_there_are_rows():
    assert len(ROWS) > 35 and len(NAMED) > 60


def test_security_says_that_a_notebook_is_a_program_and_names_what_exists():
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "A notebook is a program." in text and "weights_only=True" in text
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", text):
        assert (ROOT / target).exists(), target
    for command in set(re.findall(r"`make (\w+)`", text)):
        assert re.search(rf"^[\w -]*\b{command}\b[\w -]*:", (ROOT / "Makefile").read_text(), re.M)
