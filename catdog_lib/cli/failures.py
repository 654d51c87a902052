"""What a command does when the machine fails it: full disks, too little memory, odd terminals."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from catdog_lib.errors import CatdogError

# How PyTorch says on a CPU that memory has run out: as a RuntimeError.
_NO_MEMORY = ("not enough memory", "can't allocate memory", "out of memory")


def print_anything() -> None:
    """Print letters that the terminal lacks as codes: a name must not end a training run."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a notebook's has it not
            stream.reconfigure(errors="backslashreplace")


def bars_twice_a_minute_in_files() -> None:
    """Let progress bars that go to a file add to it rarely: there, nothing is drawn over."""
    if not sys.stderr.isatty():
        for name in ("TQDM_MININTERVAL", "TQDM_MAXINTERVAL"):  # read when tqdm is imported
            os.environ.setdefault(name, "30")


@contextmanager
def termination_interrupts() -> Iterator[None]:
    """Take the signal that ends a program for a Ctrl-C, as long as a ``with`` block lasts.

    ``kill``, a container that is stopped and a cluster that takes its machine back send it. Else
    it would end Python on the spot: without the sentence on how to go on, and with warnings of what
    other processes leave behind.

    A shell starts what a script puts in the background (``catdog train … &``) with Ctrl-C ignored:
    there one from the keyboard stays ignored, and only the other signal counts.
    """
    if threading.current_thread() is not threading.main_thread():  # only that one gets signals
        yield
        return
    terminated = False

    def terminate(*_: object) -> None:
        """Note the signal, and go on as after a Ctrl-C."""
        nonlocal terminated
        terminated = True
        signal.raise_signal(signal.SIGINT)

    def interrupt(number: int, frame: FrameType | None) -> None:
        """Let only a Ctrl-C through that stands for the other signal."""
        if terminated:
            signal.default_int_handler(number, frame)

    before = signal.signal(signal.SIGTERM, terminate)
    ignored = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    if ignored:
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if ignored:
            signal.signal(signal.SIGINT, signal.SIG_IGN)


def discard_output() -> None:
    """Throw away what could not be printed, so that Python does not try again at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def in_one_sentence(error: Exception) -> str | None:
    """Return what went wrong and what to do; None if the error is a mistake in this library."""
    if isinstance(error, CatdogError):
        return str(error)
    first = (str(error).splitlines() or [""])[0]
    if isinstance(error, MemoryError) or any(words in str(error) for words in _NO_MEMORY):
        return (
            f"Memory has run out ({first or 'the machine gave none'}); use a smaller --batch-size "
            "or --size, fewer photos, or end other programs."
        )
    if isinstance(error, OSError) and error.errno is not None:
        where = f"{error.filename!r}" if error.filename else "A file"
        return (
            f"{where} cannot be read or written ({error.strerror}); give yourself permission or "
            "room there, or name another."
        )
    return None
