"""Handouts: the course as one zip file for students, without solutions, and one for instructors.

Each holds all that its reader needs to set up and run the course, and nothing else.
"""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from catdog_lib.atomic_write import make_folder, write
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.course.site import checkout
from catdog_lib.course.translation.lessons import in_language
from catdog_lib.errors import CatdogError
from catdog_lib.language import current

# What a set-up and a build of the pages read.
_FILES = (
    "README.md",
    "LICENSE",
    "Makefile",
    "run.py",
    "pyproject.toml",
    "constraints.txt",
    "environment.yml",
    "data/README.md",
)
_FOLDERS = ("catdog_setup", "catdog_lib", "docs")
_FOR_INSTRUCTORS = "docs/teaching/"
# What make test reads beside that: the rest of the checkout.
_TESTED_FILES = (
    "CHANGELOG.md",
    "CITATION.cff",
    "CONTRIBUTING.md",
    "Dockerfile",
    "SECURITY.md",
    "conftest.py",
    ".dockerignore",
    ".gitattributes",
    ".gitignore",
    ".pre-commit-config.yaml",
    "notebooks/ruff.toml",
)
_TESTED_FOLDERS = ("tests", ".ci", ".github")
# Parts of the README about what a student's edition has not got: its tests, and this command.
_LEFT_OUT = re.compile(r"<!-- instructors -->\r?\n.*?<!-- everyone -->\r?\n", re.DOTALL)
_DATE = (2026, 1, 1, 0, 0, 0)  # so that the same course gives the same file


def write_handouts(out: Path, root: Path | None = None) -> dict[str, Path]:
    """Write ``catdog-student.zip`` and ``catdog-instructor.zip`` into the folder ``out``.

    Args:
        out: is made if it does not exist.
        root: the checkout; by default the one that this library was installed from.

    Returns:
        ``"student"`` and ``"instructor"`` → the file.

    Raises:
        CatdogError: the checkout is incomplete, or a file cannot be written.
    """
    root = root or checkout()
    make_folder(out)
    written = {}
    for edition in ("student", "instructor"):
        file = BytesIO()
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in contents(root, edition):
                entry = zipfile.ZipInfo(f"catdog/{name}", _DATE)
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, content)
        written[edition] = out / f"catdog-{edition}.zip"
        write(file.getvalue(), written[edition])
    return written


def without_solutions(notebook: str) -> str:
    """Return a notebook's text without its solutions.

    The rest stays as it is, to the cell's id.
    """
    content = json.loads(notebook)
    content["cells"] = [
        cell for cell in content["cells"] if "solution" not in cell["metadata"].get("tags", [])
    ]
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def contents(root: Path, edition: str) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the content of each file of an edition."""
    files, folders = _FILES, _FOLDERS
    if edition == "instructor":
        files, folders = files + _TESTED_FILES, folders + _TESTED_FOLDERS
    inside = [
        path.relative_to(root).as_posix()
        for folder in folders
        for path in sorted((root / folder).rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    ]
    for name in (*files, *inside):
        try:
            content = (root / name).read_bytes()
        except OSError as error:
            raise CatdogError(
                f"The checkout lacks {name!r} ({error.strerror}); make the handouts in a complete "
                "one."
            ) from None
        if edition == "instructor":
            yield name, content
        elif name == "README.md":
            yield name, _LEFT_OUT.sub("", content.decode()).encode()
        elif not name.startswith(_FOR_INSTRUCTORS):
            yield name, content
    for lesson in in_language(find_lessons(root), current()):
        text = lesson.path.read_text(encoding="utf-8")
        kept = text if edition == "instructor" else without_solutions(text)
        yield f"notebooks/{lesson.path.name}", kept.encode()
