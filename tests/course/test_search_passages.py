"""What the search of the pages has to find, and how a reader uses it."""

import json
import re

import pytest
from docutils import nodes
from docutils.utils import new_document
from sphinx.addnodes import glossary

from catdog_lib.course.search_passages import passages
from tests.course.test_site import Reader, address, chromium, reader, site  # noqa: F401 (fixtures)


def page_of_two_sections() -> nodes.document:
    """A page with a section in it, and a glossary of one entry in that."""
    title = nodes.title("", "", nodes.Text("Size "), nodes.math("", "n"), nodes.Text("?"))
    secret = nodes.container("", nodes.paragraph("", "forty-two"), classes=["tag_solution"])
    term = nodes.term("", "ReLU", ids=["term-ReLU"])
    meaning = nodes.definition("", nodes.paragraph("", "Zero below zero."))
    entries = nodes.definition_list("", nodes.definition_list_item("", term, meaning))
    inner = nodes.section("", title, nodes.paragraph("", "Count."), secret, ids=["size-n"])
    inner += glossary("", entries)
    formula = nodes.math("", r"\frac{1}{2}")
    first = nodes.paragraph("", "", nodes.strong("", "Half"), nodes.Text(" is "), formula)
    outer = nodes.section("", nodes.title("", "A page"), first, inner, ids=["a-page"])
    outer += nodes.raw("", "<b>x</b>", format="html")
    page = new_document("a page")
    page += outer
    return page


def test_a_passage_for_each_section_and_each_term_without_solutions():
    assert list(passages(page_of_two_sections())) == [
        ("", "A page", "Half is …"),
        ("size-n", "Size n?", "Count."),
        ("term-ReLU", "ReLU", "Zero below zero."),
    ]


def test_the_site_has_the_passages_of_all_pages(site):  # noqa: F811
    text = (site / "_static" / "passages.js").read_text(encoding="utf-8")
    found = dict(json.loads(re.fullmatch(r"const PASSAGES = (.*);\n", text)[1]))
    anchor, heading, text_of_page = found["lessons/01_small"][0]
    assert (anchor, heading) == ("", "A small lesson")
    assert text_of_page.startswith("A zebrafinch is neither. import base64")
    assert ["a-formula", "A formula"] in [passage[:2] for passage in found["lessons/01_small"]]
    assert "term-logit" in {anchor for anchor, _, _ in found["glossary"]}
    assert "forty-two" not in text


@pytest.mark.slow
@pytest.mark.browser
class TestInABrowser:
    @pytest.mark.parametrize("reader", [(1280, "light"), (390, "dark")], indirect=True)
    def test_a_result_leads_to_its_passage_and_shows_it(self, reader):  # noqa: F811
        page = reader.open("search.html?q=exercise+1")
        results = page.locator("#search-results li")
        assert results.first.locator("a").inner_text() == "A small lesson > Exercise 1"
        results.first.locator("a").click()
        assert page.url.endswith("lessons/01_small.html#exercise-1")
        reader.open("search.html?q=Logits")
        assert results.first.locator("a").inner_text() == "Glossary > logit, logits"
        assert results.locator("mark").first.inner_text().lower().startswith("logit")
        titles = results.locator("a").all_inner_texts()
        assert len(titles) == len(set(titles)) > 3

    def test_words_that_no_passage_has_together_find_nothing(self, reader):  # noqa: F811
        page = reader.open("search.html?q=zebrafinch+logit")
        assert page.get_by_role("status").inner_text() == "No passage has “zebrafinch logit”."
        assert page.locator(".bd-search-container input").input_value() == "zebrafinch logit"

    def test_a_search_from_the_disk_has_excerpts(self, chromium, site):  # noqa: F811
        reader = Reader(chromium, site.as_uri() + "/", 390, "light")  # noqa: F811
        page = reader.open("search.html?q=zebrafinch")
        excerpt = page.locator("#search-results li p")
        assert excerpt.inner_text().startswith("A zebrafinch is neither.")
        reader.context.close()
        assert (reader.outside, reader.complaints) == ([], [])
