"""The decks: what is on the slides of each lesson, and how they look in a real chromium."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from catdog_lib.cli import main
from catdog_lib.course import lessons as course
from catdog_lib.course.slides import write_slides
from catdog_lib.course.slides.choose import choose_slides
from catdog_lib.course.slides.page import deck_page
from catdog_lib.errors import CatdogError
from tests.course.small_lessons import GAME, save
from tests.course.test_site import Reader, chromium, outside_sources  # noqa: F401, a fixture

LESSONS = course.find_lessons()


def tagged(cell, kind: str, **own):
    cell.metadata["slideshow"] = {"slide_type": kind}
    if own:
        cell.metadata["catdog"] = own
    return cell


def small_lesson():
    """A lesson of six cells, on two slides, and the same after a run."""
    cells = [
        tagged(new_markdown_cell("A long text.", id="title"), "slide", slide="# A short title"),
        new_markdown_cell("Not on any slide.", id="left-out"),
        tagged(new_markdown_cell("Not on any slide, either.", id="skipped"), "skip"),
        tagged(new_code_cell("# NBVAL_CHECK_OUTPUT\nprint(6 * 7)", id="sum"), "slide"),
        tagged(new_code_cell("print(1)", id="shown"), "-", source=True, slide="## One"),
        tagged(new_markdown_cell("For the speaker.", id="note"), "notes"),
    ]
    lesson = new_notebook(cells=cells)
    run = nbformat.from_dict(lesson)
    for i, said in ((3, "42"), (4, "1")):
        run.cells[i].outputs = [new_output("stream", text=said)]
    return lesson, run


def test_tags_choose_what_is_shown():
    first, second = choose_slides(*small_lesson())
    assert [cell.source for cell in first.shown] == ["# A short title"]
    assert [cell.source for cell in first.notes] == ["A long text."]
    assert [cell.source for cell in second.shown] == ["print(6 * 7)", "## One", "print(1)"]
    assert [cell.source for cell in second.notes] == ["For the speaker."]


def test_a_deck_shows_outputs_and_code_only_where_it_is_wanted():
    lesson, run = small_lesson()
    page = deck_page("A <title>", choose_slides(lesson, run), run)
    body = page[page.index('id="sum"') :]
    assert "42" in body and "6" not in re.sub("<[^>]+>", "", body.split("</section>")[0])[:40]
    assert 'class="nb">print</span>' in body  # the second code cell, highlighted
    assert "Not on any slide" not in page and "<title>A &lt;title&gt;</title>" in page
    assert page.count('<aside class="notes">') == 2 and outside_sources(page) == []


def test_a_state_cannot_end_the_element_that_holds_it():
    lesson, run = small_lesson()
    kind = "application/vnd.jupyter.widget-state+json"
    run.metadata["widgets"] = {kind: {"state": {"a": {"html": "</script><b>"}}}}
    page = deck_page("A title", choose_slides(lesson, run), run)
    assert page.count(kind) == 1 and "</script><b>" not in page
    manager = "_static/widgets/require.js"
    assert manager in page and manager not in deck_page("A", choose_slides(lesson, run), lesson)


@pytest.mark.parametrize(
    "kind, place, message",
    [
        ("notes", 0, "Cell 'title' has the slide_type 'notes'"),
        ("Slide", 4, "Cell 'shown' has the slide_type 'Slide'"),
    ],
)
def test_a_wrong_tag_is_named(kind, place, message):
    lesson, run = small_lesson()
    tagged(lesson.cells[place], kind)
    with pytest.raises(CatdogError, match=message):
        choose_slides(lesson, run)


def test_no_result_of_code_that_has_changed():
    lesson, run = small_lesson()
    lesson.cells[3].source = "print(6 * 9)"
    with pytest.raises(CatdogError, match="Cell 'sum' has changed since its lesson was run"):
        choose_slides(lesson, run)


def test_slides_want_a_lesson_that_has_been_run(tmp_path):
    with pytest.raises(CatdogError, match="Lesson 00 has not been run"):
        write_slides(LESSONS[:1], tmp_path / "executed", tmp_path / "slides")
    (tmp_path / "mine").mkdir()
    with pytest.raises(CatdogError, match="holds files that are not this course's slides"):
        write_slides(LESSONS[:1], tmp_path / "executed", tmp_path / "mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine"]


def test_the_commands_say_what_to_do_first(tmp_path, capsys):
    for command in ("slides", "pdf"):
        assert main([command, "--site", str(tmp_path), "--lesson", "01"]) == 2
        said = capsys.readouterr().err
        assert "Lesson 01 has not been run" in said and said.endswith("type: catdog course\n")


def own_text(cell) -> str:
    return cell.metadata.get("catdog", {}).get("slide", "")


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_a_deck_to_teach_from(lesson):
    notebook = nbformat.read(lesson.path, as_version=4)
    slides = choose_slides(notebook, notebook)
    assert 15 <= len(slides) <= 30
    assert slides[0].shown[0].source.startswith(f"# {lesson.title}\n")
    titles = [re.match(r"#{1,2} \S.*", slide.shown[0].source) for slide in slides]
    assert all(titles) and [title[0] for title in titles[-2:]] == ["## Summary", "## Quiz"]
    assert sum(bool(slide.notes) for slide in slides) >= len(slides) / 2
    code = "\n".join(cell.source for slide in slides for cell in slide.shown)
    assert "$" in code and ("Prediction(" in code or "symptom(" in code) and "Quiz(" in code
    for cell in notebook.cells:
        if "slideshow" in cell.metadata:
            assert not set(cell.metadata.get("tags", [])) & {
                "deeper",
                "solution",
                "hint",
                "exercise",
            }
        assert not own_text(cell) or "slideshow" in cell.metadata


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.number)
def test_no_slide_is_a_wall_of_text(lesson):
    for cell in nbformat.read(lesson.path, as_version=4).cells:
        kind = cell.metadata.get("slideshow", {}).get("slide_type")
        if kind in ("slide", "-"):
            text = own_text(cell) or (cell.source if cell.cell_type == "markdown" else "")
            assert len(re.sub(r"\$\$.*?\$\$|```.*?```", "", text, flags=re.DOTALL).split()) <= 110
            assert cell.cell_type != "markdown" or own_text(cell), cell.id


def look_over(page, name: str) -> None:
    """Check each slide of an open deck: nothing cut off, nothing too small to read."""
    page.wait_for_selector("body[data-ready]", timeout=60_000)
    found = page.evaluate(
        """() => [...document.querySelectorAll(".slides > section")].map((slide) => ({
            id: slide.id,
            high: slide.scrollHeight,
            wide: slide.scrollWidth,
            zoom: [...slide.querySelectorAll(".code_cell")].map((one) => +one.style.zoom),
            as_text: slide.querySelectorAll("mjx-merror").length
                + (slide.innerText.match(/object at 0x|\\$\\$/g) ?? []).length,
            undrawn: [...slide.querySelectorAll(".explorable, .output_widget_view")].filter(
                (place) => !place.querySelector(".catdog, .jupyter-widgets")).length,
            undescribed: slide.querySelectorAll("img:not([alt])").length,
        }))"""
    )
    assert found
    for slide in found:
        where = f"{name}: {slide}"
        assert slide["high"] <= 721 and slide["wide"] <= 1281, where
        assert min(slide["zoom"], default=1) >= 0.6, where
        assert slide["as_text"] == slide["undescribed"] == slide["undrawn"] == 0, where


@pytest.fixture(scope="module")
def decks(tmp_path_factory) -> Path:
    """The deck of one small lesson that has been run."""
    root = tmp_path_factory.mktemp("decks")
    formula = "## A formula\n\n$$x = \\frac{1}{2}$$\n\n" + "- a point\n" * 4
    cells = [
        tagged(new_markdown_cell("# A small deck\n\nText.", id="first"), "slide"),
        tagged(new_code_cell("print('\\n'.join('x' * 90 for _ in range(38)))"), "slide"),
        tagged(new_code_cell(GAME, id="game"), "slide", slide="## A game"),
        tagged(new_markdown_cell("Said **aloud**.", id="aloud"), "notes"),
        tagged(new_markdown_cell(formula, id="formula"), "slide"),
        tagged(new_code_cell("print('a long sentence ' * 40)", id="sentence"), "slide"),
    ]
    save(root, "01_small.ipynb", cells, {})
    course.run(log=lambda line: None, root=root)
    out = root / "site" / "slides"
    executed = root / "site" / "source" / "lessons"
    assert write_slides(course.find_lessons(root), executed, out) == {"01": 5}
    return out


@pytest.mark.slow
@pytest.mark.browser
class TestInABrowser:
    @pytest.fixture
    def reader(self, chromium, decks):  # noqa: F811
        reader = Reader(chromium, decks.as_uri() + "/", 1280, "light")
        yield reader
        reader.context.close()
        assert (reader.outside, reader.complaints) == ([], [])

    def test_every_slide_fits(self, reader):
        page = reader.open("index.html")
        page.get_by_role("link", name="A small deck").click()
        look_over(page, "small")
        assert page.locator("#formula mjx-container svg").count() == 1

    def test_a_long_line_is_broken_rather_than_tiny(self, reader):
        page = reader.open("01_small.html")
        page.wait_for_selector("body[data-ready]")
        zoom = "slide => +slide.querySelector('.code_cell').style.zoom"
        assert page.locator("#sentence").evaluate(zoom) > 1

    def test_an_explorable_on_a_slide_is_alive(self, reader):
        page = reader.open("01_small.html#/2")
        page.wait_for_selector("body[data-ready]")
        page.locator("#game").get_by_role("button", name="cat").click()
        page.get_by_text("Image 2 of 3").wait_for()
        page.keyboard.press("d")  # the game's key, not the deck's
        page.get_by_text("Image 3 of 3").wait_for()
        assert page.url.endswith(("#/2", "#/game"))

    def test_an_explorable_that_grows_still_fits(self, reader):
        page = reader.open("01_small.html#/2")
        page.wait_for_selector("body[data-ready]")
        more = "<div style='height: 900px'></div>"
        page.locator("#game .explorable").evaluate("(box, more) => { box.innerHTML += more }", more)
        page.wait_for_timeout(500)  # the browser says so before it paints
        look_over(page, "grown")

    def test_notes_are_for_the_speaker(self, reader):
        page = reader.open("01_small.html#/2")
        page.wait_for_selector("body[data-ready]")
        assert not page.get_by_text("Said aloud").is_visible()
        with page.expect_popup() as popup:
            page.keyboard.press("s")
        popup.value.locator(".speaker-controls-notes strong", has_text="aloud").wait_for()

    def test_the_built_decks(self, chromium, tmp_path):  # noqa: F811
        """The decks that ``make slides`` left in the checkout, if it was called: all of them."""
        built = course.checkout() / "site" / "slides"
        if not built.is_dir():
            pytest.skip("site/slides/ has not been built: make slides")
        reader = Reader(chromium, built.as_uri() + "/", 1280, "light")
        for path in sorted(built.glob("[0-9]*.html")):
            look_over(reader.open(path.name), path.stem)
        reader.context.close()
        assert (reader.outside, reader.complaints) == ([], [])
