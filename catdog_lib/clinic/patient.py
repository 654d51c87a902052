"""A patient: a script with one defect, and the change of a line or two that mends it.

The mended script is made from the text of the broken one, so that the two cannot differ in anything
else.

Lesson 08, section 1.
"""

from __future__ import annotations

import difflib
import inspect
import linecache
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from IPython.display import Code

from catdog_lib.clinic.parts import Run
from catdog_lib.data.image_set import Splits

Script = Callable[[Splits, int, int], Run]


@dataclass(frozen=True)
class Patient:
    """A broken script, and what to write instead.

    Attributes:
        broken: a function of the images, the seed and the number of epochs.
        fix: the wrong lines → the right ones. Each is found exactly once.
    """

    broken: Script
    fix: Mapping[str, str]

    @cached_property
    def sources(self) -> tuple[str, str]:
        """The text of the script, broken and fixed.

        Raises:
            ValueError: a wrong line is not found exactly once.
        """
        broken = textwrap.dedent(inspect.getsource(self.broken))
        fixed = broken
        for wrong, right in self.fix.items():
            if fixed.count(wrong) != 1:
                raise ValueError(f"{wrong!r} occurs {fixed.count(wrong)} times in {self.broken}.")
            fixed = fixed.replace(wrong, right)
        return broken, fixed

    @cached_property
    def fixed(self) -> Script:
        """The mended script."""
        source, file = self.sources[1], f"<fixed {self.broken.__module__}>"
        names = dict(self.broken.__globals__)
        exec(compile(source, file, "exec"), names)
        lines = source.splitlines(keepends=True)
        linecache.cache[file] = len(source), None, lines, file  # for tracebacks and show_source
        return names[self.broken.__name__]

    def diff(self) -> Code:
        """Return the lines that change, for a notebook to show: − wrong, + right."""
        broken, fixed = (source.splitlines() for source in self.sources)
        lines = list(difflib.unified_diff(broken, fixed, n=2, lineterm=""))[2:]
        return Code("\n".join(lines), language="diff")
