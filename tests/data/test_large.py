"""Large folders, little memory, and a lesson that stays open for half a day."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from joblib.externals.loky import get_reusable_executor

from catdog_lib import data
from catdog_lib.course.peak_memory import children
from catdog_lib.data import parallel
from catdog_lib.data.cache import cache_dir
from catdog_lib.data.folders import scan
from tests.data.photo_folders import fill, photo

GIB = 1 << 30


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CATDOG_DATA", raising=False)


MEASURED = """
import re, sys, time
from catdog_lib import data
began = time.process_time()
splits = data.load(sys.argv[1], 32, max_train=400, max_test=100, progress=False)
print(len(splits.train) + len(splits.validation) + len(splits.test), time.process_time() - began)
status = open("/proc/self/status").read()
# Not getrusage, which begins with the parent's.
print(1024 * int(re.search(r"VmHWM:\\s+(\\d+)", status)[1]))
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="hard links and peak memory as on POSIX")
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a peak in this way")
def test_a_hundred_thousand_photos(tmp_path):
    """Names alone are read: half a minute of a slow core, and less than a gigabyte."""
    for word in ("cat", "dog"):
        first = photo(tmp_path / "pets" / f"{word}s" / "0.jpg")
        for i in range(1, 50_000):
            if i % 10_000 == 0:  # a file system may limit the links to one file
                first = photo(first.parent / f"{i}.jpg")
            else:
                os.link(first, first.parent / f"{i}.jpg")
    done = subprocess.run(
        [sys.executable, "-c", MEASURED, str(tmp_path / "pets")],
        capture_output=True,
        text=True,
        timeout=500,
        check=True,
    )
    images, seconds, peak = (float(word) for word in done.stdout.split())
    assert images == 500 and seconds < 40 and peak < GIB, done.stdout


LITTLE = """
import resource, sys
resource.setrlimit(resource.RLIMIT_DATA, (int(sys.argv[1]), int(sys.argv[1])))
from catdog_lib.cli import main
raise SystemExit(main(sys.argv[2:]))
"""


def with_memory(limit: int, *arguments: object) -> subprocess.CompletedProcess:
    """Run a command in a process that may take so many bytes of memory of its own."""
    return subprocess.run(
        [sys.executable, "-c", LITTLE, str(limit), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=500,
        env={**os.environ, "CATDOG_BUDGET": "quick", "OMP_NUM_THREADS": "1"},
    )


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not limit memory so")
def test_two_gigabytes_are_enough_and_too_little_is_one_sentence(tmp_path):
    command = ["train", "--model", "five_conv", "--data", "sketches", "--epochs", "1", "--quiet"]
    command += ["--max-train", "64"]
    done = with_memory(2 * GIB, *command, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr[-2000:]
    done = with_memory(GIB, *command, "--width", "2000", "--out", tmp_path / "large")
    assert done.returncode == 2, done.stderr[-2000:]
    sentence = done.stderr.splitlines()[-1]
    assert "emory" in sentence and "Traceback" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps mapped files from being deleted")
def test_a_lesson_left_open_while_its_cache_is_cleaned_keeps_its_images(tmp_path):
    """In twelve hours a cleaner removes the cache, and the photos may be gone, too."""
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    pets = data.load(tmp_path / "pets", 32, progress=False)
    before = pets.train[:][0].clone()
    shutil.rmtree(cache_dir())
    shutil.move(tmp_path / "pets", tmp_path / "elsewhere")
    assert torch.equal(pets.train[:][0], before)
    again = data.load(tmp_path / "elsewhere", 32, progress=False)
    assert torch.equal(again.train[:][0], before)


def test_processes_that_have_ended_in_the_meantime_are_started_again(tmp_path):
    """Idle ones end after some seconds; here they are killed."""
    fill(tmp_path / "pets", "{word}s/{i}.png", 130)
    data.load(tmp_path / "pets", 16, progress=False)
    get_reusable_executor().shutdown(wait=True, kill_workers=True)
    assert len(data.load(tmp_path / "pets", 24, progress=False).train) == 176


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux names the processes in this way")
def test_idle_processes_end_and_return_their_memory(tmp_path, monkeypatch):
    monkeypatch.setattr(parallel, "_IDLE", 3)

    def loaders() -> list[int]:
        commands = {pid: Path(f"/proc/{pid}/cmdline") for pid in children(os.getpid())}
        return [pid for pid, file in commands.items() if b"popen_loky" in file.read_bytes()]

    fill(tmp_path / "pets", "{word}s/{i}.png", 130)
    data.load(tmp_path / "pets", 16, progress=False)
    assert loaders()
    end = time.monotonic() + 60
    while loaders() and time.monotonic() < end:
        time.sleep(0.5)
    assert not loaders()


def test_a_clock_that_jumps_by_twelve_hours_changes_nothing(tmp_path, monkeypatch):
    """As when a laptop is closed: what was decoded is neither stale nor decoded twice."""
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    data.load(tmp_path / "pets", 32, progress=False)
    made = {path: path.stat().st_mtime_ns for path in cache_dir().glob("*.npy")}
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + 12 * 3600)
    data.load(tmp_path / "pets", 32, progress=False)
    assert made == {path: path.stat().st_mtime_ns for path in cache_dir().glob("*.npy")}
    assert len(scan(tmp_path / "pets").photos) == 20
