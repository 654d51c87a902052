"""The page about accessibility says what the audit of today would say."""

from __future__ import annotations

import re

from docs.conformance_page import BEGIN, END, PAGE, table
from tests.course.page_audit import AXE, TAGS


def test_the_table_has_a_row_for_each_page_with_its_largest_figures():
    rows = {"index.html": [20, 0, 1, 0, 0], "lessons/01_a.html": [25, 2, 3, 4, 5]}
    text = table(rows, "150.0", [(390, "dark"), (390, "light")])
    assert "| index | 20 | 0 | 1 | 0 | 0 |\n| lessons/01_a | 25 | 2 | 3 | 4 | 5 |" in text
    assert "chromium 150.0: 2 pages, each read at 390 pixels dark, 390 pixels light." in text


def test_the_page_is_of_this_audit_and_nothing_was_found():
    text = PAGE.read_text(encoding="utf-8")
    found = text[text.index(BEGIN) : text.index(END)]
    assert f"with {AXE} (tags {', '.join(TAGS)})" in found, "python -m docs.conformance_page SITE"
    rows = re.findall(r"^\| (\S+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", found, re.M)
    assert {"index", "glossary", "conformance", "lessons/00_meet_the_data"} <= {r[0] for r in rows}
    for page, rules, violations, _, cut, errors in rows:
        assert int(rules) > 10 and (violations, cut, errors) == ("0", "0", "0"), page
