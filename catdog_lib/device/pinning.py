"""Keep PyTorch's threads on cores of their own while they compute in 16 bits.

In bfloat16 and float16 some of oneDNN's kernels have the threads wait for each other within one
convolution, in a loop that never gives up its core. If another program has a core, two threads may
take turns on the core that is left, milliseconds each, and most of the time goes into that loop: a
training run of half a second took ten beside one busy program, and 1.8 with a core for each thread
(docs/measurements.md). In float32 there is little of that, and
:mod:`catdog_lib.device.neighbours` alone was faster.

Lesson 10, section 2.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import torch

from catdog_lib.device.openmp import openmp
from catdog_lib.interrupts import interrupts_later

_TOPOLOGY = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"


@contextmanager
def own_cores(device: torch.device, dtype: torch.dtype) -> Iterator[None]:
    """Keep each thread that computes for the caller on a core of its own, within the block.

    Afterwards they may go where they could before. What the threads compute stays the same, bit for
    bit. It does nothing where the system or PyTorch's OpenMP library offers no way (outside Linux),
    if there are fewer threads than cores, as when several programs share a machine, or if the
    threads are kept already.

    Args:
        device: what computes within the block; on a GPU, threads have little to do.
        dtype: the number format of the convolutions; in float32 it does nothing.
    """
    allowed = _allowed()
    places = _places(allowed) if device.type == "cpu" and dtype != torch.float32 else []
    if len(places) < 2 or torch.get_num_threads() != len(places) or not openmp():
        yield
        return
    try:
        _in_each_thread(lambda number: _keep(places[number]))
        yield
    finally:
        _in_each_thread(lambda number: _keep(allowed))


def _allowed() -> set[int]:
    """Return the processors that the calling thread may use; none where the system does not say."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else set()


def _places(processors: set[int]) -> list[set[int]]:
    """Return the processors of each core: two of them, where a core runs two threads at once."""
    cores = dict.fromkeys(frozenset(_siblings(each) & processors) for each in sorted(processors))
    places = [set(core) for core in cores]
    if torch.get_num_threads() == len(processors):  # each thread gets half a core
        return [{each} for each in sorted(processors)]
    return places


def _siblings(processor: int) -> set[int]:
    """Return the processors that share a core with this one, itself among them."""
    try:
        text = Path(_TOPOLOGY.format(processor)).read_text(encoding="ascii")
    except OSError:
        return {processor}
    found = {processor}
    for part in text.strip().split(","):  # such as "0-1" or "0,4"
        first, _, last = part.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    return found


def _keep(processors: set[int]) -> None:
    """Keep the calling thread on these processors."""
    with suppress(OSError):  # somebody may have taken one from this program meanwhile
        os.sched_setaffinity(0, processors)


_Work = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


def _in_each_thread(action: Callable[[int], None]) -> None:
    """Call a function in each thread that computes for the caller, with the thread's number."""
    library = openmp()
    work = _Work(lambda _: action(library.omp_get_thread_num()))
    with interrupts_later():  # ctypes drops what is raised within a call from C
        library.GOMP_parallel(work, None, torch.get_num_threads(), 0)
