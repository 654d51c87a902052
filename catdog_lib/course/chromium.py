"""Print a page to a PDF file with the Chromium, Chrome or Edge of this machine.

The browser is told what to do over the DevTools protocol
(https://chromedevtools.github.io/devtools-protocol): its own ``--print-to-pdf`` does not wait for
scripts.
"""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import websocket

from catdog_lib.errors import CatdogError

_NAMES = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
    *("chrome", "msedge"),
)
_MAC = "/Applications/{0}.app/Contents/MacOS/{0}"
_PLACES = (  # of Windows and macOS, where they are not in PATH
    *map(_MAC.format, ("Google Chrome", "Chromium", "Microsoft Edge")),
    *(
        os.path.join(os.environ.get(folder, ""), program)
        for folder in ("PROGRAMFILES", "PROGRAMFILES(X86)", "LOCALAPPDATA")
        for program in (
            "Google/Chrome/Application/chrome.exe",
            "Microsoft/Edge/Application/msedge.exe",
        )
    ),
)
_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage"),
    "--remote-debugging-port=0",
)
_SECONDS = 600  # for a step; the whole book takes one or two minutes
_SETTLE = 3  # seconds in which an explorable that computes in a worker shows its first result


def print_pdf(page: Path, pdf: Path, *, query: str = "") -> None:
    """Print a page once its script has set ``data-ready`` on its body.

    Args:
        page: an HTML file.
        pdf: the file to write; the headings of the page become its outline.
        query: follows the page's address, such as "?print-pdf".

    Raises:
        CatdogError: there is no such browser here, or it does not print.
    """
    program = next(filter(None, map(shutil.which, (*_NAMES, *_PLACES))), None)
    if program is None:
        raise CatdogError(
            "Printing needs Chromium, Chrome or Edge, and none of them was found; install one, or "
            "add its folder to PATH."
        )
    try:
        with _browser(program) as browser:
            target = browser.call("Target.createTarget", url=page.resolve().as_uri() + query)
            browser.attach(target["targetId"])
            _wait_until_ready(browser)
            printed = browser.call(
                "Page.printToPDF",
                preferCSSPageSize=True,
                printBackground=True,
                generateDocumentOutline=True,
                generateTaggedPDF=True,
            )
    except (OSError, EOFError, websocket.WebSocketException) as error:
        raise CatdogError(
            f"{page} could not be printed with {program} ({error or 'no answer'}); open it in a "
            "browser and print it from there."
        ) from error
    pdf.write_bytes(base64.b64decode(printed["data"]))


class _Browser:
    """A running browser, to which commands are sent one after the other."""

    def __init__(self, address: str):
        """Connect to the address that the browser has named."""
        self._connection = websocket.create_connection(
            address, timeout=_SECONDS, suppress_origin=True
        )
        self._count, self._session = 0, {}

    def attach(self, target: str) -> None:
        """Send the commands that follow to this page."""
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = {"sessionId": session["sessionId"]}

    def call(self, method: str, **parameters: object) -> dict:
        """Send a command and return its result; events that arrive meanwhile are left out."""
        self._count += 1
        command = {"id": self._count, "method": method, "params": parameters, **self._session}
        self._connection.send(json.dumps(command))
        while True:
            answer = json.loads(self._connection.recv())
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise OSError(answer["error"]["message"])
                return answer["result"]

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def _wait_until_ready(browser: _Browser) -> None:
    """Wait until the page says that it is ready, and a little longer."""
    deadline, ready = time.monotonic() + _SECONDS, False
    while not ready:
        if time.monotonic() > deadline:
            raise TimeoutError(f"the page was not ready after {_SECONDS} s")
        time.sleep(0.2)
        answer = browser.call("Runtime.evaluate", expression="!!document.body?.dataset.ready")
        ready = answer["result"].get("value", False)
    time.sleep(_SETTLE)


@contextmanager
def _browser(program: str) -> Iterator[_Browser]:
    """Start a browser with a profile of its own, and end it."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"]
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, encoding="utf-8", errors="replace"
        ) as process:
            try:
                said = ""
                while "ws://" not in said:
                    said = process.stderr.readline()
                    if not said:
                        raise EOFError("it has ended at once")
                browser = _Browser(said[said.index("ws://") :].strip())
                try:
                    yield browser
                finally:
                    browser.close()
            finally:
                process.kill()
