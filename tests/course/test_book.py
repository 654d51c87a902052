"""The book: what its chapters hold, and what a real chromium prints of it."""

from __future__ import annotations

import re

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from catdog_lib.course import lessons as course
from catdog_lib.course.book import write_book
from catdog_lib.course.book.chapters import Chapter, Heading, lesson_chapter, page_chapter
from catdog_lib.course.book.page import book_page
from catdog_lib.course.chromium import print_pdf
from catdog_lib.course.lesson_files import find_lessons
from catdog_lib.errors import CatdogError
from tests.course.small_lessons import FIGURE, FORMULAS, GAME, HINT, save

LESSON = [
    new_markdown_cell("# 01 · A small lesson\n\nSome text."),
    new_markdown_cell("## 1 · A part\n\nMore.\n\n### Exercise 01.1 · Count"),
    new_code_cell("answer = ...", metadata={"tags": ["exercise"]}),
    new_markdown_cell(HINT, metadata={"tags": ["hint"]}),
    new_code_cell("answer = 42", metadata={"tags": ["solution"]}),
    new_code_cell("print(6 * 7)"),
    new_code_cell("progress()", metadata={"tags": ["progress"]}),
]


def small_chapter() -> Chapter:
    lesson = new_notebook(cells=LESSON)
    run = nbformat.from_dict(lesson)
    for i, said in ((2, "not attempted yet"), (5, "forty-two"), (6, "1 of 6 solved")):
        run.cells[i].outputs = [new_output("stream", text=said)]
    return lesson_chapter("01", lesson, run)


def text_of(html: str) -> str:
    return " ".join(re.sub("<[^>]+>", "", html).split())


def test_hints_and_solutions_stand_at_the_end_of_a_lesson():
    text = text_of(small_chapter().html)
    main, answers = text.split("Hints and solutions")
    assert "forty-two" in main and "answer = ..." in main
    assert "answer = 42" not in main and "Count the windows" not in main
    assert re.fullmatch(r" ?Exercise 01.1 Count the windows along one side.* answer = 42", answers)
    assert "A hint" not in text  # the word that opened the fold
    assert "not attempted yet" not in text and "1 of 6 solved" not in text


def test_chapters_and_sections_have_anchors():
    chapter = small_chapter()
    assert chapter.headings == [
        Heading(1, "01 · A small lesson", "lesson-01"),
        Heading(2, "1 · A part", "lesson-01-1"),
        Heading(2, "Hints and solutions", "lesson-01-2"),
    ]
    for heading in chapter.headings:
        assert f'<h{heading.level} id="{heading.anchor}">' in chapter.html


def test_the_contents_lead_to_the_headings_with_their_pages():
    page = book_page([small_chapter()], [], {"lesson-01": 3, "lesson-01-2": 7})
    lines = re.findall(r'<li class="level-(.)"><a href="#(.*?)">(.*?)</a></li>', page)
    assert [(level, anchor, text_of(line)) for level, anchor, line in lines] == [
        ("1", "lesson-01", "01 · A small lesson3"),
        ("2", "lesson-01-1", "1 · A part"),
        ("2", "lesson-01-2", "Hints and solutions7"),
    ]


def test_the_glossary_is_readable_without_sphinx(tmp_path):
    page = tmp_path / "glossary.md"
    page.write_text(
        "# Glossary\n\n```{glossary}\nlogit\nlogits\n  One number. See {term}`head`,\n"
        "  1. not a list, and {term}`heads <head>`.\n\nhead\n  The last layer.\n```\n"
    )
    text = text_of(page_chapter(page).html)
    assert text == (
        "Glossary logit, logits: One number. See head, 1. not a list, and heads. "
        "head: The last layer."
    )


def test_a_lesson_that_has_not_been_run_cannot_be_printed(tmp_path):
    pytest.importorskip("pypdf", reason='needs the docs packages: pip install -e ".[docs]"')
    with pytest.raises(CatdogError, match="Lesson 00 has not been run"):
        write_book(find_lessons()[:1], tmp_path, tmp_path / "book.pdf")


