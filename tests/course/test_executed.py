"""What executed notebooks get before they become pages."""

import nbformat
import pytest

from catdog_lib.course.executed import fold_deeper, hide_quizzes, join_prints
from catdog_lib.errors import CatdogError


def cell(kind, source, *tags):
    return getattr(nbformat.v4, f"new_{kind}_cell")(source, metadata={"tags": list(tags)})


def test_what_goes_further_is_folded_by_its_heading():
    notebook = nbformat.v4.new_notebook(
        cells=[
            cell("markdown", "## 1 · A"),
            cell("markdown", "### Going further · B < C\n\nText.", "deeper"),
            cell("code", "# a comment", "deeper"),
            cell("markdown", "### Going further · D", "deeper"),
            cell("markdown", "### E"),
        ]
    )
    fold_deeper(notebook)
    opening = '<details class="deeper"><summary>Going further · '
    assert [one.source for one in notebook.cells] == [
        "## 1 · A", opening + "B &lt; C</summary>", "Text.", "# a comment", "</details>",
        opening + "D</summary>", "</details>", "### E",
    ]  # one part a row  # fmt: skip


def test_what_is_printed_in_several_goes_is_one_output_but_stays_above_its_figure():
    out = nbformat.v4.new_output
    figure = out("display_data", {"text/html": "<img>"})
    one = cell("code", "show()")
    texts = ["first ", "name\n", None, "second name\n"]
    one.outputs = [out("stream", name="stdout", text=text) if text else figure for text in texts]
    one.outputs.append(out("stream", name="stderr", text="a warning"))
    join_prints(nbformat.v4.new_notebook(cells=[cell("markdown", "Text."), one]))
    assert [output.get("text") for output in one.outputs] == [
        "first name\n", None, "second name\n", "a warning",
    ]  # one part a row  # fmt: skip


def test_the_source_of_a_quiz_has_the_answers_and_is_not_shown():
    notebook = nbformat.v4.new_notebook(cells=[cell("code", "Quiz()", "quiz"), cell("code", "1")])
    hide_quizzes(notebook)
    assert [one.metadata.tags for one in notebook.cells] == [["quiz", "remove-input"], []]


def test_a_part_without_a_heading_cannot_be_folded():
    notebook = nbformat.v4.new_notebook(cells=[cell("markdown", "Text.", "deeper")])
    with pytest.raises(CatdogError, match=r"'Text\.' is tagged 'deeper', but no heading"):
        fold_deeper(notebook)
