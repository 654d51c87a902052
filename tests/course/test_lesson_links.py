"""The first mention of another lesson is linked, but not in code and not in a link."""

from __future__ import annotations

from docutils import nodes
from docutils.utils import new_document

from catdog_lib.course.lesson_links import add_links

PAGES = {"01": "01_convolution.html", "03": "03_custom_cnn.html"}


def page_with(*parts: nodes.Node) -> nodes.document:
    page = new_document("a lesson")
    page += nodes.section(
        "", nodes.title("", "Lesson 01 in a heading"), nodes.paragraph("", "", *parts)
    )
    return page


def links(page: nodes.document) -> dict[str, str]:
    return {link.astext(): link["refuri"] for link in page.findall(nodes.reference)}


def test_the_first_mention_of_each_other_lesson_is_linked():
    text = "You need lessons 01 and 03. In lesson 03 and lesson 01, then lesson 03, not lesson 99."
    page = page_with(nodes.Text(text))
    add_links(page, PAGES)
    assert links(page) == {"lesson 03": PAGES["03"], "lesson 01": PAGES["01"]}
    assert len(list(page.findall(nodes.reference))) == 2
    assert page.astext().endswith(text)


def test_code_and_links_are_left_alone():
    page = page_with(
        nodes.literal("", "lesson 01"), nodes.reference("", "lesson 03", refuri="elsewhere")
    )
    add_links(page, PAGES)
    assert links(page) == {"lesson 03": "elsewhere"}


def test_a_lesson_is_found_by_its_name_in_the_language_of_the_pages(monkeypatch):
    monkeypatch.setenv("CATDOG_LANGUAGE", "de")
    page = page_with(nodes.Text("Die Formel steht in Lektion 03, auf Englisch: lesson 01."))
    add_links(page, PAGES)
    assert links(page) == {"Lektion 03": PAGES["03"], "lesson 01": PAGES["01"]}
