"""Grades as pages: one for each student, and one about the class."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence
from textwrap import shorten

from catdog_lib.data.check.html_page import html_page
from catdog_lib.grading.grade import Graded, Mark
from catdog_lib.language import translate

_STYLE = """\
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .8rem .4rem 0;
  border-bottom: 1px solid light-dark(#ccc, #444); overflow-wrap: anywhere; }
th[scope=col], td:nth-child(2) { white-space: nowrap; }
th[scope=row] { min-width: 4rem; }
ul { margin: 0; padding-left: 1.2rem; }
.right { color: light-dark(#17692f, #7fd197); }
.wrong { color: light-dark(#8a3b12, #f0a67a); }"""


def student_page(graded: Graded) -> str:
    """Return the page for one student: each exercise, and the hint that a wrong answer deserves."""
    rows = [
        f"<tr><th scope='row'>{number}</th>{_mark(mark)}</tr>"
        for number, mark in graded.marks.items()
    ]
    problem = f"<p>{html.escape(graded.problem)}.</p>\n" if graded.problem else ""
    body = (
        f"<p>{graded.points} of {len(graded.marks)} exercises are right.</p>\n{problem}"
        + _table(("Exercise", "Mark", "What to look at"), rows)
    )
    return html_page(graded.submission.student, body, _STYLE)


def class_page(graded: Sequence[Graded], files: Sequence[str]) -> str:
    """Return the page about the class: everyone's points, and the mistakes by how often they occur.

    Args:
        graded: everyone's marks.
        files: the name of each student's page.
    """
    numbers = list(graded[0].marks)
    exercises = []
    for number in numbers:
        marks = [g.marks[number] for g in graded]
        share = sum(mark.right for mark in marks) / len(marks)
        reasons = Counter(
            "Nothing that could be read" if mark.reason == g.problem else _kind(mark.reason)
            for g, mark in zip(graded, marks, strict=True)
            if not mark.right
        )
        said = "".join(f"<li>{count} × {_text(kind)}</li>" for kind, count in reasons.most_common())
        exercises.append(
            f"<tr><th scope='row'>{number}</th><td>{share:.0%}</td><td><ul>{said}</ul></td></tr>"
        )
    students = [
        f"<tr><th scope='row'><a href='{html.escape(file)}'>{html.escape(g.submission.student)}</a>"
        f"</th><td>{g.points} of {len(numbers)}</td><td>{html.escape(_remarks(g))}</td></tr>"
        for g, file in zip(graded, files, strict=True)
    ]
    body = "\n".join(
        [
            f"<p>{len(graded)} submissions, {len(numbers)} exercises.</p>",
            "<h2>What went wrong</h2>",
            _table(("Exercise", "Right", "Mistakes"), exercises),
            "<h2>Students</h2>",
            _table(("Student", "Points", "To look at"), students),
        ]
    )
    return html_page("The class", body, _STYLE)


def _mark(mark: Mark) -> str:
    """Return the cells of a mark."""
    kind, word = ("right", "✓ right") if mark.right else ("wrong", "✗ not yet")
    said = _text(translate(mark.reason))
    return f"<td class='{kind}'>{word}</td><td>{said}</td>"


def _remarks(graded: Graded) -> str:
    """Return what a teacher should look at in a submission."""
    said = [f"{n}: {mark.note}" for n, mark in graded.marks.items() if mark.note]
    said += [f"{n}: {m.reason}" for n, m in graded.marks.items() if "look at it" in m.reason]
    said += [graded.problem] if graded.problem else []
    return "; ".join(said)


def _text(said: str) -> str:
    """Return a text for a page, with what stands between backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(said))


def _kind(reason: str) -> str:
    """Return the kind of a mistake: its first sentence without the place, one sign for a number."""
    first = re.split(r"(?<=[.?!]) | \(in line ", reason, maxsplit=1)[0]
    alike = re.sub(r"(?<![\w.\"])-?\d+(?:\.\d+)?(?:e-?\d+)?", "…", first)
    return shorten(alike, 160, placeholder=" …")


def _table(header: Sequence[str], rows: Sequence[str]) -> str:
    """Return a table."""
    head = "".join(f"<th scope='col'>{name}</th>" for name in header)
    return f"<table>\n<tr>{head}</tr>\n" + "\n".join(rows) + "\n</table>"
