"""A real HTTP server on this machine: serves well, or as badly as the next step of its plan."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Request:
    """One request as it came, and how many bytes of the file were sent in answer."""

    path: str
    range: str | None
    if_range: str | None
    sent: int = 0


Step = Callable[["_Handler"], None]


class FileServer:
    """Serves ``files`` (name to bytes) at ``url``, following ``plan``.

    Each request takes the next step of the plan, or is served well.
    """

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.plan: list[Step] = []
        self.requests: list[Request] = []
        self.stopped = threading.Event()
        self._http = _Server(("127.0.0.1", 0), _Handler)
        self._http.owner = self
        self.url = f"http://127.0.0.1:{self._http.server_port}"

    def __enter__(self) -> FileServer:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self._http.shutdown()
        self._http.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        pass  # the other side hung up, as the tests want it to


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        owner = self.server.owner
        self.note = Request(self.path, self.headers["Range"], self.headers["If-Range"])
        owner.requests.append(self.note)
        self.data = owner.files[self.path.rsplit("/", 1)[-1]]
        (owner.plan.pop(0) if owner.plan else well())(self)

    def send_head(
        self, *, ranges: bool = True, tag: str = "etag", length: int | None = None
    ) -> int:
        """Send status and headers; return the position that the body is to start at."""
        etag = f'"{hashlib.sha256(self.data).hexdigest()[:8]}"'
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "") if ranges else None
        if tag == "etag" and self.headers["If-Range"] not in (None, etag):
            asked = None
        start = int(asked[1]) if asked else 0
        self.send_response(206 if asked else 200)
        if asked:
            self.send_header(
                "Content-Range", f"bytes {start}-{len(self.data) - 1}/{len(self.data)}"
            )
        if tag == "etag":
            self.send_header("ETag", etag)
        self.send_header(
            "Content-Length", str(len(self.data) - start if length is None else length)
        )
        self.end_headers()
        return start

    def send_body(self, start: int, end: int | None = None) -> None:
        for first in range(start, len(self.data) if end is None else end, 1 << 14):
            stop = min(first + (1 << 14), len(self.data) if end is None else end)
            self.note.sent += stop - first  # before it leaves: the test may look at once
            self.wfile.write(self.data[first:stop])

    def log_message(self, *_: object) -> None:
        pass


def well(**head: object) -> Step:
    """Send the whole answer.

    ``ranges=False`` ignores Range, ``tag=""`` sends no ETag, ``length=…`` lies.
    """
    return lambda handler: handler.send_body(handler.send_head(**head))


def cut(count: int, **head: object) -> Step:
    """Send ``count`` bytes of what was promised and hang up."""

    def step(handler: _Handler) -> None:
        start = handler.send_head(**head)
        handler.send_body(start, min(start + count, len(handler.data)))
        handler.close_connection = True

    return step


def stall(count: int) -> Step:
    """Send ``count`` bytes and then nothing, with the connection open."""

    def step(handler: _Handler) -> None:
        start = handler.send_head()
        handler.send_body(start, start + count)
        handler.server.owner.stopped.wait(30)

    return step


def interrupt(count: int, ready: Callable[[], bool]) -> Step:
    """Send ``count`` bytes, press Ctrl-C in this process once ``ready``, and send no more."""

    def step(handler: _Handler) -> None:
        start = handler.send_head()
        handler.send_body(start, start + count)
        deadline = time.monotonic() + 30
        while not ready() and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(os.getpid(), signal.SIGINT)
        handler.server.owner.stopped.wait(30)

    return step


def status(code: int) -> Step:
    """Answer with an error."""
    return lambda handler: handler.send_error(code)


def elsewhere() -> Step:
    """Send a part of the file that was not asked for, and say so."""

    def step(handler: _Handler) -> None:
        size = len(handler.data)
        handler.send_response(206)
        handler.send_header("Content-Range", f"bytes {size // 2}-{size - 1}/{size}")
        handler.send_header("Content-Length", str(size - size // 2))
        handler.end_headers()
        handler.send_body(size // 2)

    return step


def redirect(url: str) -> Step:
    """Point to another address."""

    def step(handler: _Handler) -> None:
        handler.send_response(302)
        handler.send_header("Location", url)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return step


def endless() -> Step:
    """Announce no length and send the file again and again."""

    def step(handler: _Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(3):
            handler.send_body(0)
        handler.close_connection = True

    return step


def compressed_label() -> Step:
    """Label a .gz file as a compressed transfer, as some servers do."""

    def step(handler: _Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Encoding", "x-gzip")
        handler.send_header("Content-Length", str(len(handler.data)))
        handler.end_headers()
        handler.send_body(0)

    return step
