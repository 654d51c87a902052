"""Threads that wait for each other: briefly while another program wants a core, and only then."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import torch

from catdog_lib.bench.neighbour import busy_core
from catdog_lib.device import neighbours as module
from catdog_lib.device import thread_waits, watch_neighbours

resource = pytest.importorskip("resource", reason="Windows counts no changes of thread")

needs_openmp = pytest.mark.skipif(
    sys.platform != "linux"
    or len(os.sched_getaffinity(0)) < 2
    or not any((Path(torch.__file__).parent / "lib").glob("libgomp*"))
    or not Path("/proc/self/schedstat").exists(),
    reason="needs Linux with schedstat, two processors, and PyTorch with GNU's OpenMP library",
)


@pytest.fixture
def two_threads():
    """Two threads for each convolution, which no other test is to notice."""
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def compute(until, seconds: float = 20) -> bool:
    """Share out work among threads until something is so; return whether it ever was."""
    images, kernels = torch.rand(16, 8, 64, 64), torch.rand(8, 8, 3, 3)
    end = time.monotonic() + seconds
    while not until() and time.monotonic() < end:
        for _ in range(10):
            torch.conv2d(images, kernels).relu_()
    return until()


@needs_openmp
class TestRealProcesses:
    def test_a_busy_program_is_noticed(self, two_threads):
        with busy_core(), busy_core():  # a core each, wherever the threads are
            assert compute(lambda: watch_neighbours().near)

    def test_what_they_compute_is_the_same_bit_for_bit(self, two_threads):
        torch.manual_seed(0)
        images, layer = torch.rand(16, 8, 64, 64), torch.nn.Conv2d(8, 8, 3)
        gradients = []
        for short in (False, True, False):
            with thread_waits(short=short):
                loss = layer(images).relu().square().mean()
                gradients.append(torch.autograd.grad(loss, layer.weight)[0])
        assert torch.equal(gradients[0], gradients[1])
        assert torch.equal(gradients[0], gradients[2])

    def test_threads_that_wait_briefly_give_up_their_cores(self, two_threads):
        given_up = {}
        for short in (False, True):
            with thread_waits(short=short):
                before = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
                compute(lambda: False, seconds=1)
                given_up[short] = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - before
        assert given_up[True] > 500 > given_up[False]


@needs_openmp
def test_the_watch_begins_with_the_library_and_once():
    code = (
        "import threading, catdog_lib.training.fit\n"
        "names = [thread.name for thread in threading.enumerate()]\n"
        "catdog_lib.device.watch_neighbours()\n"
        "again = [thread.name for thread in threading.enumerate()]\n"
        "print(*[all.count('catdog neighbours') for all in (names, again)])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == "1 1\n"


class Library:
    """In place of OpenMP's, it notes the teams that are assembled."""

    def __init__(self):
        self.omp_get_thread_num = module.ctypes.CFUNCTYPE(module.ctypes.c_int)(lambda: 0)
        self.teams = []

    def GOMP_parallel(self, work, data, threads, flags):
        self.teams.append((threading.current_thread(), threads))


@pytest.fixture
def library(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 5}, raising=False)
    return Library()


def test_company_is_noticed_at_once_and_its_absence_after_ten_looks(library):
    neighbours = module.Neighbours(library)
    for queued, near in [(0.0, False), (0.45, False), (0.46, True), (0.4, True)]:
        neighbours.note(queued)
        assert neighbours.near is near
    for queued in 9 * [0.29] + [0.3] + 9 * [0.29]:
        neighbours.note(queued)
        assert neighbours.near
    neighbours.note(0.29)
    assert not neighbours.near


def test_one_team_of_more_threads_than_processors_until_it_is_dismissed(library):
    neighbours = module.Neighbours(library)
    for _ in range(3):
        neighbours.note(1.0)
    with neighbours.held(short=True):
        assert neighbours.near
    neighbours._team._leader.join(0.2)  # it would end now
    ((leader, threads),) = library.teams
    assert threads == 4 and leader.is_alive() and leader.daemon
    for _ in range(10):
        neighbours.note(0.0)
    assert not neighbours.near and not leader.is_alive()


def test_within_a_block_threads_wait_as_the_caller_says_and_then_as_before(library):
    neighbours = module.Neighbours(library)
    neighbours.note(1.0)
    with neighbours.held(short=False):
        with neighbours.held(short=True):
            assert neighbours.near
        assert not neighbours.near
    assert neighbours.near
    with neighbours.held(short=False):
        watch = threading.Thread(target=neighbours.note, args=[1.0])
        watch.start()
        watch.join()
        assert not neighbours.near
    with pytest.raises(KeyboardInterrupt), neighbours.held(short=False):
        raise KeyboardInterrupt
    assert neighbours.near


@needs_openmp
def test_the_process_survives_where_there_is_no_room_for_a_thread():
    """GNU's library would end it."""
    code = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_AS, (8 << 30, 8 << 30))\n"
        "from catdog_lib.device import watch_neighbours\n"
        "print(watch_neighbours())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "None\n"


def test_no_team_is_assembled_if_threads_cannot_be_started(library, monkeypatch):
    start = threading.Thread.start

    def limited(thread):
        if thread.name.startswith("catdog"):
            return start(thread)
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", limited)
    neighbours = module.Neighbours(library)
    neighbours.note(1.0)
    neighbours._team._leader.join(0.2)
    assert library.teams == []


@pytest.mark.parametrize("lack", ["schedstat", "library", "processors"])
def test_where_it_cannot_watch_nothing_happens(lack, monkeypatch, tmp_path):
    watch_neighbours.cache_clear()
    monkeypatch.setattr(module, "gnu_openmp", Library)
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "schedstat").write_text("5 7 1\n")
    monkeypatch.setattr(module, "_THREADS", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1}, raising=False)
    monkeypatch.setattr(threading.Thread, "start", lambda thread: None)
    assert watch_neighbours()
    watch_neighbours.cache_clear()
    if lack == "schedstat":
        (tmp_path / "1" / "schedstat").unlink()
    elif lack == "library":
        monkeypatch.setattr(module, "gnu_openmp", lambda: None)
    else:
        monkeypatch.setattr(os, "sched_getaffinity", lambda process: {1}, raising=False)
    assert watch_neighbours() is None
    with thread_waits(short=True):
        pass
    monkeypatch.undo()
    watch_neighbours.cache_clear()


def test_seconds_queued_are_those_of_all_threads_that_are_left(monkeypatch, tmp_path):
    for thread, text in [("1", "9 2500000000 3\n"), ("2", "9 500000000 3\n"), ("3", None)]:
        (tmp_path / thread).mkdir()
        if text:
            (tmp_path / thread / "schedstat").write_text(text)
    monkeypatch.setattr(module, "_THREADS", tmp_path)
    assert module._seconds_queued() == 3.0
    monkeypatch.setattr(module, "_THREADS", Path("/no/such/folder"))
    assert module._seconds_queued() is None
