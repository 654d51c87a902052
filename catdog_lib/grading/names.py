"""The names that a cell defines, needs and changes, by Python's own rules of scope."""

from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator
from dataclasses import dataclass, field

_SCOPES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


@dataclass
class Names:
    """The global names in a piece of code.

    Attributes:
        defines: those that it assigns or imports; "*" stands for all of a module.
        imports: those of them that it imports.
        needs: those that it reads before it has assigned them.
        needs_later: those that only its functions read: what counts is their value at the call.
        changes: those whose value it changes in place, as ``x[0] = 1`` and ``x.append(1)`` do.
    """

    defines: set[str] = field(default_factory=set)
    imports: set[str] = field(default_factory=set)
    needs: set[str] = field(default_factory=set)
    needs_later: set[str] = field(default_factory=set)
    changes: set[str] = field(default_factory=set)


def names_in(tree: ast.Module) -> Names:
    """Return the names of a cell."""
    visitor = _Visitor()
    visitor.visit(tree)
    found = visitor.names
    found.needs_later -= found.defines
    return found


class _Visitor(ast.NodeVisitor):
    """Walks through statements as they are executed: a value is read before it is assigned."""

    def __init__(self) -> None:
        self.names = Names()

    def visit(self, node: ast.AST) -> None:
        """Visit a node; scopes of their own are left to Python's symbol table."""
        if isinstance(node, _SCOPES):
            used, assigned = _globals_of(node)
            self.names.needs_later |= used
            self.names.defines |= assigned
        elif isinstance(node, _COMPREHENSIONS):
            used, assigned = _globals_of(node)
            self.names.needs |= used - self.names.defines
            self.names.defines |= assigned
        elif isinstance(node, ast.Import | ast.ImportFrom):
            imported = {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            self.names.imports |= imported
            self.names.defines |= imported
        else:
            super().visit(node)

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.names.defines.add(node.id)
        elif node.id not in self.names.defines:
            self.names.needs.add(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._visit_all(node.value, *node.targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self._visit_all(node.annotation, node.value)
        if node.value:
            self.visit(node.target)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.visit(ast.Name(node.target.id, ast.Load()))
        self._visit_all(node.value, node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._visit_all(node.value, node.target)

    def visit_For(self, node: ast.For) -> None:
        self._visit_all(node.iter, node.target, *node.body, *node.orelse)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.names.defines.add(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.names.defines.add(node.name)
        self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._note_change(node)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._note_change(node)
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            self.names.changes |= _base(node.value.func)
        self.generic_visit(node)

    def _note_change(self, node: ast.Subscript | ast.Attribute) -> None:
        if not isinstance(node.ctx, ast.Load):
            self.names.changes |= _base(node)

    def _visit_all(self, *nodes: ast.AST | None) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)


def _globals_of(node: ast.AST) -> tuple[set[str], set[str]]:
    """Return the names that a function, class or comprehension reads and assigns outside itself."""
    table = symtable.symtable(ast.unparse(node), "cell", "exec")
    outer = {s.get_name() for s in table.get_symbols() if s.is_assigned()}
    read = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    for inner in _all_inside(table):
        for symbol in inner.get_symbols():
            if symbol.is_global() and symbol.is_referenced():
                read.add(symbol.get_name())
            if symbol.is_declared_global() and symbol.is_assigned():
                outer.add(symbol.get_name())
    return read, outer


def _all_inside(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
    for inner in table.get_children():
        yield inner
        yield from _all_inside(inner)


def _base(node: ast.AST) -> set[str]:
    """Return the name at the beginning of ``x.a[0].b`` as a set, empty if there is none."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return {node.id} if isinstance(node, ast.Name) else set()
