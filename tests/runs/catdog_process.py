"""Real processes that run the real command, to be killed by a test.

To start Python and import torch takes seconds. These are forked from a process that has imported
everything, in milliseconds, so a test can kill thirty of them.
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
        slow: this many seconds more for every file that is forced onto the disk.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.runs.preloaded"])
    process = context.Process(target=_catdog, args=(list(map(str, arguments)), str(log), slow))
    process.start()
    return process


def _catdog(arguments: list[str], log: str, slow: float) -> None:
    """Run ``catdog`` in this process, with its output in a file."""
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    fsync = os.fsync
    os.fsync = lambda descriptor: (time.sleep(slow), fsync(descriptor))
    sys.exit(main(arguments))
