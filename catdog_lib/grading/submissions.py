"""What students hand in: notebooks in folders, as people and learning platforms lay them out."""

from __future__ import annotations

import re
import shutil
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
_NOTEBOOK = re.compile(r"(.+)\.ipynb(\.txt|\.json)?", re.IGNORECASE)  # browsers add an ending
_NOTHING = "There is no notebook (*.ipynb) in the folder"
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_CANVAS = re.compile(r"(?P<name>[^_]+)(?:_LATE)?_(?P<id>\d+)_\d+_.+")


@dataclass(frozen=True)
class Submission:
    """What one student handed in.

    Attributes:
        student: the student's name, as the files or folders spell it.
        identifier: the platform's number of the student or of the submission; empty without one.
        notebooks: the notebooks, in the order of their names.
        folder: in which they are.
        problems: what is no notebook though it may have been meant as one, in half a sentence each.
    """

    student: str
    identifier: str
    notebooks: tuple[Path, ...]
    folder: Path = Path()
    problems: tuple[str, ...] = ()


@contextmanager
def opened(path: Path) -> Iterator[Path]:
    """Give the folder with the submissions; an archive is unpacked into a temporary one.

    A single notebook is copied into one.

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
        if _NOTEBOOK.fullmatch(path.name):
            shutil.copy(path, folder)
            yield Path(folder)
            return
        unpack(path, Path(folder), max_bytes=_MAX_BYTES, max_files=_MAX_FILES, progress=False)
        yield Path(folder)


def find_submissions(folder: Path) -> list[Submission]:
    """Return the submissions in a folder, by the names of the students.

    A notebook in the folder itself is one student's; so are all notebooks in one of its folders. A
    student who has handed in something else has a submission without a notebook.

    Raises:
        CatdogError: there is no notebook.
    """
    notebooks: dict[tuple[str, str], list[Path]] = {}
    others: dict[tuple[str, str], list[str]] = {}
    folder = _inner(folder)
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder).parts
        if any(part.startswith((".", "__MACOSX")) for part in inside):
            continue  # Jupyter's checkpoints; macOS adds files of its own
        if (folder / inside[0] / "grades.csv").exists():
            continue  # what this program has written here
        notebook = _NOTEBOOK.fullmatch(path.name)
        owner = _student(notebook[1] if notebook and len(inside) == 1 else inside[0])
        said = others.setdefault(owner, [])
        if path.is_symlink():  # it may lead to somebody else's work
            said.append(f"{path.name} is a link, which is not followed")
        elif notebook and path.is_file():
            notebooks.setdefault(owner, []).append(path)
        elif path.is_file() and (len(inside) > 1 or owner[1]):
            said.append(f"{path.name} is not a notebook (*.ipynb)")
        elif path.is_file():  # a list of the class, say
            del others[owner]
    if not notebooks:
        raise CatdogError(
            f"There is no notebook (*.ipynb) in {folder}; put each student's into a folder, or "
            "give the notebooks the students' names."
        )
    return [
        Submission(*owner, tuple(own), folder, () if own else tuple(said[:3]) or (_NOTHING,))
        for owner, said in sorted(others.items())
        for own in [notebooks.get(owner, [])]
    ]


def _inner(folder: Path) -> Path:
    """Return the folder with the students' folders, where an archive holds it as a whole.

    One folder in which each notebook is of another lesson is that of a single student.
    """
    inside = [path for path in folder.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    if len(inside) != 1 or not inside[0].is_dir():
        return folder
    students = [path for path in inside[0].iterdir() if path.is_dir() and path.name[0] != "."]
    lessons = [path.name[:2] for path in inside[0].rglob("*.ipynb")]
    is_student = len(set(lessons)) == len(lessons) and all(map(str.isdigit, lessons))
    return inside[0] if len(students) > 1 and not is_student else folder


def _student(owner: str) -> tuple[str, str]:
    """Return the name and the number of a student, from the name of a folder or a notebook."""
    for platform in (_MOODLE, _CANVAS):
        if match := platform.fullmatch(owner):
            return _UNPRINTABLE.sub("�", match["name"]), match["id"]
    return _UNPRINTABLE.sub("�", owner), ""
