"""The main path of a lesson can be read in one sitting, and no cell is longer than a screen.

What goes further stands in cells with the tag "deeper", which the site folds and JupyterLab
collapses; hints and solutions are folded, too. The last cell, which shows a student's progress, is
the same in every lesson and does not count.
"""

import re
from pathlib import Path

import nbformat
import pytest

from catdog_lib.course.executed import DEEPER, QUIZ

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))
FOLDED = {DEEPER, "hint", "solution"}
NOT_COUNTED = FOLDED | {"progress"}
WORDS, CELLS, LINES = 3000, 70, 30


def tags(cell) -> set[str]:
    return set(cell.metadata.get("tags", []))


def words(source: str) -> int:
    """Count the words of a text; a formula counts as one, and what a lesson needs as none."""
    source = re.sub(r"^\*\*Memory\*\*:.*$", "", source, flags=re.MULTILINE)
    text = re.sub(r"\$\$.*?\$\$|\$[^$]*\$", " formula ", source, flags=re.DOTALL)
    return len(re.findall(r"\w[\w'.,-]*", re.sub(r"<[^>]*>|```.*?```", "", text, flags=re.DOTALL)))


def read(path: Path) -> list:
    return nbformat.read(path, as_version=4).cells


def level(cell) -> int:
    """Return how deep the heading is that a cell begins with; 0 for none."""
    found = cell.cell_type == "markdown" and re.match(r"(#+) ", cell.source)
    return len(found[1]) if found else 0


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_main_path_is_short(path):
    cells = [cell for cell in read(path) if not tags(cell) & NOT_COUNTED]
    count = sum(words(cell.source) for cell in cells if cell.cell_type == "markdown")
    assert count <= WORDS, f"{count} words"
    assert len(cells) <= CELLS, f"{len(cells)} cells"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_cell_is_longer_than_a_screen(path):
    long = {
        number: len(cell.source.splitlines())
        for number, cell in enumerate(read(path))
        if cell.cell_type == "code"
        and QUIZ not in tags(cell)
        and len(cell.source.splitlines()) > LINES
    }
    assert not long


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_what_goes_further_collapses_and_hides_nothing_else(path):
    """JupyterLab hides what follows a collapsed heading up to the next one of its level."""
    cells = read(path)
    opening = 0  # the level of the heading that opened the part
    for number, cell in enumerate(cells):
        if DEEPER in tags(cell):
            if level(cell):
                opening = level(cell)
                collapsed = cell.metadata.get("jp-MarkdownHeadingCollapsed")
                assert collapsed and opening > 2, f"cell {number}: {cell.source[:40]}"
            assert opening, f"cell {number} is in no part with a heading"
        elif opening:
            assert 0 < level(cell) <= opening, f"JupyterLab would hide cell {number}"
            opening = 0


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_six_exercises_a_few_predictions_and_a_quiz(path):
    cells = read(path)
    assert sum("exercise" in tags(cell) for cell in cells) == 6
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    asked, revealed = code.count("Prediction("), code.count(".reveal(")
    assert asked == revealed >= 2
    (quiz,) = [cell for cell in cells if "Quiz(" in cell.source]
    assert quiz.source.count("Question(") == 6
    assert tags(quiz) == {QUIZ} and quiz.metadata.jupyter.source_hidden  # it has the answers


def test_words_are_counted():
    assert words("Read this.\n\n**Memory**: up to 1.1 GB.\n\nAnd this.") == 4
    assert words("A formula $a + b$ and `code`, 1,000 times.") == 7
    assert level(nbformat.v4.new_markdown_cell("### Going further")) == 3
    assert level(nbformat.v4.new_markdown_cell("no # heading")) == 0
    assert level(nbformat.v4.new_code_cell("# a comment")) == 0
