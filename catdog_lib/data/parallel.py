"""Apply a function to thousands of files, in a process for each core.

This file does not import PyTorch, nor do the processes that decode, draw or check.
"""

from __future__ import annotations

import errno
import os
import signal
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing import resource_tracker
from typing import Any

from tqdm.auto import tqdm

from catdog_lib.errors import CatdogError, warn
from catdog_lib.interrupts import when_orphaned

with warnings.catch_warnings(record=True) as _said:  # in its own words, where they help nobody
    warnings.simplefilter("always")
    from joblib import Parallel, delayed

_SERIAL = ".  joblib will operate in serial mode"
_NO_PROCESSES = "".join(
    str(said.message).removesuffix(_SERIAL) for said in _said if _SERIAL in str(said.message)
)
_CHUNK = 100  # items that a process gets at a time
_IDLE = 5  # seconds after which a process that has nothing to do ends, and returns its memory


def parallel_map(
    work: Callable[[int, Sequence], list], items: Sequence, verb: str, unit: str, progress: bool
) -> list:
    """Apply ``work(first, chunk)`` to all ``items``, chunk by chunk, in a process for each core.

    ``first`` is the position of the chunk's first item. Where no further process can be started,
    this one does the work, and a warning says so.

    Args:
        work: returns a list; must be importable by another process. It may be called twice for a
            chunk.
        verb: stands before the progress bar, which ``progress`` turns on; ``unit`` is what it
            counts.

    Returns:
        What all calls returned, in one list, in the order of ``items``.

    Raises:
        CatdogError: a process was killed.
    """
    chunks = [(first, items[first : first + _CHUNK]) for first in range(0, len(items), _CHUNK)]
    several = len(chunks) > 2  # to start processes takes longer than a little work
    results: list = []
    with tqdm(total=len(items), desc=verb, unit=unit, disable=not progress, leave=False) as bar:
        if several:
            for chunk_results in in_processes(work, chunks, verb):
                results.append(chunk_results)
                bar.update(min(_CHUNK, len(items) - bar.n))
        for chunk in chunks[len(results) :]:
            results.append(work(*chunk))
            bar.update(min(_CHUNK, len(items) - bar.n))
    return [one for chunk_results in results for one in chunk_results]


def in_processes(
    work: Callable[..., Any], calls: Sequence[tuple], verb: str, processes: int = -1
) -> Iterator[Any]:
    """Yield what ``work(*call)`` returns for each call, in order, as far as processes can do it.

    Where no further process can be started it ends early, and a warning says why: the caller does
    the rest.

    Args:
        work: any function, also one of a notebook. It may be called twice for a call.
        calls: the arguments of each call.
        verb: what is done, for the messages: "Decoding".
        processes: how many at once; −1 is one for each core.

    Raises:
        CatdogError: a process was killed.
    """
    if _NO_PROCESSES:
        _warn(verb, _NO_PROCESSES)
        return
    if not (folder := _temporary_folder()).isascii():
        _warn(verb, f"the path of temporary files, {folder}, has letters outside ASCII")
        return
    with warnings.catch_warnings():
        # Harmless: processes of an earlier call, idle since, end as this one begins.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs were given")
        try:
            # joblib's processes, unlike multiprocessing's, start from any script and any notebook
            # on every system.
            with _deaf_to_ctrl_c():
                # A call is copied when it is dispatched; those of training runs hold many images.
                results = Parallel(
                    processes,
                    return_as="generator",
                    pre_dispatch="n_jobs" if processes > 0 else "2*n_jobs",
                    idle_worker_timeout=_IDLE,
                )(delayed(_as_a_child)(os.getpid(), work, call) for call in calls)
            yield from results
        except BrokenExecutor:
            raise CatdogError(
                f"{verb} has stopped, because one of its processes was killed, perhaps when memory "
                "ran out; end other programs, and begin again."
            ) from None
        except OSError as error:  # no room, or no permission, for what processes share
            if error.__cause__ and error.errno != errno.ENOSPC:
                raise  # it comes from a process, so it is the work's own
            _warn(verb, error.strerror or str(error))


def _as_a_child(parent: int, work: Callable[..., Any], call: tuple) -> Any:
    """Return ``work(*call)``; a process of joblib's would go on if its parent were killed."""
    if os.getppid() == parent:  # on a single core joblib may work in the parent itself
        _end_with(parent)
    return work(*call)


@cache
def _end_with(parent: int) -> None:
    when_orphaned(parent, lambda: os._exit(1))


def _temporary_folder() -> str:
    """Return where joblib keeps its files, and have it keep them elsewhere if that is no place.

    It starts no process where their path has letters outside ASCII, such as a user's name. Everyone
    may write to the folder of shared memory on Linux, and to the public one on Windows.
    """
    usual = os.environ.get("JOBLIB_TEMP_FOLDER") or tempfile.gettempdir()
    if usual.isascii():
        return usual
    for shared in ("/dev/shm", os.environ.get("PUBLIC", "")):
        if os.access(shared, os.W_OK):
            os.environ["JOBLIB_TEMP_FOLDER"] = shared
            return shared
    return usual


@contextmanager
def _deaf_to_ctrl_c() -> Iterator[None]:
    """Start processes that do not hear a Ctrl-C, as long as a ``with`` block lasts.

    A terminal, or a notebook's stop button, sends it to all of them. Each would print its own
    traceback; but this process hears it, and ends them.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # the first process of all; its start ends any blocking
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # they inherit it
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _warn(verb: str, reason: str) -> None:
    warn(
        f"{verb} takes longer, since no further process can be started ({reason}); on Linux, see "
        "that /dev/shm may be written and has room."
    )
