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
_SUSPICIOUS = (  # how lines begin that could be wrong
    *("images = ", "labels = ", "network = ", "head = ", "optimizer = ", "outputs = ", "loss = "),
    *("optimizer.", "loss.", "network.", "loaded.", "body.", "return network", "return loaded"),
    *("held_out, ", "hits = "),
)


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

    @property
    def culprit(self) -> str:
        """The first line of the broken script that has to change, or has to follow another."""
        wrong = next(iter(self.fix))
        return next(line.strip() for line in self.sources[0].splitlines() if wrong in line)

    @property
    def suspects(self) -> list[str]:
        """Four lines of the broken script in its order: the culprit, and three that are right."""
        lines = list(dict.fromkeys(line.strip() for line in self.sources[0].splitlines()))
        right = [
            line
            for line in lines
            if line.startswith(_SUSPICIOUS)
            and not any(wrong in line for wrong in (*self.fix, "classes="))
        ]
        some = [right[len(right) * (2 * i + 1) // 6] for i in range(3)]
        return sorted([self.culprit, *some], key=lines.index)

    def diff(self) -> Code:
        """Return the lines that change, for a notebook to show: − wrong, + right."""
        broken, fixed = (source.splitlines() for source in self.sources)
        lines = list(difflib.unified_diff(broken, fixed, n=2, lineterm=""))[3:]
        lines = ["…" if line.startswith("@@") else line for line in lines]
        return Code("\n".join(lines), language="diff")
