"""One set-up at a time: a second one waits until the first has ended, however it ends."""

import errno
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if os.name == "nt":
    import msvcrt
else:
    import fcntl


@contextmanager
def alone(path: Path) -> Iterator:
    """Keep other processes out that lock the same file, which is made; say so when waiting."""
    with path.open("a") as file:
        if not try_lock(file):
            print("Another set-up is at work here; waiting for it to end.", flush=True)
            while not try_lock(file):
                time.sleep(0.5)
        yield


def try_lock(file: IO) -> bool:
    """Lock an open file until it is closed; return False if another process has locked it.

    Returns True on a disk that knows no locks, too, as on some network drives.
    """
    try:
        if os.name == "nt":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EACCES, errno.EAGAIN, errno.EDEADLK)
    return True
