"""What a reader reads: the prose of lessons, pages and library, without code and formulas."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from functools import cache
from pathlib import Path

import nbformat

ROOT = Path(__file__).parents[1]
CREDITS = ROOT / "docs" / "credits.md"  # it quotes titles and sentences of others
GENERATED = ROOT / "docs" / "library.md"  # its lines are those of the library

LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
PAGES = [
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "docs" / "teaching" / "guide.md",
    ROOT / "docs" / "teaching" / "translating.md",
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "data/README.md")),
]
PYTHON = [
    path for room in ("catdog_lib", "catdog_setup") for path in sorted((ROOT / room).rglob("*.py"))
]
SCRIPTS = sorted((ROOT / "catdog_lib").rglob("*.js"))
FILES = [path for path in [*LESSONS, *PAGES, *PYTHON, *SCRIPTS] if path not in (CREDITS, GENERATED)]

GAP = "\n¶ "  # between pieces that are not read one after the other

_NOT_PROSE = re.compile(
    r"```.*?```|``[^`]*``|`[^`]*`"  # code
    r"|\$\$.*?\$\$|\$[^$\n]*(?:\n[^$\n]*)?\$"  # formulas
    r"|<!--.*?-->|<[^>]*>|https?://[^\s)>\"]*|\]\([^)]*\)",  # comments, tags, addresses
    re.DOTALL,
)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def prose(path: Path) -> str:
    """Return the prose of a file in one line: what is left out has become an ellipsis."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".ipynb":
        notebook = nbformat.reads(text, as_version=4)
        text = GAP.join(_cell_prose(cell) for cell in notebook.cells)
    elif path.suffix == ".py":
        text = _python_prose(text)
    elif path.suffix == ".js":
        text = re.sub(r"^\s*//", "", text, flags=re.MULTILINE)
    else:
        text = _markdown_prose(text)
    return " ".join(_NOT_PROSE.sub(" … ", text).split())


def _cell_prose(cell) -> str:
    """Return the prose of a cell, and after it what a slide shows instead."""
    read = _markdown_prose if cell.cell_type == "markdown" else _python_prose
    on_slide = cell.metadata.get("catdog", {}).get("slide", "")
    return GAP.join([read(cell.source), _markdown_prose(on_slide)])


def _markdown_prose(text: str) -> str:
    """Return text with gaps between its paragraphs, and around the terms of a glossary."""
    if "```{glossary}" in text:
        text = re.sub(r"^(\S.*)$", rf"{GAP}\1{GAP}", text.replace("```", ""), flags=re.MULTILINE)
    return text.replace("\n\n", f"\n{GAP}\n")


def _python_prose(code: str) -> str:
    """Return the comments of Python code, and its strings that have a space in them."""
    lines = [line for line in code.splitlines(keepends=True) if not re.match(r"\s*[%!]", line)]
    code = "".join(lines)
    tokens = tokenize.generate_tokens(io.StringIO(code).readline)
    pieces = [_strings(ast.parse(code))]
    last = None
    for token in tokens:
        if token.type == tokenize.COMMENT:
            follows = last is not None and token.start == (last.start[0] + 1, last.start[1])
            pieces.append(("" if follows else GAP) + token.string.lstrip("# "))
            last = token
    return "\n".join(pieces)


def _strings(tree: ast.AST) -> str:
    """Return the strings, each as it is joined from its parts, with gaps between them."""
    found = []
    if isinstance(tree, ast.JoinedStr):
        values = [part.value if isinstance(part, ast.Constant) else " … " for part in tree.values]
        found = ["".join(map(str, values))]
    elif isinstance(tree, ast.Constant):
        found = [tree.value] if isinstance(tree.value, str) and " " in tree.value else []
    else:
        found = [said for child in ast.iter_child_nodes(tree) if (said := _strings(child))]
    return GAP.join(found)
