"""Work on many files in several processes, and in one where no further process can be started."""

import ast
import errno
import os
import shutil
import signal
import subprocess
import sys
import warnings
from functools import partial
from pathlib import Path

import pytest
from joblib.externals.loky import get_reusable_executor

from catdog_lib.data.parallel import parallel_map
from catdog_lib.device import cores
from catdog_lib.errors import CatdogError

ROOT = Path(__file__).parents[2]
ITEMS = range(350)  # four chunks
SQUARES = [item**2 for item in ITEMS]
FULL_OR_READ_ONLY = [errno.ENOSPC, errno.EROFS, errno.EACCES, errno.ENOSYS]

# A process of its own, which sees a file system of its own at /dev/shm.
IN_THERE = """
import warnings
from catdog_lib.data.parallel import parallel_map
from tests.data.test_parallel import ITEMS, SQUARES, squares

with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    assert parallel_map(squares, ITEMS, "Decoding", "photo", False) == SQUARES
print(*(one.message for one in said), sep="\\n")
"""
MOUNT = "mount -t tmpfs -o {} tmpfs /dev/shm && {} && exec {}"


def squares(first: int, chunk) -> list[int]:
    assert first == chunk[0]
    return [item**2 for item in chunk]


def the_process(first: int, chunk) -> list[int]:
    return [os.getpid()]


def deaf(first: int, chunk) -> list[tuple[int, bool]]:
    """Say which process this is, and whether a Ctrl-C does not reach it."""
    return [(os.getpid(), signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, []))]


def squares_until_killed(first: int, chunk) -> list[int]:
    """Square, but kill the process of the third chunk, as a system does when memory runs out."""
    if first == 200:
        os.kill(os.getpid(), signal.SIGKILL)
    return squares(first, chunk)


def squares_or_error(parent: int, first: int, chunk) -> list[int]:
    """Square, but report a full disk in the third chunk, in another process than the first."""
    if first == 200 and os.getpid() != parent:
        raise OSError(errno.ENOSPC, "No space left on device")
    return squares(first, chunk)


def without_semaphores(monkeypatch, number: int) -> None:
    """Let the system refuse what processes share; new ones have to be started."""
    get_reusable_executor().shutdown(wait=True)

    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("multiprocessing.synchronize._multiprocessing.SemLock", refuse)
    monkeypatch.setattr("joblib.externals.loky.backend.synchronize._SemLock", refuse)


def test_the_results_are_in_order():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parallel_map(squares, ITEMS, "Decoding", "photo", False) == SQUARES
        assert parallel_map(squares, range(5), "Decoding", "photo", False) == SQUARES[:5]
        assert parallel_map(squares, [], "Decoding", "photo", False) == []


@pytest.mark.parametrize("number", FULL_OR_READ_ONLY)
def test_without_shared_memory_one_process_does_the_work_and_says_so(monkeypatch, number):
    with monkeypatch.context() as changed:
        without_semaphores(changed, number)
        with pytest.warns(UserWarning, match="^Decoding takes longer, since no further") as said:
            assert parallel_map(squares, ITEMS, "Decoding", "photo", False) == SQUARES
    assert len(said) == 1 and os.strerror(number) in str(said[0].message)
    assert said[0].filename == __file__
    test_the_results_are_in_order()  # later there is room again


def test_what_fails_in_the_middle_goes_on_in_this_process():
    work = partial(squares_or_error, os.getpid())
    with pytest.warns(UserWarning, match="No space left on device"):
        assert parallel_map(work, ITEMS, "Decoding", "photo", False) == SQUARES


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="not on Windows")
def test_a_ctrl_c_is_heard_by_this_process_alone():
    """It ends the others itself; they would print a traceback each. In a process that has none."""
    code = "import os; from catdog_lib.data.parallel import parallel_map as each\n"
    code += "from tests.data.test_parallel import ITEMS, deaf\n"
    code += "print(*deaf(0, []), *each(deaf, ITEMS, 'Decoding', 'photo', False), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    mine, *others = map(ast.literal_eval, done.stdout.splitlines())
    assert not mine[1] and len(others) == 4
    assert all(process != mine[0] and is_deaf for process, is_deaf in others)


@pytest.mark.skipif(os.name == "nt", reason="no SIGKILL there")
def test_where_joblib_works_in_this_process_it_goes_on():
    """As on a machine with one core."""
    program = (
        "from catdog_lib.data.parallel import in_processes\n"
        "import time\n"
        "calls = [(0.6,)] * 3\n"
        "assert len(list(in_processes(time.sleep, calls, 'Waiting', processes=1))) == 3"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_a_process_that_is_killed_is_one_sentence():
    with pytest.raises(CatdogError, match=r"one of its processes was killed.*; end other programs"):
        parallel_map(squares_until_killed, ITEMS, "Decoding", "photo", False)
    test_the_results_are_in_order()


@pytest.mark.parametrize(
    ("options", "before", "reason"),
    [
        ("ro", "true", "Read-only file system"),
        ("size=8k", "cat /dev/zero > /dev/shm/all 2> /dev/null; true", "No space left on device"),
    ],
    ids=["read-only", "full"],
)
def test_a_real_shared_memory_that_is_full_or_read_only(options, before, reason):
    run = ["unshare", "--mount", "sh", "-c"]
    if sys.platform != "linux" or not shutil.which("unshare"):
        pytest.skip("needs Linux, and unshare")
    if subprocess.run([*run, MOUNT.format("ro", "true", "true")], capture_output=True).returncode:
        pytest.skip("needs the permission to mount a file system")
    program = f'{sys.executable} -c "$PROGRAM"'
    done = subprocess.run(
        [*run, MOUNT.format(options, before, program)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PROGRAM": IN_THERE},
    )
    assert done.returncode == 0, done.stderr
    (sentence,) = done.stdout.splitlines()
    assert reason in sentence and sentence.endswith("may be written and has room.")
    assert "serial mode" not in done.stderr


def missing(first, items):
    return [Path("no such file").read_text() for _ in items]


def test_what_the_work_cannot_open_is_its_own_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(FileNotFoundError):
            parallel_map(missing, ITEMS, "Decoding", "photo", False)


@pytest.mark.skipif(sys.platform != "linux", reason="there, memory is shared in /dev/shm")
@pytest.mark.skipif(cores() < 2, reason="there is one core, so never two processes")
def test_a_users_name_with_other_letters_does_not_cost_the_other_cores(tmp_path, monkeypatch):
    """joblib cannot keep its files below such a folder, where Windows has its temporary ones."""
    folder = tmp_path / "josé"
    folder.mkdir()
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(folder))
    processes = parallel_map(the_process, ITEMS, "Decoding", "photo", False)
    assert len(processes) == 4 and os.getpid() not in processes


def test_where_there_is_no_other_folder_it_says_why_it_takes_longer(tmp_path, monkeypatch):
    monkeypatch.setenv("JOBLIB_TEMP_FOLDER", str(tmp_path / "josé"))
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.warns(UserWarning, match="josé, has letters outside ASCII"):
        assert parallel_map(squares, ITEMS, "Decoding", "photo", False) == SQUARES
