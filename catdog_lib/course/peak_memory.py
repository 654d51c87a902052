"""Memory: the most that the kernel of a notebook holds, and what this machine has.

What counts is the memory that the system cannot take back while a process runs: its own data, in
the kernel and in the processes that it starts. The pages of files, such as PyTorch's libraries and
the photos in the cache, do not count: the system drops them when it needs room, and reads them
again.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

from psutil import virtual_memory

_INTERVAL = 0.02  # seconds between two samples
_LIMITS = (  # of the container that this process runs in: control groups, version 2 and 1
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


class MemoryWatch(Thread):
    """A thread that samples what a process and its descendants hold, until :meth:`stop`.

    Linux alone tells (``RssAnon`` and ``RssShmem`` in proc(5)). Pages that a forked process shares
    with its parent count twice.

    Attributes:
        peak: the most that they held at once so far, in bytes; None where the system does not say.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak: int | None = None
        self._pid = pid
        self._stopped = Event()

    def run(self) -> None:
        """Take samples."""
        known = {self._pid}
        while not self._stopped.wait(_INTERVAL):
            held = {pid: _held(pid) for pid in _with_descendants(self._pid)}
            # A process that is just being started may still use the memory of its parent.
            total = sum(size for pid, size in held.items() if pid in known)
            if total:
                self.peak = max(total, self.peak or 0)
            known = {self._pid, *held}

    def stop(self) -> None:
        """End the thread, once it has taken its last sample."""
        self._stopped.set()
        self.join()


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that still run; none where unknown."""
    threads, found = Path(f"/proc/{pid}/task"), []
    try:
        names = os.listdir(threads)
    except OSError:  # the process has ended
        return []
    for name in names:
        try:
            found += map(int, (threads / name / "children").read_text(encoding="ascii").split())
        except OSError:  # that thread has ended
            continue
    return found


def memory_here() -> int:
    """Return how much memory this process may use, in bytes: its container's, or the machine's."""
    sizes = [virtual_memory().total]
    for path in _LIMITS:
        with suppress(OSError, ValueError):  # no such limit; "max"
            sizes.append(int(path.read_text(encoding="ascii")))
    return min(sizes)


def _with_descendants(pid: int) -> list[int]:
    """Return a process and all that it has started, or they have."""
    return [pid, *(one for child in children(pid) for one in _with_descendants(child))]


def _held(pid: int) -> int:
    """Return the memory that a process holds, in bytes; 0 if it has ended, or where unknown."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return 1024 * sum(map(int, re.findall(r"^Rss(?:Anon|Shmem):\s+(\d+) kB", status, re.MULTILINE)))
