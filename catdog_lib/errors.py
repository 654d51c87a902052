"""What is meant for a student to read: one kind of error, and warnings that name their line."""

from __future__ import annotations

import os
import sys
import warnings

from catdog_lib.language import translate

_LIBRARY = os.path.join(os.path.dirname(__file__), "")


class CatdogError(Exception):
    """Something a student can put right.

    The message is one sentence: what is wrong, which file or argument, what to do. The command line
    prints it and exits with status 2; a notebook shows it without a traceback.
    """

    def _render_traceback_(self) -> list[str]:
        """Return what IPython prints in place of a traceback."""
        return [f"{type(self).__name__}: {translate(str(self))}"]


def warn(message: str) -> None:
    """Give a warning that names the line outside the library from which the library was called.

    Python 3.12 has ``skip_file_prefixes`` for this; the course also runs on 3.11.
    """
    frame, level = sys._getframe(), 1
    while frame.f_back and frame.f_code.co_filename.startswith(_LIBRARY):
        frame, level = frame.f_back, level + 1
    warnings.warn(message, stacklevel=level)
