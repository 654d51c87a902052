"""A process for each loop: its memory, threads and loaders cannot disturb the rest."""

from __future__ import annotations

import multiprocessing as mp
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from catdog_lib.errors import CatdogError


class WorkerProcess:
    """A process that holds objects with a method ``round``, by name; use it in a ``with`` block."""

    def __init__(self) -> None:
        context = mp.get_context("spawn")  # a fork would copy the threads' locks, but no threads
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other,))
        self.process.start()
        other.close()

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(self, *_) -> None:
        self.pipe.close()  # it then ends by itself
        self.process.join(10)
        if self.process.is_alive():
            self.process.kill()
            self.process.join()

    def make(self, name: str, kind: Callable[..., Any], *arguments: object) -> None:
        """Make ``kind(*arguments)`` in the process, in place of what had this name.

        Raises:
            CatdogError: it failed.
        """
        self._ask(name, kind, arguments)

    def round(self, name: str) -> Any:
        """Return what the ``round`` of the object with this name returns.

        Raises:
            CatdogError: it failed.
        """
        return self._ask(name, None, ())

    def _ask(self, name: str, kind: Callable[..., Any] | None, arguments: tuple) -> Any:
        """Let the process make or run the object of this name, and return what comes back."""
        try:
            self.pipe.send((name, kind, arguments))
            failure, value = self.pipe.recv()
        except (EOFError, OSError):
            failure = "its process ended, perhaps out of memory"
        if failure:
            raise CatdogError(
                f"The {name} could not be measured ({failure}); use --only to leave it out."
            )
        return value


def _serve(pipe: Connection) -> None:
    """Answer requests until the other end of the pipe is closed."""
    # The loaders of a loop start as in a program of its own: by the system's default, not by spawn.
    mp.set_start_method(mp.get_all_start_methods()[0], force=True)
    objects: dict[str, Any] = {}
    try:
        while True:
            name, kind, arguments = pipe.recv()
            try:
                value = None
                if kind:
                    objects.pop(name, None)  # frees its memory first
                    objects[name] = kind(*arguments)
                else:
                    value = objects[name].round()
                pipe.send((None, value))
            except Exception as error:
                said = (str(error).splitlines() or [""])[0]
                pipe.send((f"{type(error).__name__}: {said}", None))
    except (EOFError, OSError, KeyboardInterrupt):
        pass  # it is no longer wanted
