"""Small pieces of Markdown: text that stays text, tables, and shares with their intervals."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from catdog_lib.training.metrics import wilson_interval


def escape(text: object) -> str:
    r"""Return text that Markdown and HTML show as it is, in one line: ``<b>`` becomes ``\<b\>``.

    Names of folders and networks may be anything; in a page they must not become markup.
    """
    line = " ".join(str(text).split())
    line = "".join(character for character in line if character.isprintable())
    return re.sub(r"([\\`*_{}\[\]<>()#!|~&$@:]|(?<=www)\.)", r"\\\1", line)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; its cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def percent(part: float, digits: int = 1) -> str:
    """Return a share as a text prints it: ``90.0%``."""
    return f"{100 * part:.{digits}f}%"


def share(right: int, count: int) -> str:
    """Return a share with its 95% confidence interval: ``90.0% (82.6% to 94.5%)``."""
    low, high = wilson_interval(right, count)
    return f"{percent(right / count)} ({percent(low)} to {percent(high)})"
