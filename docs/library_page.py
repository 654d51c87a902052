"""Write docs/library.md, the annotated tree of the library: python docs/library_page.py

Each line is the first line of the file itself, so the page cannot say anything else than the code.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "catdog_lib"
PAGE = ROOT / "docs" / "library.md"
USED = re.compile(r"^(?:Lesson \d\d, section \d+(?:;\s+|\.$))+", re.MULTILINE)
START = """# The library, file by file

`catdog_lib` is written to be read. It is a house: rooms by subject, on floors, and a file imports
only from its own room and from floors below. Each line here is the first line of that file; *L03.5*
means that lesson 03 uses it in section 5.

What almost every lesson needs stands at the front door:
`from catdog_lib import Recipe, check, choose, fit, show_source`.

Three files to begin with: `training/loop.py`, the whole of training on one screen;
`from_scratch/conv.py`, convolution as its formula says it; `inspect/hooks.py`, how to look inside a
network.
"""

# The order of a visit, not of the alphabet.
ROOMS = """
    device from_scratch models data sketches training inspect explain sparsity transfer trust
    evidence plots explore exercises language clinic grading runs experiments diagnose bench deploy
    course cli
""".split()  # noqa: SIM905, some rooms a row


def docstring(path: Path) -> str:
    """Return what a file says about itself: its docstring, or the comment that it begins with."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return ast.get_docstring(ast.parse(text)) or ""
    comment = re.match(r"((?://.*\n)+)|/\* (.*?) ?\*/", text, re.DOTALL)
    said = (comment[1] or comment[2]) if comment else ""
    return re.sub(r"^// ?", "", said, flags=re.MULTILINE)


def summary(path: Path) -> str:
    """Return the first paragraph of what a file says about itself, in one line."""
    return " ".join(docstring(path).split("\n\n")[0].split())


def line(path: Path, room: Path) -> str:
    """Return a file's line of the tree: its path, its summary, and the lessons that use it."""
    said = docstring(path)
    used = USED.search(said)
    lessons = re.findall(r"Lesson (\d\d), section (\d+)", used[0]) if used else []
    where = f" *{', '.join(f'L{lesson}.{section}' for lesson, section in lessons)}*" * bool(lessons)
    return f"- `{path.relative_to(room).as_posix()}`: {summary(path)}{where}"


def page() -> str:
    """Return the text of docs/library.md."""
    rows = [START, "## The ground floor\n"]
    top = sorted(LIBRARY.glob("*.py"))
    rows += [line(path, LIBRARY) for path in top if not path.name.startswith("__")]
    for name in ROOMS:
        room = LIBRARY / name
        rows += [
            f"\n## {name}\n",
            " ".join(docstring(room / "__init__.py").split("\n\n")[0].split()) + "\n",
        ]
        files = [path for kind in ("*.py", "*.js", "*.css") for path in room.rglob(kind)]
        files = [path for path in files if path != room / "__init__.py"]
        files.sort(key=lambda path: (path.suffix, path.relative_to(room).parts[:-1], path.name))
        rows += [line(path, room) for path in files if docstring(path)]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
