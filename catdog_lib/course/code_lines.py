"""Let the lines of a page's code wrap where there is no room, their continuations indented.

Each line becomes an element of its own, for ``docs/_static/code.css`` to indent. The rows of a
table that a cell prints would fall apart: they stay whole, and the table scrolls if it is wider
than the page.
"""

from __future__ import annotations

import html
import re

_BLOCK = re.compile(r'(?<=<div class="highlight">)<pre>(.*?)</pre>', re.DOTALL)
_PRINTED = re.compile(r'<div class="output stream [^"]*"><div class="highlight">$')
_TAG = re.compile(r"<[^>]+>")
_INDENT = re.compile(r"(?:<[^>]+>)*( *)")
_COLUMNS = re.compile(r"\S {2,}\S")


def wrap_lines(body: str) -> str:
    """Return the HTML of a page, with an element around each line of its code."""

    def lines_of(block: re.Match) -> str:
        """Return the element of one piece of code, or of what a cell prints."""
        # Pygments ends at the end of a line whatever it colours, so each line is whole HTML.
        lines = block[1].removesuffix("\n").split("\n")
        printed = _PRINTED.search(body, max(0, block.start() - 200), block.start())
        rows = [bool(printed) and is_row(html.unescape(_TAG.sub("", line))) for line in lines]
        if sum(rows) < 2:  # one line with a gap in it is no table
            return f"<pre>{''.join(map(_line, lines))}</pre>"
        table = [f"{one}\n" if row else _line(one) for one, row in zip(lines, rows, strict=True)]
        return f'<pre class="table">{"".join(table)}</pre>'

    return _BLOCK.sub(lines_of, body)


def is_row(printed: str) -> bool:
    """Tell whether a printed line has columns."""
    return bool(_COLUMNS.search(printed.strip()))


def _line(code: str) -> str:
    """Return the element of one line, which tells CSS by how many columns it is indented."""
    indent = len(_INDENT.match(code)[1])
    style = f' style="--indent: {indent}"' if indent else ""
    return f'<span class="line"{style}>{code}\n</span>'
