"""Let PyTorch's threads wait briefly while another program wants their cores.

The threads that share out a convolution wait for each other hundreds of times in a training step. A
thread that waits *spins*: it asks again and again, and keeps its core for milliseconds. That is
fastest as long as each thread has a core. But if another program keeps a core busy, two threads
take turns on one core, and the one that spins holds up the one it is waiting for: a step of the
five-convolution network then took 20 to 30 times as long (docs/measurements.md). A thread that
gives up its core as soon as it has nothing to do costs little there, and a fifth of the time where
there is no neighbour. So this process watches how long its threads queue for a core, and lets them
spin for long only while they hardly do.

GNU's OpenMP library, which PyTorch brings along on Linux, spins 100 times in place of 300,000 as
soon as it counts more threads than processors (``do_spin`` in libgomp's config/linux/wait.h,
``gomp_throttled_spin_count_var`` in its env.c). A team of threads that sleep makes it count so.
What the threads compute is the same in both cases, bit for bit.

Lesson 10, section 2.
"""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from functools import cache
from pathlib import Path

from catdog_lib.device.openmp import gnu_openmp

PERIOD = 0.1  # seconds between two looks
# How many threads queue for a core, on average. Beside programs that computed part of the time, to
# spin was faster below 0.45, and to give up the core above; threads that give it up queue less: 0.3
# beside a neighbour with which both are as fast (docs/measurements.md).
COMPANY, ALONE = 0.45, 0.3
CALM = 10  # looks in a row at which fewer than ALONE do, after which threads may spin again
_THREADS = Path("/proc/self/task")


@cache
def watch_neighbours() -> Neighbours | None:
    """Begin to watch for company, once in a process and until its end; None where nothing can be.

    That is outside Linux, on a single processor, with another OpenMP library, or where the memory
    of a process is limited (``ulimit -v``): GNU's library ends the process if there is no room for
    another thread.
    """
    library = gnu_openmp()
    if library is None or len(os.sched_getaffinity(0)) < 2 or _seconds_queued() is None:
        return None
    import resource  # Windows has none

    if resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY:
        return None
    neighbours = Neighbours(library)
    threading.Thread(target=neighbours.watch, daemon=True, name="catdog neighbours").start()
    return neighbours


@contextmanager
def thread_waits(*, short: bool) -> Iterator[None]:
    """Let threads that wait spin briefly, or for long, within the block, with or without company.

    It does nothing where :func:`watch_neighbours` can do nothing.
    """
    neighbours = watch_neighbours()
    with neighbours.held(short) if neighbours else nullcontext():
        yield


class Neighbours:
    """Whether other programs want the cores of this process, and what follows for its threads.

    Attributes:
        near: threads queue for cores, so those that wait spin briefly only.
    """

    def __init__(self, library: ctypes.CDLL):
        self._library = library
        self._team: _SleepingTeam | None = None
        self._calm = 0
        self._lock = threading.RLock()  # the watch and a caller must not assemble two teams

    @property
    def near(self) -> bool:
        return self._team is not None

    def watch(self) -> None:
        """Look again and again."""
        computed, last = time.process_time(), None
        while True:
            time.sleep(PERIOD)
            before, computed = computed, time.process_time()
            if computed - before < PERIOD / 10:
                last = None  # threads that have nothing to do tell nothing
                continue
            queued, now = _seconds_queued() or 0.0, time.monotonic()
            if last:
                self.note((queued - last[0]) / (now - last[1]))
            last = queued, now

    def note(self, queued: float) -> None:
        """Take in how many threads were queued on average since the last look."""
        self._calm = self._calm + 1 if queued < ALONE else 0
        if not self._lock.acquire(blocking=False):
            return  # a caller has said how threads are to wait
        try:
            if queued > COMPANY:
                self._wait(short=True)
            elif self._calm >= CALM:
                self._wait(short=False)
        finally:
            self._lock.release()

    @contextmanager
    def held(self, short: bool) -> Iterator[None]:
        """Let threads wait as the caller says, as long as the block lasts."""
        with self._lock:
            before = self.near
            self._wait(short)
            try:
                yield
            finally:
                self._wait(before)

    def _wait(self, short: bool) -> None:
        if short and not self._team:
            self._team = _SleepingTeam(self._library)
        elif self._team and not short:
            self._team.end()
            self._team = None


class _SleepingTeam:
    """Threads that sleep, one more than there are processors, to be counted by OpenMP."""

    def __init__(self, library: ctypes.CDLL):
        self._library = library
        self._over = threading.Event()
        self._leader = threading.Thread(target=self._assemble, daemon=True, name="catdog team")
        self._leader.start()

    def _assemble(self) -> None:
        nothing = ctypes.cast(self._library.omp_get_thread_num, ctypes.c_void_p)
        count = len(os.sched_getaffinity(0)) + 1
        if _may_start(count):
            self._library.GOMP_parallel(nothing, None, count, 0)
        self._over.wait()  # the team lasts as long as the thread that has assembled it

    def end(self) -> None:
        """Dismiss the threads."""
        self._over.set()
        self._leader.join()


def _may_start(count: int) -> bool:
    """Tell whether the system lets this process have so many more threads: it may limit them."""
    over = threading.Event()
    threads = [threading.Thread(target=over.wait, daemon=True) for _ in range(count)]
    try:
        for thread in threads:
            thread.start()
    except RuntimeError:
        return False
    finally:
        over.set()
    for thread in threads:
        thread.join()
    return True


def _seconds_queued() -> float | None:
    """Return for how many seconds all threads of this process have queued for a core.

    None if the system does not say. Source: Documentation/scheduler/sched-stats.rst of Linux.
    """
    nanoseconds = None
    with suppress(OSError):
        for thread in _THREADS.iterdir():
            with suppress(OSError):  # it has ended
                line = (thread / "schedstat").read_text("ascii")
                nanoseconds = (nanoseconds or 0) + int(line.split()[1])
    return None if nanoseconds is None else nanoseconds / 1e9
