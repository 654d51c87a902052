"""The code cells of a notebook, with the names that each defines and needs."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from catdog_lib.grading.names import Names, names_in
from catdog_lib.grading.submissions import MAX_NOTEBOOK

_MAGIC = re.compile(r"^(\s*)(?:[%!?].*|\S+\?+\s*)$", re.MULTILINE)


@dataclass
class Cell:
    """A code cell.

    Attributes:
        number: its place among the code cells, from 1.
        source: its text; without magics, if it has some.
        tree: its parsed text; None if it has a syntax error.
        error: that error in words.
        names: what it defines, needs and changes.
        tags: of the course's own cells: "exercise" or "solution"; often lost on the way.
    """

    number: int
    source: str
    tree: ast.Module | None = None
    error: str = ""
    names: Names = field(default_factory=Names)
    tags: frozenset[str] = frozenset()


def read_cells(path: Path) -> list[Cell]:
    """Return the code cells of a notebook.

    Raises:
        ValueError: it is no notebook; the message says why, in half a sentence.
    """
    try:
        if path.stat().st_size > MAX_NOTEBOOK:
            raise ValueError(f"{path.name} is larger than {MAX_NOTEBOOK // 10**6} MB")
        cells = json.loads(path.read_text(encoding="utf-8-sig"))["cells"]
        code = [cell for cell in cells if cell.get("cell_type") == "code"]
        sources = ["".join(cell["source"]) for cell in code]
        metadata = [cell.get("metadata") or {} for cell in code]
        tags = [frozenset(map(str, known.get("tags") or [])) for known in metadata]
    except (OSError, UnicodeError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path.name} is not a readable notebook") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"{path.name} is not a readable notebook") from error
    both = zip(sources, tags, strict=True)
    return [parse_cell(number, *one) for number, one in enumerate(both, start=1)]


def answered_lessons(cells: Iterable[Cell]) -> set[str]:
    """Return the lessons ("02") of which some exercise is checked in these cells."""
    return {
        number[:2]
        for cell in cells
        for number in re.findall(r"""check\(\s*["'](\d\d\.\d+)["']""", cell.source)
    }


def parse_cell(number: int, source: str, tags: frozenset[str] = frozenset()) -> Cell:
    """Return a cell, with its names."""
    cell = Cell(number, source, tags=tags)
    for text in (source, _MAGIC.sub(r"\1pass", source)):
        try:  # names_in finds errors of its own: Python's parser accepts a global argument, say
            tree = ast.parse(text)
            cell.names, cell.tree, cell.source = names_in(tree), tree, text
            break
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            cell.error = f"{error.args[0]} (line {getattr(error, 'lineno', None)})"
    return cell
