"""Find the answers in a notebook: by their ``check("02.1", …)`` calls, never by cell metadata.

Students delete cells, add others, move and rename things, and lose tags. What remains is the call.
The cells that define what an answer uses are found by the names in them, and only these are run.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from catdog_lib.grading.cells import Cell, parse_cell

CAPTURE = "__catdog_answer__"  # what a call of check becomes: it hands the answer to the judge


@dataclass(frozen=True)
class Answer:
    """A student's answer to one exercise, ready to be run.

    Attributes:
        number: of the exercise.
        cells: the cells to run, each as its number and its text; the last one checks the answer.
        problem: why there is nothing to run, in one sentence; empty if there is.
        copied: whether the cell is the course's own solution, word for word, and long enough for
            that to say something.
        file: the notebook that it is in.
    """

    number: str
    cells: tuple[tuple[int, str], ...] = ()
    problem: str = ""
    copied: bool = False
    file: str = ""


def find_answer(number: str, name: str | None, cells: list[Cell], solution: str) -> Answer:
    """Return a student's answer to an exercise.

    Args:
        number: of the exercise.
        name: of the function that it asks for, None if it asks for something else.
        cells: of the student's notebook.
        solution: the course's own solution cell, which the notebook may still hold, with the
            exercise as it was handed out. Tags tell which of two like cells is the course's; where
            a notebook has lost its tags, a like cell beside the untouched exercise is.
    """
    calling = [cell for cell in cells if cell.tree and _calls(cell.tree, number)]
    alike = [cell for cell in calling if _same_code(cell.source, solution)]
    tagged = any(cell.tags & {"exercise", "solution"} for cell in cells)
    given = [cell for cell in alike if "solution" in cell.tags or not tagged]
    own = [cell for cell in calling if cell not in given]
    attempted = [cell for cell in own if not _is_stub(cell)]
    if attempted:
        last = attempted[-1]
        return _ready(number, last, cells, copied=last in alike and _is_telling(solution))
    if len(given) > 1 or (given and not own):  # beside the course's, or where it gives none
        return _ready(number, given[0], cells, copied=_is_telling(solution))
    if own:
        return Answer(number, problem="Not attempted")
    broken = [cell for cell in cells if cell.error and f'"{number}"' in _quotes(cell.source)]
    if broken:
        return Answer(number, problem=f"Cell {broken[-1].number} has an error: {broken[-1].error}")
    defining = [cell for cell in cells if name in cell.names.defines and cell not in given]
    if name and defining:  # the call is gone, the function is not
        cell = parse_cell(len(cells) + 1, f'check("{number}", {name})')
        return _ready(number, cell, cells)
    return Answer(number, problem=f'There is no cell with check("{number}", …)')


def _ready(number: str, target: Cell, cells: list[Cell], copied: bool = False) -> Answer:
    """Return the answer in ``target`` with the cells that it needs, in the notebook's order."""
    chosen: dict[int, Cell] = {}
    seen: set[tuple[str, int]] = set()
    wanted = [(name, target.number) for name in target.names.needs | target.names.needs_later]
    while wanted:
        name, place = wanted.pop()
        defining = [c for c in cells if name in c.names.defines and c is not target]
        if name == "check" or (name, place) in seen or not defining:
            continue  # check itself is the judge's
        seen.add((name, place))
        before = [cell for cell in defining if cell.number < place]
        first = before[-1] if before else defining[0]  # cells are run in any order
        more = [c for c in cells if first.number < c.number < place and name in c.names.changes]
        for cell in [first] if name in first.names.imports else [first, *more]:
            chosen[cell.number] = cell
            wanted += [(one, cell.number) for one in cell.names.needs]
            wanted += [(one, target.number) for one in cell.names.needs_later]
    chosen |= {cell.number: cell for cell in cells if "*" in cell.names.defines}
    chosen.pop(target.number, None)
    run = [chosen[i] for i in sorted(chosen)] + [target]
    return Answer(number, tuple((cell.number, cell.source) for cell in run), copied=copied)


def captured(source: str, number: str) -> ast.Module:
    """Return a cell's code with ``check(number, answer)`` handing the answer to ``CAPTURE``.

    The calls for other exercises do nothing.
    """

    class Capture(ast.NodeTransformer):
        """Replace the calls of ``check``."""

        def visit_Call(self, node: ast.Call) -> ast.AST:
            """Replace one call."""
            self.generic_visit(node)
            if not _is_check(node):
                return node
            if _number(node) != number:
                return ast.copy_location(ast.Constant(None), node)
            node.func = ast.copy_location(ast.Name(CAPTURE, ast.Load()), node.func)
            return node

    return ast.fix_missing_locations(Capture().visit(ast.parse(source)))


def _is_check(node: ast.AST) -> bool:
    """Tell whether this is a call of ``check`` with the number of an exercise."""
    if not isinstance(node, ast.Call) or not node.args:
        return False
    name = getattr(node.func, "id", None) or getattr(node.func, "attr", None)
    return name == "check" and bool(re.fullmatch(r"\d\d\.\d+", str(_number(node))))


def _number(node: ast.Call) -> object:
    """Return the first argument of a call, if it is a constant."""
    return getattr(node.args[0], "value", None)


def _calls(tree: ast.Module, number: str) -> bool:
    """Tell whether a cell checks this exercise."""
    return any(_is_check(node) and _number(node) == number for node in ast.walk(tree))


def _is_stub(cell: Cell) -> bool:
    """Tell whether a cell is the exercise as it was handed out: ``answer = ...``."""
    kept = _without_imports(cell.tree) if cell.tree else []
    dots = [isinstance(n, ast.Assign) and getattr(n.value, "value", None) is Ellipsis for n in kept]
    return sum(dots) == 1 and len(kept) == 2


def _is_telling(solution: str) -> bool:
    """Tell whether a solution has more than one way to be written: a function, or some lines."""
    kept = _without_imports(ast.parse(solution))
    return len(kept) > 2 or not isinstance(kept[0], ast.Assign)


def _same_code(one: str, other: str) -> bool:
    """Tell whether two cells hold the same code, whatever their comments, spaces and imports."""
    try:
        trees = [_without_imports(ast.parse(text)) for text in (one, other)]
        return [ast.dump(n) for n in trees[0]] == [ast.dump(n) for n in trees[1]]
    except (SyntaxError, ValueError, RecursionError):
        return False


def _without_imports(tree: ast.Module) -> list[ast.stmt]:
    """Return the statements of a cell that import nothing."""
    return [n for n in tree.body if not isinstance(n, ast.Import | ast.ImportFrom)]


def _quotes(source: str) -> str:
    """Return a text with one kind of quotation mark."""
    return source.replace("'", '"')
