"""What a checker of an exercise tries is a choice: another size or seed is as good.

So these are not mutated in a module that registers an exercise: the numbers in the literal that a
``for`` goes through, in a constant whose name holds ``SETTINGS`` or ``SIZES``, in a list that is
handed to ``torch.tensor``, and in the arguments of what seeds, draws or spaces numbers, and the
``generator`` of a draw.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

_MAKES_NUMBERS = re.compile(
    r".*\b(generator|seeded|rand|randn|randint|randperm|integers|draw_images|linspace|logspace)"
)


def choices(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield the nodes of a checker's module that are choices; none of any other module."""
    marks = [mark for node in tree.body for mark in getattr(node, "decorator_list", [])]
    if any(ast.unparse(mark).startswith("exercise(") for mark in marks):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                yield from (keyword for keyword in node.keywords if keyword.arg == "generator")
            for tried in _tried(node):
                yield from (inner for inner in ast.walk(tried) if _is_number(inner))


def _is_number(node: ast.AST) -> bool:
    """Return whether a node is a number as one writes it, with its sign."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _is_number(node.operand)
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def _tried(node: ast.AST) -> list[ast.AST]:
    """Return the parts of a node whose numbers say what is tried."""
    match node:
        case ast.For(iter=ast.Tuple() as literal) | ast.comprehension(iter=ast.Tuple() as literal):
            return [literal]
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return [value] if re.search("SETTINGS|SIZES", name) else []
        case ast.Call(func=ast.Attribute(attr="tensor"), args=[ast.List() as literal, *_]):
            return [literal]
        case ast.Call(func=function) if _MAKES_NUMBERS.fullmatch(ast.unparse(function)):
            return [*node.args, *node.keywords]
    return []
