"""The first page of the site, before its code is run."""

from __future__ import annotations

import datetime

from nbformat.v4 import new_code_cell, new_markdown_cell

from catdog_lib.course.home import card, home
from catdog_lib.course.site import checkout
from tests.course.small_lessons import save

FIRST = "# 01 · One\n\nA `conv` is **all**\nthere is < here.\n\nMore."


def test_a_card_says_what_a_lesson_is_about_and_links_it(tmp_path):
    path = save(tmp_path, "01_one.ipynb", [new_code_cell("1"), new_markdown_cell(FIRST)], {})
    assert card(path, "01 · One", 90.0) == (
        '<li><a href="lessons/01_one.html">01 · One</a>'
        "<p>A conv is all there is &lt; here.</p><small>90 s of computing</small></li>"
    )
    assert "<small>" not in card(path, "01 · One", None)


def test_a_lesson_that_is_only_a_title_has_a_card(tmp_path):
    path = save(tmp_path, "01_one.ipynb", [new_markdown_cell("# 01 · One")], {})
    assert "<p></p>" in card(path, "01 · One", None)


def test_the_page_of_the_course_has_one_explorable_all_cards_and_its_date():
    first, code, last = home(
        checkout() / "docs" / "index.md", ["<li>a</li>", "<li>b</li>"], "full"
    ).cells
    assert (first.cell_type, code.cell_type, last.cell_type) == ("markdown", "code", "markdown")
    assert first.source.startswith("# Cat or dog?") and "LabelGame" in code.source
    assert code.metadata["tags"] == ["remove-input"]
    assert "<li>a</li>\n<li>b</li>" in last.source and "CATDOG_BUDGET=full" in last.source
    assert datetime.date.today().isoformat() in last.source
    assert "{code-cell}" not in first.source + last.source and "<!--" not in last.source
