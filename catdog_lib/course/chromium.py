"""Print a page to a PDF file with the Chromium, Chrome or Edge of this machine."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from catdog_lib.errors import CatdogError

_NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "msedge",
)
_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")
_SECONDS = 900  # for a page; the whole book takes one or two minutes


def print_pdf(page: Path, pdf: Path, *, query: str = "") -> None:
    """Print a page, once its formulas are set and its widgets are drawn.

    Args:
        page: an HTML file.
        pdf: the file to write; the headings of the page become its outline.
        query: follows the page's address, such as "?print-pdf".

    Raises:
        CatdogError: there is no such browser here, or it does not print.
    """
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None and not _MAC.is_file():
        raise CatdogError(
            "Printing needs Chromium, Chrome or Edge, and none of them was found; install one, or "
            "add its folder to PATH."
        )
    with tempfile.TemporaryDirectory() as profile:
        command = [
            program or str(_MAC),
            *("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"),
            *("--no-pdf-header-footer", "--generate-pdf-document-outline"),
            "--virtual-time-budget=60000",  # waits for scripts, and is over when they have finished
            f"--print-to-pdf={pdf}",
            page.resolve().as_uri() + query,
        ]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS)
        except subprocess.TimeoutExpired:
            raise CatdogError(
                f"{page} was not printed within {_SECONDS // 60} minutes; try again when this "
                "machine has less to do."
            ) from None
    if done.returncode or not pdf.is_file():
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise CatdogError(
            f"{page} could not be printed ({said[-1] if said else 'no message'}); open it in a "
            "browser and print it from there."
        )
