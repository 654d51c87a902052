"""What students hand in: notebooks in folders, as people and learning platforms lay them out."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from catdog_lib.data.download.archive import unpack
from catdog_lib.errors import CatdogError

MAX_NOTEBOOK = 50_000_000  # bytes; one with all its figures has 10 MB
_MAX_BYTES, _MAX_FILES = 2_000_000_000, 20_000  # of an archive
# Moodle: "Ada Lovelace_1234567_assignsubmission_file_"; Canvas: "lovelaceada_LATE_123_456_work".
_MOODLE = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_[a-z]+_?.*")
_CANVAS = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_.+")


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        student: the student's name, as the files or folders spell it.
        identifier: the platform's number of the student or of the submission; empty without one.
        notebooks: the notebooks, in the order of their names.
    """

    student: str
    identifier: str
    notebooks: tuple[Path, ...]


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """Give the folder with the submissions; an archive is unpacked into a temporary one.

    Raises:
        CatdogError: there is nothing at ``path``, or the archive is refused.
    """
    if path.is_dir():
        yield path
        return
    if not path.is_file():
        raise CatdogError(
            f"There is nothing at {path}; name the folder or the zip file of the submissions."
        )
    with tempfile.TemporaryDirectory() as folder:
        unpack(path, Path(folder), max_bytes=_MAX_BYTES, max_files=_MAX_FILES, progress=False)
        yield Path(folder)


def find_submissions(folder: Path) -> list[Submission]:
    """Return the submissions in a folder, by the names of the students.

    A notebook in the folder itself is one student's; so are all notebooks in one of its folders.

    Raises:
        CatdogError: there is no notebook.
    """
    found: dict[tuple[str, str], list[Path]] = {}
    folder = _inner(folder)
    for path in sorted(folder.rglob("*.ipynb")):
        inside = path.relative_to(folder).parts
        if path.is_symlink() or any(part.startswith((".", "__MACOSX")) for part in inside):
            continue  # a link may lead to somebody else's work; macOS adds files of its own
        owner = inside[0] if len(inside) > 1 else path.stem
        found.setdefault(_student(owner), []).append(path)
    if not found:
        raise CatdogError(
            f"There is no notebook (*.ipynb) in {folder}; put each student's into a folder, or "
            "give the notebooks the students' names."
        )
    return [Submission(*owner, tuple(paths)) for owner, paths in sorted(found.items())]


def _inner(folder: Path) -> Path:
    """Return the folder with the students' folders, where an archive holds it as a whole."""
    inside = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    if len(inside) != 1 or not inside[0].is_dir():
        return folder
    students = [path for path in inside[0].iterdir() if path.is_dir() and path.name[0] != "."]
    return inside[0] if len(students) > 1 else folder


def _student(owner: str) -> tuple[str, str]:
    """Return the name and the number of a student, from the name of a folder or a notebook."""
    for platform in (_MOODLE, _CANVAS):
        if match := platform.fullmatch(owner):
            return match["name"], match["id"]
    return owner, ""
