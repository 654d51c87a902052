"""Silence what PyTorch prints, where an error says the same or nothing is wrong."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_stdout() -> Iterator[None]:
    """Discard all that this process writes to its standard output in a ``with`` block.

    What compiled code writes, too: Python's own redirection does not reach it.
    """
    sys.stdout.flush()
    kept, nowhere = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def quiet_logger(name: str) -> Iterator[None]:
    """Discard all that Python's logger of this name is given in a ``with`` block."""
    logger = logging.getLogger(name)
    kept, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = kept
