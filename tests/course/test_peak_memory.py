"""What a process and those that it starts hold, as the lessons promise it."""

import os
import subprocess
import sys
import time

import pytest

from catdog_lib.course import peak_memory
from catdog_lib.course.peak_memory import MemoryWatch, children

MB = 10**6
HOLD = "import sys, time\nmuch = b'1' * int(sys.argv[1])\nprint(flush=True)\nsys.stdin.read()"


def watched(code: str, *arguments: object) -> int:
    """Return the peak of a process that runs this code, prints a line, and waits for its end."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        watch = MemoryWatch(process.pid)
        watch.start()
        process.stdout.readline()
        time.sleep(0.4)
        watch.stop()
        process.stdin.close()
    return watch.peak


linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")


@linux
def test_a_process_and_what_it_starts_count():
    start = (
        "import subprocess, sys\nmuch = b'1' * 200_000_000\n"
        f"child = subprocess.Popen([sys.executable, '-c', {HOLD!r}, '100_000_000'])\n"
        "child.wait()"
    )
    assert 200 * MB < watched(HOLD, 200 * MB) < 230 * MB
    assert 300 * MB < watched(start) < 360 * MB


@linux
def test_what_was_freed_before_counts_as_the_peak():
    code = "import sys\nmuch = b'1' * 200_000_000\nimport time\ntime.sleep(0.4)\ndel much\n"
    assert 200 * MB < watched(code + "print(flush=True)\nsys.stdin.read()") < 230 * MB


@linux
def test_pages_of_files_do_not_count(tmp_path):
    (tmp_path / "large").write_bytes(b"1" * 200 * MB)
    code = (
        "import mmap, sys\nfile = open(sys.argv[1], 'rb')\n"
        "pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)\n"
        "assert sum(pages[::4096]) > 0\nprint(flush=True)\nsys.stdin.read()"
    )
    assert watched(code, tmp_path / "large") < 30 * MB


@linux
def test_the_children_of_a_process_are_found():
    with subprocess.Popen([sys.executable, "-c", HOLD, "1"], stdin=subprocess.PIPE) as process:
        assert process.pid in children(os.getpid())
        process.stdin.close()
    assert process.pid not in children(os.getpid())


def samples_of(monkeypatch, *families: dict[int, int]) -> int | None:
    """Return the peak of process 1 in these samples, each process → what it holds."""
    watch, left, held = MemoryWatch(1), list(families), {}

    def next_family(pid: int) -> list[int]:
        held.clear()
        held.update(left.pop(0))
        if not left:
            watch.stop()
        return list(held)

    monkeypatch.setattr(MemoryWatch, "join", lambda self: None)  # it runs in this thread
    monkeypatch.setattr(peak_memory, "_with_descendants", next_family)
    monkeypatch.setattr(peak_memory, "_held", held.get)
    watch.run()
    return watch.peak


def test_a_process_that_is_just_being_started_does_not_count(monkeypatch):
    assert samples_of(monkeypatch, {1: 300}, {1: 300, 2: 300}, {1: 310, 2: 20}) == 330


def test_where_the_system_does_not_say_there_is_no_peak(monkeypatch):
    assert samples_of(monkeypatch, {1: 0}, {1: 0}) is None


def test_a_process_that_ends_while_it_is_looked_at_has_no_children(monkeypatch):
    def gone(path):
        raise FileNotFoundError(path)

    monkeypatch.setattr(os, "listdir", gone)
    monkeypatch.setattr(os, "scandir", gone)
    assert children(os.getpid()) == []
