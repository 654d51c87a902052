"""A cell can be run again by itself, also at the end: what it uses still has the same meaning.

A name that a cell takes from the cells above must not be given to something else below.
"""

import ast
import symtable
from collections.abc import Iterator

import nbformat
import pytest

from catdog_lib.course.lesson_files import find_lessons

LESSONS = {lesson.number: lesson.path for lesson in find_lessons()}


def bound_by(source: str) -> set[str]:
    """Return the names that code gives to something, outside its functions."""
    symbols = symtable.symtable(source, "cell", "exec").get_symbols()
    return {one.get_name() for one in symbols if one.is_assigned() or one.is_imported()}


def taken_by(source: str) -> set[str]:
    """Return the names that a cell uses, also in its functions, and does not bind itself."""
    top = symtable.symtable(source, "cell", "exec")
    taken = {one.get_name() for one in top.get_symbols() if one.is_referenced()}
    inner = top.get_children()
    while inner:
        scope = inner.pop()
        inner += scope.get_children()
        taken |= {one.get_name() for one in scope.get_symbols() if one.is_global()}
    return taken - bound_by(source)


def meaning(name: str, source: str) -> set[str]:
    """Return the statements of a cell that bind a name; of an import, what is imported."""
    found = set()
    for statement in ast.parse(source).body:
        text = ast.unparse(statement)
        if name not in bound_by(text):
            continue
        if isinstance(statement, ast.Import | ast.ImportFrom):
            module = getattr(statement, "module", "")
            names = [one for one in statement.names if name in (one.asname, one.name)]
            text = f"import {module}.{names[0].name}" if names else text
        found.add(text)
    return found


def new_meanings(cells: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yield each cell with a name that it takes from above, and a cell below that gives it away.

    Args:
        cells: name of a cell → its source, in their order.
    """
    order = list(cells)
    bound = {cell: bound_by(source) for cell, source in cells.items()}
    for place, cell in enumerate(order):
        for name in sorted(taken_by(cells[cell])):
            above = [other for other in order[:place] if name in bound[other]]
            if not above:
                continue
            meant = meaning(name, cells[above[-1]])
            for other in order[place + 1 :]:
                if name in bound[other] and meaning(name, cells[other]) != meant:
                    yield cell, name, other


@pytest.mark.parametrize("number", LESSONS)
def test_no_name_that_a_cell_takes_from_above_is_given_to_something_else_below(number):
    cells = [c for c in nbformat.read(LESSONS[number], 4).cells if c.cell_type == "code"]
    assert not list(new_meanings({cell.id: cell.source for cell in cells}))


def test_a_new_meaning_is_seen():
    cells = {
        "setup": "from torch import nn\nscale = 2\nimages = [1, 2]",
        "uses": "def scaled():\n    return [scale * i for i in images]\nnn.ReLU()",
        "own": "i, image = 5, images[0]",
        "imports": "from torch import Tensor, nn",
        "again": "images = [1, 2]\nfor scale in (1, 2):\n    pass",
        "last": "print(scale)",
    }
    assert list(new_meanings(cells)) == [("uses", "scale", "again")]
    found = list(new_meanings({**cells, "again": "images = [3]"}))
    assert found == [("uses", "images", "again"), ("own", "images", "again")]
