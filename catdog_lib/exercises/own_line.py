"""Say where a student's code stopped: an exception with the student's own line.

A notebook shows a hint in place of a traceback, so the hint has to name the line. The frames of
libraries are skipped: a student can mend only what the student wrote.
"""

from __future__ import annotations

import sys
import sysconfig
import traceback
from pathlib import Path

_LIBRARIES = (
    str(Path(__file__).parents[1]),
    *(sysconfig.get_path(kind) for kind in ("stdlib", "purelib", "platlib")),
    "<frozen",
    "<__array_function__",
)


def _place(filename: str) -> str:
    """Return the name of a file, or of a notebook's cell as the notebook shows it: In[7]."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    named = shell.compile.format_code_name(filename) if shell else None
    if named:
        return " ".join(named)
    return "your code" if filename.startswith("<") else Path(filename).name


def describe(error: BaseException) -> str:
    """Return an exception in words: its type, what it says, and the line of the student's.

    Of several frames of the student's, the innermost counts. If there is none, as for a value of
    the wrong type that the checker itself stumbled over, only the exception is described.
    """
    said = traceback.format_exception_only(error)[-1].strip()
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if not frame.filename.startswith(_LIBRARIES)]
    if not own:
        return said
    last = own[-1]
    place = f"line {last.lineno} of {_place(last.filename)}"
    return f"{said} (in {place}: {last.line})" if last.line else f"{said} (in {place})"
