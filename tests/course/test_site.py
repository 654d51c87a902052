"""The pages: complete without the network, and read in a real chromium (marker ``browser``)."""

from __future__ import annotations

import functools
import http.server
import re
import shutil
import threading
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from catdog_lib.course import lessons as course
from tests.course.page_audit import cut_off, violations
from tests.course.small_lessons import save, write_lessons

pytest.importorskip("sphinx", reason='needs the docs packages: pip install -e ".[docs]"')

CHROMIUM = shutil.which("chromium")
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
    "--disable-background-networking --disable-component-update"
)
LESSON = "lessons/01_small.html"


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """The pages of the small lessons."""
    root = write_lessons(tmp_path_factory.mktemp("course"))
    broken = [new_markdown_cell("# A broken lesson"), new_code_cell("1 / 0")]
    save(root, "03_broken.ipynb", broken, {})
    lines: list[str] = []
    result = course.run(log=lines.append, root=root)
    assert [one["ok"] for one in result["lessons"]] == [True, True, False]
    assert not [line for line in lines if "WARNING" in line]
    return Path(result["site"]).parent


@contextmanager
def served(folder: Path):
    """The address of a server, on this machine, of a folder's files."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=folder)
    )
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def address(site):
    with served(site) as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as control:
        browser = control.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        yield browser
        browser.close()


class Reader:
    """A browser page that stops and counts requests elsewhere, and keeps every complaint."""

    def __init__(self, chromium, base: str, width: int, scheme: str, **device):
        self.base, self.outside, self.complaints = base, [], []
        self.context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **device
        )
        self.context.route("**/*", self._route)
        self.page = self.context.new_page()
        self.page.set_default_timeout(10_000)
        self.page.on(
            "console", lambda said: said.type == "error" and self.complaints.append(said.text)
        )
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _route(self, route):
        if route.request.url.startswith((self.base, "data:", "blob:")):
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()

    def open(self, name: str):
        self.page.goto(self.base + name)
        self.page.wait_for_load_state("networkidle")
        self.page.wait_for_timeout(300)  # the widget manager draws after its last request
        return self.page


@pytest.fixture
def reader(request, chromium, address):
    """Opens pages; at the end of the test there may be no outside request and no console error."""
    width, scheme = getattr(request, "param", (1280, "light"))
    reader = Reader(chromium, address, width, scheme)
    yield reader
    reader.context.close()
    assert reader.outside == []
    assert reader.complaints == []


def look_over(page) -> None:
    """Check every page: formulas set, images shown and described, nothing wider than the window."""
    unset = "all => all.filter(one => !one.querySelector('svg path, svg use')).length"
    assert page.locator("mjx-container").evaluate_all(unset) == 0
    assert page.locator("span.math, div.math").count() == page.locator("mjx-container").count()
    # What an explorable shows, and whether it is described, is tested where it is driven.
    for picture in page.locator("article img:not(.catdog *)").all():
        assert picture.evaluate("image => image.naturalWidth") > 0
        assert picture.get_attribute("alt")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.querySelector('main').scrollWidth <= innerWidth")


class Sources(HTMLParser):
    """The addresses from which a page loads something."""

    def __init__(self):
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attributes):
        if tag in (
            "script",
            "link",
            "img",
            "iframe",
            "source",
            "video",
            "audio",
            "object",
            "embed",
        ):
            self.found += [
                value
                for name, value in attributes
                if name in ("src", "href", "srcset", "data") and value
            ]


def outside_sources(html: str) -> list[str]:
    parser = Sources()
    parser.feed(html)
    return [found for found in parser.found if found.startswith(("http:", "https:", "//"))]


def test_no_page_names_an_outside_source(site):
    assert outside_sources('<link href="//fonts"><img src="https://a/b.png">') == [
        "//fonts",
        "https://a/b.png",
    ]
    pages = list(site.rglob("*.html"))
    assert {page.name for page in pages} >= {
        "index.html",
        "01_small.html",
        "glossary.html",
        "instructor.html",
    }
    found = {str(page): outside_sources(page.read_text(encoding="utf-8")) for page in pages}
    assert not {page: sources for page, sources in found.items() if sources}


def test_no_style_imports_from_outside(site):
    for style in site.rglob("*.css"):
        text = style.read_text(encoding="utf-8")
        assert not re.search(r"""(@import|url\()\s*["']?(url\(["']?)?(https?:)?//""", text), style


def test_pages_are_linked(site):
    index = (site / "index.html").read_text(encoding="utf-8")
    for target in (
        LESSON,
        "lessons/02_another.html",
        "lessons/03_broken.html",
        "glossary.html",
        "instructor.html",
    ):
        assert f'href="{target}"' in index
    assert 'href="../glossary.html#term-logit"' in (site / "lessons/02_another.html").read_text(
        encoding="utf-8"
    )


def test_a_stopped_lesson_says_so_on_its_page(site):
    page = (site / "lessons/03_broken.html").read_text(encoding="utf-8")
    assert "Lesson 03 stopped at code cell 1: ZeroDivisionError: division by zero." in page


PLANTED = """document.querySelector("article").insertAdjacentHTML("afterbegin", `
    <button></button>
    <div style="overflow: hidden; width: 3em; white-space: nowrap">a long line</div>
    <table style="table-layout: fixed; width: 3em"><tr><td style="overflow-wrap: anywhere">
    a gradient</td></tr></table>
`)"""


@pytest.mark.browser
def test_a_lesson_passes_the_audit_and_planted_faults_do_not(reader):
    page = reader.open(LESSON)
    assert (violations(page), cut_off(page)) == ([], [])
    page.evaluate(PLANTED)
    assert [found.split(":")[0] for found in violations(page)] == ["button-name"]
    assert cut_off(page) == ["div.: a long line", "broken in a table: gradient"]


@pytest.mark.slow
class TestInABrowser:
    pytestmark = pytest.mark.browser

    @pytest.mark.parametrize(
        "reader", [(1280, "light"), (1280, "dark"), (400, "light")], indirect=True
    )
    def test_a_lesson_is_complete_and_fits(self, reader, tmp_path):
        page = reader.open(LESSON)
        look_over(page)
        assert page.locator("mjx-container").count() == 3
        assert page.locator("mjx-container").first.bounding_box()["width"] > 100
        assert page.locator(".cell_output img").get_attribute("alt") == "A rising curve"
        assert (
            page.get_by_text("42\nseven sixes", exact=True).count() == 1
        )  # printed in two goes, one box
        assert page.locator(".widget-slider").is_visible()
        assert "kernel" in page.locator(".widget-slider").inner_text()
        page.screenshot(path=tmp_path / "lesson.png", full_page=True)

    def test_a_slider_moves(self, reader):
        page = reader.open(LESSON)
        handle = page.locator(".widget-slider .noUi-handle")
        handle.focus()
        page.keyboard.press("ArrowRight")
        assert page.locator(".widget-slider .widget-readout").inner_text().strip() == "4"
        assert page.url.endswith(LESSON)  # the arrow key turned no page

    def test_hints_and_solutions_open_on_a_click(self, reader):
        page = reader.open(LESSON)
        solution = page.get_by_text("the answer is forty-two", exact=True)
        assert not solution.is_visible()
        page.get_by_text("Show a solution").click()
        assert solution.is_visible()
        hint = page.get_by_text("Count the windows along")
        assert not hint.is_visible()
        page.get_by_text("A hint", exact=True).click()
        assert hint.is_visible()
        assert page.locator("details strong", has_text="one").is_visible()
        assert page.locator("details:not(.hide) mjx-container").is_visible()

    def test_code_is_copied_with_the_keyboard(self, reader):
        page = reader.open(LESSON)
        reader.context.grant_permissions(["clipboard-read", "clipboard-write"])
        button = page.get_by_role("button", name="Copy").nth(2)
        button.focus()
        assert button.evaluate("one => getComputedStyle(one).opacity") == "1"
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Copied").wait_for()
        copied = page.evaluate("navigator.clipboard.readText()")
        assert copied == "print(6 * 7, flush=True)\nprint('seven sixes')"

    def test_the_first_page_can_be_played_and_leads_to_the_lessons(self, reader):
        page = reader.open("index.html")
        page.get_by_text("Image 1 of 12: cat or dog?").wait_for()
        page.get_by_role("button", name="cat C").focus()
        for _ in range(12):
            page.keyboard.press("c")
        page.get_by_text("of 12 right").wait_for()
        page.get_by_role("link", name="A small lesson").last.click()
        assert page.url.endswith(LESSON)

    @pytest.mark.parametrize("reader", [(390, "dark")], indirect=True)
    def test_a_figure_opens_at_its_full_size_on_a_phone(self, reader):
        page = reader.open(LESSON)
        page.get_by_role("button", name="A rising curve").click()
        large = page.get_by_role("dialog", name="A rising curve").locator("img")
        assert large.evaluate("one => one.clientWidth === one.naturalWidth")
        assert (violations(page), cut_off(page)) == ([], [])
        page.keyboard.press("Escape")
        assert page.get_by_role("dialog").count() == 0

    @pytest.mark.parametrize("reader", [(1280, "light"), (1280, "dark")], indirect=True)
    def test_light_and_dark_follow_the_system_until_the_reader_chooses(self, reader):
        theme = "document.documentElement.dataset.theme"
        page = reader.open(LESSON)
        system = (
            "dark"
            if page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
            else "light"
        )
        assert page.evaluate(theme) == system
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        other = {"dark": "light", "light": "dark"}[system]
        page.get_by_role("button", name="Color mode").click()
        page.get_by_text(other.title(), exact=True).click()  # the role's name has the icon, too
        assert page.evaluate(theme) == other
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != background
        assert (
            reader.open("glossary.html").evaluate(theme) == other
        )  # the choice holds on the next page

    def test_the_other_pages_open_without_complaint(self, reader):
        for name in ("index.html", "glossary.html", "instructor.html", "lessons/02_another.html"):
            reader.open(name)
        assert (
            reader.page.get_by_role("link", name="logit", exact=True)
            .get_attribute("href")
            .endswith("#term-logit")
        )

    @pytest.mark.parametrize("reader", [(1280, "dark"), (400, "light")], indirect=True)
    def test_the_label_game_counts_without_a_kernel(self, reader):
        page = reader.open("lessons/02_another.html")
        game = page.locator(".catdog")
        game.get_by_text("Image 1 of 3: cat or dog?").wait_for()
        assert game.locator("img").evaluate("image => image.naturalWidth") == 8
        game.get_by_role("button", name="cat").click()
        game.get_by_text("Image 2 of 3").wait_for()
        page.keyboard.press("d")
        page.keyboard.press("c")
        score = game.get_by_text("2 of 3 right: 67% (95% interval 21% to 94%).")  # Wilson, by hand
        score.wait_for()
        assert game.get_by_alt_text("Image 3: a dog; you said cat").is_visible()
        assert game.get_by_text("✗ No, a dog").count() == 1 and game.get_by_text("✓").count() == 2
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.keyboard.press("Enter")  # once too often: the focus is on the score
        page.keyboard.press("Tab")
        score.wait_for()
        page.keyboard.press("Enter")  # on "Play again"
        game.get_by_text("Image 1 of 3").wait_for()
        assert page.url.endswith("02_another.html")

    def test_the_list_of_pages_opens_at_its_top(self, reader):
        reader.page.set_viewport_size({"width": 1024, "height": 600})
        pages = reader.open("lessons/03_broken.html").locator(".bd-sidebar-primary")
        assert pages.evaluate("list => list.scrollHeight > list.clientHeight")
        assert pages.evaluate("list => list.scrollTop") == 0

    def test_formulas_show_without_javascript(self, chromium, address):
        reader = Reader(chromium, address, 390, "light", java_script_enabled=False)
        formula = reader.open(LESSON).locator("mjx-container").first
        assert formula.bounding_box()["width"] > 100
        reader.context.close()

    def test_a_lesson_loads_little_besides_its_text(self, chromium, address):
        reader, sizes = Reader(chromium, address, 390, "light"), {}
        reader.page.on("response", lambda got: sizes.update({got.url: len(got.body())}))
        reader.open("lessons/02_another.html")
        reader.context.close()
        assert "player.js" in "".join(sizes) and sum(sizes.values()) < 1e6, sizes

    def test_pages_open_from_the_disk(self, chromium, site):
        reader = Reader(chromium, site.as_uri() + "/", 1280, "light")
        page = reader.open(LESSON)
        assert (
            page.locator("mjx-container svg").count() == 3
            and page.locator(".widget-slider").is_visible()
        )
        reader.context.close()
        assert (reader.outside, reader.complaints) == ([], [])
