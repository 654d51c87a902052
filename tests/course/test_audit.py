"""Every page, in a real chromium, for every reader: WCAG 2.1 AA, nothing cut off, no network."""

from __future__ import annotations

from pathlib import Path

import pytest

from catdog_lib.course import lessons as course
from catdog_lib.data.check.contact_sheet import write_contact_sheet
from catdog_lib.data.check.dirty_folder import make_dirty_folder
from catdog_lib.data.check.folder import check_folder
from catdog_lib.grading.grade import Graded
from catdog_lib.grading.marks import Mark
from catdog_lib.grading.pages import class_page, student_page
from catdog_lib.grading.submissions import Submission
from tests.course.page_audit import WINDOWS, cut_off, pages_of, violations
from tests.course.test_site import (  # noqa: F401 (fixtures)
    Reader,
    chromium,
    look_over,
    served,
    site,
)

pytestmark = [pytest.mark.browser, pytest.mark.slow]

# Before the first test: another one calls make course, which must not happen under the audit.
BUILT = (course.checkout() / "site" / "html" / "index.html").is_file()


def audit(chromium, base: str, names: list[str], width: int, scheme: str) -> dict:  # noqa: F811
    """What is wrong with the pages: name → complaints; a page without any is left out."""
    reader, wrong = Reader(chromium, base, width, scheme), {}
    for name in names:
        page = reader.open(name)
        found = violations(page) + cut_off(page) + reader.outside + reader.complaints
        if found:
            wrong[name] = found
        reader.outside.clear(), reader.complaints.clear()
    reader.context.close()
    return wrong


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_every_page_of_the_site(width, scheme, chromium, site):  # noqa: F811
    names = pages_of(site)
    assert {"index.html", "glossary.html", "lessons/01_small.html", "search.html"} <= set(names)
    with served(site) as address:
        assert audit(chromium, address, names, width, scheme) == {}


def test_every_page_from_the_disk(chromium, site):  # noqa: F811
    assert audit(chromium, site.as_uri() + "/", pages_of(site), 390, "dark") == {}


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    """The pages that commands write, each one file: a contact sheet, and the grades of a class."""
    folder = tmp_path_factory.mktemp("files")
    make_dirty_folder(folder / "photos")
    write_contact_sheet(check_folder(folder / "photos", progress=False), folder / "sheet.html")
    right, wrong = Mark(True), Mark(False, "not yet. A window of 3 fits 30 times, not 31.")
    graded = [
        Graded(Submission(name, name, ()), {"02.1": right, "02.2": wrong, "02.3": wrong})
        for name in ("Ada Lovelace", "Wolfeschlegelsteinhausenbergerdorff")
    ]
    for number, one in enumerate(graded):
        (folder / f"{number}.html").write_text(student_page(one), encoding="utf-8")
    text = class_page(graded, ["0.html", "1.html"])
    (folder / "class.html").write_text(text, encoding="utf-8")
    return folder


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_the_pages_that_commands_write(width, scheme, chromium, files):  # noqa: F811
    names = pages_of(files)
    assert len(names) == 4
    assert audit(chromium, files.as_uri() + "/", names, width, scheme) == {}


@pytest.mark.parametrize(("width", "scheme"), WINDOWS)
def test_the_built_lessons(width, scheme, chromium, tmp_path):  # noqa: F811
    """The pages that ``make site`` left in the checkout, if it was called: all of them."""
    built = course.checkout() / "site" / "html"
    if not BUILT:
        pytest.skip("site/ has not been built: make site")
    with served(built) as address:
        assert audit(chromium, address, pages_of(built), width, scheme) == {}
        reader = Reader(chromium, address, width, scheme)
        for name in pages_of(built):
            look_over(reader.open(name))
            reader.page.screenshot(path=tmp_path / f"{Path(name).stem}.png", full_page=True)
        reader.context.close()
