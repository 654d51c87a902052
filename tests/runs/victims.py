"""Processes to kill: real ones, which run the real command, made by forking one that has imported
everything.

To start Python and import torch takes seconds; to fork takes milliseconds, so thirty processes can
be killed in a test.
"""

import multiprocessing
import os
import sys
import time
from multiprocessing.process import BaseProcess
from pathlib import Path

from catdog_lib.cli import main


def start(arguments: list, log: Path, slow: float = 0.0) -> BaseProcess:
    """Start ``catdog`` with these arguments; all that it prints goes to ``log``.

    Args:
        slow: so many seconds more for every file that is forced onto the disk.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.runs.forked"])
    victim = context.Process(target=_catdog, args=(list(map(str, arguments)), str(log), slow))
    victim.start()
    return victim


def _catdog(arguments: list[str], log: str, slow: float) -> None:
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    fsync = os.fsync
    os.fsync = lambda descriptor: (time.sleep(slow), fsync(descriptor))
    sys.exit(main(arguments))
