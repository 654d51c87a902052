"""What the decks load: reveal.js from npm, and the scripts that the site's own pages use."""

from __future__ import annotations

import shutil
from pathlib import Path

from catdog_lib.course.widgets_html import copy_files, copy_scripts
from catdog_lib.data.download.npm import NpmPackage, npm_files

REVEAL = NpmPackage(
    "reveal.js",
    "5.2.1",
    "sha512-r7//6mIM5p34hFiDMvYfXgyjXqGRta+/psd9YtytsgRlrpRzFv4RbH76TXd2qD+7ZPZEbpBDhdRhJaFgfQ7zNQ==",
    ("dist/reveal.js", "dist/reveal.css", "plugin/notes/notes.js", "LICENSE"),
)


def copy_assets(folder: Path) -> None:
    """Copy all that a deck loads into ``folder``, which is made.

    Raises:
        CatdogError: a package is missing, or cannot be fetched.
    """
    copy_scripts(folder)
    shutil.copytree(npm_files(REVEAL), folder / "reveal", dirs_exist_ok=True)
    copy_files(__package__, ("deck.css", "cells.css", "deck.js"), folder)
