"""What a notebook needs to show the library's own code."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable

from IPython.display import Code


def show_source(thing: Callable | type) -> Code:
    """The source of a function or class of the library, as it runs: what a lesson shows cannot
    differ from it.
    """
    return Code(textwrap.dedent(inspect.getsource(thing)), language="python")
