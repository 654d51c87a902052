"""Finish what must not be half done before a Ctrl-C, know that one came, outlive no parent."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def interrupts_later() -> Iterator[None]:
    """Hold back a Ctrl-C until the end of a ``with`` block, which should be short.

    Only the main thread gets interrupts; in the others there is nothing to hold back.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came = []
    before = signal.signal(signal.SIGINT, lambda *_: came.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        if came and callable(before):
            before(signal.SIGINT, None)


@contextmanager
def interrupts_noted() -> Iterator[list[bool]]:
    """Note each Ctrl-C that comes within a ``with`` block, and let it take effect as before.

    ``fit`` returns when one comes, with what it has. A caller with more to do has to ask.
    """
    came: list[bool] = []
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield came
        return

    def note(number: int, frame: FrameType | None) -> None:
        came.append(True)
        before(number, frame)

    signal.signal(signal.SIGINT, note)
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, before)


def when_orphaned(parent: int, stop: Callable[[], object]) -> None:
    """Call ``stop`` once this process's parent, the process ``parent``, has ended or been killed.

    It is looked for every second, in a thread. On Windows nothing happens: there a process keeps
    the number of its parent.
    """

    def watch() -> None:
        """Wait until another process has become the parent."""
        while os.getppid() == parent:
            time.sleep(1)
        stop()

    if os.name == "posix":
        threading.Thread(target=watch, daemon=True).start()
