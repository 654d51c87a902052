"""A lesson is translated paragraph by paragraph; what has no translation stays, and is reported."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from catdog_lib.course.translation.lesson_text import (
    has_words,
    message_of,
    messages,
    paragraphs,
    translate_notebook,
)

TEXT = "## A heading\n\nOne line,\nand another.\n\n- first\n- second\n\n$$a\n\n= b$$\n\nThe end."
GERMAN = {
    "## A heading": "## Eine Überschrift",
    "One line, and another.": "Eine Zeile und noch eine.",
    "- first\n- second": "- erstens\n- zweitens",
    "The end.": "Schluss.",
}


def lesson(text=TEXT):
    slide = {"catdog": {"slide": "# On the wall\n\nThe end."}}
    return new_notebook(
        cells=[
            new_markdown_cell(text, id="text"),
            new_code_cell("print('The end.')  # One line.", id="code", metadata=slide),
        ]
    )


def test_a_text_falls_into_paragraphs_and_is_the_same_again():
    parts = paragraphs(TEXT)
    assert "".join(parts) == TEXT
    assert parts[::2] == ["## A heading", "One line,\nand another.", "- first\n- second",
                          "$$a\n\n= b$$", "The end."]  # a few short items in a row  # fmt: skip


@pytest.mark.parametrize("code", ["```\na = 1\n\nb = 2\n```", "    ```sh\nmake\n\nmake\n    ```"])
def test_a_block_of_code_is_one_paragraph(code):
    assert paragraphs(f"Before.\n\n{code}\n\nAfter.")[::2] == ["Before.", code, "After."]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("One line,\nand  another.", "One line, and another."),
        ("**Time**: one line,\nand another.", "**Time**: one line, and another."),
        ("1. one\n2. two", "1. one\n2. two"),
        ("| a | b |\n|---|---|", "| a | b |\n|---|---|"),
        ("- one,\n  and on", "- one,\n  and on"),
    ],
)
def test_lines_are_joined_unless_they_have_a_meaning(text, message):
    assert message_of(text) == message


@pytest.mark.parametrize(
    ("text", "has"),
    [("</details>", False), ("<details><summary>Hint</summary>", True), ("$$x = y$$", False),
     ("`print(it)`", False), ("```\nsome code\n```", False), ("3 × 4", False), ("A cat.", True)],
)  # a few short items in a row  # fmt: skip
def test_markup_code_and_formulas_have_no_words(text, has):
    assert has_words(text) == has


def test_a_lesson_is_translated_with_its_slides_and_without_its_code():
    notebook = lesson()
    assert translate_notebook(notebook, GERMAN | {"# On the wall": "# An der Wand"}) == []
    text, code = notebook.cells
    assert text.source == (
        "## Eine Überschrift\n\nEine Zeile und noch eine.\n\n- erstens\n- zweitens\n\n"
        "$$a\n\n= b$$\n\nSchluss."
    )
    assert code.source == "print('The end.')  # One line."
    assert code.metadata.catdog.slide == "# An der Wand\n\nSchluss."


def test_a_paragraph_that_has_changed_since_is_shown_in_english_and_reported():
    notebook = lesson(TEXT.replace("and another", "and two more"))
    missing = translate_notebook(notebook, GERMAN)
    assert missing == [("text", "One line, and two more."), ("code", "# On the wall")]
    assert "One line,\nand two more.\n\n- erstens" in notebook.cells[0].source


def test_new_line_breaks_are_no_change():
    notebook = lesson(TEXT.replace("One line,\nand", "One\nline, and"))
    translate_notebook(notebook, GERMAN)
    assert "Eine Zeile und noch eine." in notebook.cells[0].source


def test_messages_name_their_cells():
    assert [cell for cell, _ in messages(lesson())] == ["text"] * 4 + ["code"] * 2
