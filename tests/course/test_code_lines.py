"""Lines of code wrap on a narrow page; tables that a cell prints do not."""

import pytest
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from catdog_lib.course.code_lines import wrap_lines
from tests.course.test_site import LESSON, address, chromium, reader, site  # noqa: F401 (fixtures)

CODE = 'def f(a):\n    """Two\n\n    lines."""\n    return a < 1\n'
TABLE = "layer   size\nconv       3\npool       2\n"
SENTENCE = "The mean is 3  and more.\n"


def printed(text: str) -> str:
    return f'<div class="output stream highlight-x"><div class="highlight"><pre>{text}</pre></div>'


def test_each_line_of_code_is_an_element_with_its_indent():
    body = wrap_lines(highlight(CODE, PythonLexer(), HtmlFormatter()))
    lines = body.split('<span class="line"')[1:]
    assert [line[: line.index(">")] for line in lines] == [
        "",
        *(f' style="--indent: {indent}"' if indent else "" for indent in (4, 0, 4, 4)),
    ]
    for line in lines:
        assert line.count("<span") + 1 == line.count("</span>"), line
    assert body.count("\n</span>") == 5 and "&lt;" in body


def test_the_rows_of_a_printed_table_stay_whole_and_nothing_else_does():
    assert wrap_lines(printed(TABLE)) == printed(TABLE).replace("<pre>", '<pre class="table">')
    below = "In words.\n"
    both = wrap_lines(printed(TABLE + below))
    assert both == wrap_lines(printed(TABLE)).replace(
        "</pre>", f'<span class="line">{below}</span></pre>'
    )
    assert wrap_lines(printed(SENTENCE + below)).count('class="line"') == 2
    code = f'<div class="highlight"><pre>{TABLE}</pre></div>'
    assert wrap_lines(code).count('class="line"') == 3


@pytest.mark.slow
@pytest.mark.browser
class TestInABrowser:
    @pytest.mark.parametrize("reader", [(390, "light")], indirect=True)
    def test_no_code_scrolls_and_a_selection_has_each_line_once(self, reader):  # noqa: F811
        page = reader.open(LESSON)
        code = page.locator(".cell_input pre")
        scrolls = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).length"
        assert code.evaluate_all(scrolls) == 0
        wrapped = "all => all.filter(one => one.clientHeight > 30).length"
        assert page.locator(".cell_input .line").evaluate_all(wrapped) > 0
        said = code.nth(2).evaluate(
            "one => { getSelection().selectAllChildren(one); return getSelection().toString(); }"
        )
        assert said.rstrip() == "print(6 * 7, flush=True)\nprint('seven sixes')"
