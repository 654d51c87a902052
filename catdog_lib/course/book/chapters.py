"""The chapters of the book: each lesson as it was run, its hints and solutions at its end.

On a screen hints and solutions are folded. On paper they stand together after the lesson, where
nobody reads them by accident.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from nbformat import NotebookNode, v4

from catdog_lib.course.cells_html import cells_html
from catdog_lib.course.outputs import with_outputs

_EXERCISE = re.compile(r"^### (Exercise \S+)", re.MULTILINE)
_FOLD = re.compile(r"<details>\s*<summary>.*?</summary>|</details>", re.DOTALL)
_HEADING = re.compile(r"<h([12])>(.*?)</h\1>", re.DOTALL)
_GLOSSARY = re.compile(r"```\{glossary\}\n(.*?)```", re.DOTALL)


@dataclass(frozen=True)
class Heading:
    """A line of the contents: 1 for a chapter or 2 for a section, its text as HTML, its anchor."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Chapter:
    """A chapter: its HTML and its headings, the first of which is the chapter's own."""

    html: str
    headings: list[Heading]


def lesson_chapter(number: str, lesson: NotebookNode, executed: NotebookNode) -> Chapter:
    """Return the chapter of a lesson.

    Args:
        number: such as "03".
        lesson: the notebook as it is now.
        executed: a copy that has been run.

    Raises:
        CatdogError: the lesson has changed since it was run.
    """
    main: list[NotebookNode] = []
    answers: list[NotebookNode] = [v4.new_markdown_cell("## Hints and solutions")]
    exercise = ""
    for cell in lesson.cells:
        tags = set(cell.metadata.get("tags", []))
        if cell.cell_type == "markdown" and (found := _EXERCISE.findall(cell.source)):
            exercise = found[-1]
        if "hint" in tags:
            hint = _FOLD.sub("", cell.source).strip()
            answers.append(v4.new_markdown_cell(f"### {exercise}\n\n{hint}"))
        elif "solution" in tags:
            answers.append(v4.new_code_cell(cell.source))
        elif "progress" in tags:
            continue  # not the reader's own progress
        elif "exercise" in tags:
            main.append(v4.new_code_cell(cell.source))  # what it prints is "not attempted yet"
        else:
            main.append(with_outputs(cell, executed) if cell.cell_type == "code" else cell)
    return _with_anchors(f"lesson-{number}", cells_html([*main, *answers], executed))


def page_chapter(page: Path) -> Chapter:
    """Return the chapter that one of the course's own pages makes, such as the glossary."""
    text = _GLOSSARY.sub(_definitions, page.read_text(encoding="utf-8"))
    text = re.sub(r"\{term\}`([^`<]*?)(?: *<[^`>]*>)?`", r"*\1*", text)
    chapter = _with_anchors(page.stem, cells_html([v4.new_markdown_cell(text)]))
    return Chapter(chapter.html, chapter.headings[:1])


def _definitions(glossary: re.Match) -> str:
    """Return the entries of a glossary as paragraphs that begin with the term in bold."""
    entries = []
    for entry in re.split(r"\n\n(?=\S)", glossary[1].strip()):
        lines = entry.split("\n")
        terms = [line for line in lines if not line.startswith(" ")]
        meaning = " ".join(line.strip() for line in lines if line.startswith(" "))
        entries.append(f"**{', '.join(terms)}**: {meaning}")
    return "\n\n".join(entries)


def _with_anchors(name: str, body: str) -> Chapter:
    """Return a chapter whose headings of the first two levels have anchors."""
    headings: list[Heading] = []

    def mark(found: re.Match) -> str:
        """Give one heading its anchor."""
        level, text = int(found[1]), found[2]
        anchor = f"{name}-{len(headings)}" if headings else name
        headings.append(Heading(level, text, anchor))
        return f'<h{level} id="{anchor}">{text}</h{level}>'

    return Chapter(_HEADING.sub(mark, body), headings)
