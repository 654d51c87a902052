"""A neighbour: another program that keeps one core of the processor busy.

Lesson 10, section 2.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

# It says when it begins, and ends by itself, so that it cannot outlive a notebook that was killed
# by more than a minute.
_PROGRAM = """
import time
print("busy", flush=True)
end = time.monotonic() + 60
while time.monotonic() < end:
    pass
"""


@contextmanager
def busy_core() -> Iterator[subprocess.Popen]:
    """Run a program that computes without a pause, as long as the ``with`` block lasts.

    Returns:
        Its process, which is busy when the block begins and has ended after it. It also ends by
        itself after a minute.
    """
    command = [sys.executable, "-c", _PROGRAM]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            process.stdout.readline()
            yield process
        finally:
            process.kill()
