"""Mutants: copies of a module in which one small thing is wrong, as a tired programmer would do it.

DeMillo, Lipton and Sayward, "Hints on test data selection" (1978), had the idea: tests that notice
none of these small mistakes would not notice the larger ones that are built from them. The
operators below are the usual ones: arithmetic, comparisons and their boundaries, constants, logic,
a result that is missing, a statement that is missing, a keyword argument that is missing.

Not mutated are annotations, docstrings and sentences (other tests read those), ``__all__``, the
arguments of ``@dataclass``, ``strict`` of ``zip``, which asserts what the code around it has
already established, and the boundary of a comparison with a fraction, which no computed number
meets exactly. ``choices.py`` says what else is left alone in the checkers of exercises.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass

from tests.mutation.choices import choices

_ARITHMETIC = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Div,
    ast.Pow: ast.Mult,
    ast.MatMult: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
# For an order, first the boundary, then the opposite.
_COMPARISONS = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_UNTOUCHED = {"annotation", "returns", "type_params", "ctx", "op", "ops"}


@dataclass(frozen=True)
class Mutant:
    """One mutant of a module: a field of a node of its tree, and the value that is wrong.

    Attributes:
        line: where it is.
        name: its function, and the code before and after. It has no line number, which the next
            change of the file would make wrong.
        owner, field, value: ``setattr`` of these three makes the mutant of the tree.
    """

    line: int
    name: str
    owner: ast.AST
    field: str
    value: object

    def apply(self) -> None:
        """Change the tree in which the mutant was found."""
        setattr(self.owner, self.field, self.value)


def mutants(tree: ast.Module) -> list[Mutant]:
    """Return every mutant of a module, in the order of its lines."""
    found = _below(tree, "", tree, set(choices(tree)))
    return sorted(found, key=lambda mutant: mutant.line)


def _below(
    node: ast.AST, function: str, context: ast.AST, chosen: set[ast.AST]
) -> Iterator[Mutant]:
    """Yield the mutants below a node.

    Args:
        node: of the module's tree.
        function: in which it is.
        context: the piece of code in which to show the mutants.
        chosen: nodes that are left alone, with all that is in them.
    """
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        function = f"{function}.{node.name}".lstrip(".")
    for field, value in ast.iter_fields(node):
        children = value if isinstance(value, list) else [value]
        for i, child in enumerate(children):
            if field in _UNTOUCHED or not isinstance(child, ast.AST) or _is_untouched(node, child):
                continue
            if child in chosen:
                continue
            if isinstance(child, ast.stmt):
                context = child
            for wrong in _wrong(child, node, field):
                new = [wrong] if wrong else []
                edited = [*children[:i], *new, *children[i + 1 :]]
                edit = (node, field, edited if isinstance(value, list) else wrong)
                after = _one_line(wrong) if context is child else _after(edit, context)
                name = f"{function or 'module'}: {_one_line(context)} → {after}"
                yield Mutant(getattr(child, "lineno", 0) or context.lineno, name, *edit)
            is_piece = isinstance(child, ast.BinOp | ast.Compare | ast.Call | ast.arguments)
            yield from _below(child, function, child if is_piece else context, chosen)


def _is_untouched(node: ast.AST, child: ast.AST) -> bool:
    """Return whether a child is left alone, with all that is in it."""
    if isinstance(node, ast.JoinedStr):
        return isinstance(child, ast.Constant)  # the words of an f-string; its values are mutated
    if isinstance(child, ast.keyword):
        return child.arg == "strict"
    if isinstance(child, ast.Expr):
        return isinstance(child.value, ast.Constant)  # a docstring
    if isinstance(child, ast.Assign):
        return ast.unparse(child.targets[0]) == "__all__"
    return isinstance(child, ast.Call) and ast.unparse(child.func) == "dataclass"


def _after(edit: tuple[ast.AST, str, object], context: ast.AST) -> str:
    """Return a piece of code as it is with an edit; put the tree right again."""
    node, field, value = edit
    original = getattr(node, field)
    setattr(node, field, value)
    try:
        return _one_line(context)
    finally:
        setattr(node, field, original)


def _one_line(node: ast.AST) -> str:
    """Return a node as code; of a compound statement only its head."""
    return ast.unparse(node).partition("\n")[0]


def _wrong(node: ast.AST, parent: ast.AST, field: str) -> Iterator[ast.AST | None]:
    """Yield what may stand wrongly in place of a node; None for nothing at all."""
    match node:
        case ast.BinOp(op=op) if type(op) in _ARITHMETIC:
            yield _with(node, op=_ARITHMETIC[type(op)]())
        case ast.Compare(ops=[op], left=left, comparators=[right]):
            wrong_ones = _COMPARISONS[type(op)]
            for wrong in wrong_ones[_is_fraction(left) or _is_fraction(right) :]:
                yield _with(node, ops=[wrong()])
        case ast.BoolOp(op=op):
            yield _with(node, op=ast.Or() if isinstance(op, ast.And) else ast.And())
        case ast.UnaryOp(operand=operand):
            yield operand
        case ast.Constant(value=bool(value)):
            yield _with(node, value=not value)
        case ast.Constant(value=int() | float() as value):
            yield _with(node, value=value + 1)
        case ast.Constant(value=str(value)) if re.fullmatch(r"[\w.-]+", value):  # a key, a name
            yield _with(node, value=f"{value}_")
        case ast.keyword(arg=str()):
            yield None
        case ast.Return(value=value) if value and ast.unparse(value) != "None":
            yield _with(node, value=ast.Constant(None))
        case ast.Break():
            yield ast.copy_location(ast.Continue(), node)
        case ast.Continue():
            yield ast.copy_location(ast.Break(), node)
        case ast.Expr() | ast.AugAssign() | ast.Raise():
            yield ast.copy_location(ast.Pass(), node)
        case ast.Assign(targets=[ast.Attribute() | ast.Subscript()]):
            yield ast.copy_location(ast.Pass(), node)
    is_bare = isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.BoolOp)
    if field == "test" and isinstance(parent, ast.If | ast.IfExp | ast.While) and is_bare:
        yield ast.copy_location(ast.UnaryOp(ast.Not(), node), node)


def _is_fraction(node: ast.AST) -> bool:
    """Return whether a node is a number like 0.01, which no computed one is exactly."""
    return isinstance(node, ast.Constant) and isinstance(node.value, float) and node.value % 1 != 0


def _with(node: ast.AST, **fields: object) -> ast.AST:
    """Return a copy of a node with other fields."""
    changed = copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed
