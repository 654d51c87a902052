"""The pages of the site: Sphinx says what there is to translate, and puts the translation in."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import nbformat

from catdog_lib.course.home import home
from catdog_lib.course.site import checkout, run_sphinx
from catdog_lib.course.translation.po_files import Entry, read
from catdog_lib.errors import CatdogError


def page_entries() -> dict[str, Callable[[], Iterator[Entry]]]:
    """Return the names of the pages, each with what gives its messages."""
    names = sorted(path.stem for path in (checkout() / "docs").glob("*.md"))
    return {name: partial(_entries, name) for name in names}


def _entries(name: str) -> Iterator[Entry]:
    """Yield the messages of a page, as Sphinx finds them."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "source", Path(folder) / "gettext"
        source.mkdir()
        _copy(checkout() / "docs" / f"{name}.md", source)
        arguments = ["-b", "gettext", "-D", f"root_doc={name}", "-c", str(checkout() / "docs")]
        done = run_sphinx([*arguments, "-d", f"{folder}/doctrees", str(source), str(out)])
        if not (out / f"{name}.pot").is_file():
            raise CatdogError(f"Sphinx could not read {name}.md: {done.stderr.strip()[-300:]}")
        found = [message.id for message in read(out / f"{name}.pot") if message.id]
    yield from (Entry(message) for message in found)


def _copy(page: Path, source: Path) -> None:
    """Write a page as the build of the site does; the first page is a notebook there."""
    if page.stem != "index":
        shutil.copy(page, source)
        return
    text = re.sub(r"<!-- (?:lessons|build) -->\n", "", page.read_text(encoding="utf-8"))
    (source / "text.md").write_text(text, encoding="utf-8")
    nbformat.write(home(source / "text.md", [], ""), source / "index.ipynb")
    (source / "text.md").unlink()