def test_a_browser_that_does_not_print(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(CatdogError, match="Printing needs Chromium, Chrome or Edge"):
        print_pdf(tmp_path / "page.html", tmp_path / "page.pdf")
    broken = tmp_path / "chromium"
    broken.write_text("#!/bin/sh\necho 'no display' >&2\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr("shutil.which", lambda name: str(broken))
    with pytest.raises(CatdogError, match=r"could not be printed with \S+chromium \(it has ended"):
        print_pdf(tmp_path / "page.html", tmp_path / "page.pdf")


@pytest.fixture(scope="module")
def reader(tmp_path_factory):
    """The printed book of two small lessons that have been run."""
    pypdf = pytest.importorskip("pypdf", reason='needs: pip install -e ".[docs]"')
    root = tmp_path_factory.mktemp("book")
    figures = [new_code_cell(FIGURE.replace("9]", f"{9 + i}]")) for i in range(5)]
    save(root, "01_small.ipynb", [*LESSON[:5], new_markdown_cell(FORMULAS), *figures], {})
    last = [new_markdown_cell("# 02 · Another\n\n## 1 · A game"), new_code_cell(GAME)]
    save(root, "02_another.ipynb", last, {})
    course.run(log=lambda line: None, root=root)
    pdf = root / "book.pdf"
    executed = root / "site" / "source" / "lessons"
    count = write_book(find_lessons(root), executed, pdf, log=lambda line: None)
    reader = pypdf.PdfReader(pdf)
    assert len(reader.pages) == count
    return reader


@pytest.mark.slow
@pytest.mark.browser
class TestPrinted:
    def test_every_chapter_is_in_the_outline_and_in_the_contents(self, reader):
        def titles(items):
            for item in items:
                if isinstance(item, list):
                    yield from titles(item)
                else:
                    yield item.title, reader.get_destination_page_number(item) + 1

        outline = dict(titles(reader.outline))
        contents = reader.pages[1].extract_text()
        for title in ("01 · A small lesson", "1 · A game", "02 · Another", "Glossary", "Credits"):
            assert re.search(rf"{title}\s*{outline[title]}\b", contents), (title, contents)
            assert title in reader.pages[outline[title] - 1].extract_text()

    def test_no_page_is_blank_and_every_figure_is_whole(self, reader):
        for number, page in enumerate(reader.pages, start=1):
            assert page.images or len(page.extract_text()) > 30, f"page {number} is blank"
        # a figure that is broken over two pages is an image of both
        assert sum(len(page.images) for page in reader.pages[1:6]) == 5

    def test_formulas_and_explorables_are_drawn(self, reader):
        text = "\n".join(page.extract_text() for page in reader.pages)
        assert "\\frac" not in text and "\\lfloor" not in text
        assert "Image 1 of 3: cat or dog?" in text

    def test_nothing_is_wider_than_the_paper(self, reader):
        # Chromium makes the whole book smaller if anything in it is; a CSS pixel is 0.75 points.
        scales = set()

        def look(text, matrix, *rest):
            if text.strip():
                scales.add(round(matrix[0], 3))

        for page in reader.pages:
            page.extract_text(visitor_text=look)
        assert scales == {0.75}


@pytest.mark.slow
def test_the_built_book(tmp_path):
    """The book that ``make pdf`` left in the checkout, if it was called: every lesson is in it."""
    pypdf = pytest.importorskip("pypdf", reason='needs: pip install -e ".[docs]"')
    book = course.checkout() / "site" / "pdf" / "cat-or-dog.pdf"
    if not book.is_file():
        pytest.skip("site/pdf/ has not been built: make pdf")
    reader = pypdf.PdfReader(book)
    top = [item.title for item in reader.outline if not isinstance(item, list)]
    assert top == [*(lesson.title for lesson in find_lessons()), "Glossary", "Credits"]
    for number, page in enumerate(reader.pages, start=1):
        assert page.images or len(page.extract_text()) > 30, f"page {number} is blank"
