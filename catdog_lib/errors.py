"""The one kind of error that is meant for a student to read."""

from __future__ import annotations

from catdog_lib.language import translate


class CatdogError(Exception):
    """Something a student can put right.

    The message is one sentence: what is wrong, which file or argument, what to do. The command line
    prints it and exits with status 2; a notebook shows it without a traceback.
    """

    def _render_traceback_(self) -> list[str]:
        """Return what IPython prints in place of a traceback."""
        return [f"{type(self).__name__}: {translate(str(self))}"]
