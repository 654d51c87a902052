"""Show the library's own code in a notebook."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable

from IPython.display import Code


def show_source(thing: Callable | type) -> Code:
    """Return the source of a function or class of the library, for a notebook to show.

    It is read from the file that runs, so what a lesson shows cannot differ from it.
    """
    return Code(textwrap.dedent(inspect.getsource(thing)), language="python")
