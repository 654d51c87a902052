"""Write the figures in docs/conformance.md: python -m docs.conformance_page SITE

SITE is a folder of built pages, such as site/html; each page is read in chromium by axe-core, at
each width, in light and in dark. It takes a quarter of an hour.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.course.page_audit import AXE, TAGS, WINDOWS, cut_off, pages_of, verdict
from tests.course.test_site import CHROMIUM, FLAGS, Reader, served

PAGE = Path(__file__).parent / "conformance.md"
BEGIN, END = "<!-- audit: written by docs/conformance_page.py -->", "<!-- end of the audit -->"


def audit(built: Path) -> Iterator[str]:
    """Yield the part of the page that the audit writes, after each size and colour scheme."""
    names = pages_of(built)
    rows = {name: [0, 0, 0, 0, 0] for name in names}
    with sync_playwright() as control, served(built) as address:
        chromium = control.chromium.launch(executable_path=CHROMIUM, args=FLAGS.split())
        for done, (width, scheme) in enumerate(WINDOWS, start=1):
            reader = Reader(chromium, address, width, scheme)
            for name in names:
                page = reader.open(name)
                found = verdict(page)
                complaints = len(reader.outside) + len(reader.complaints)
                row = (found.rules, len(found.violations), len(found.undecided))
                row = (*row, len(cut_off(page)), complaints)
                rows[name] = [max(pair) for pair in zip(rows[name], row, strict=True)]
                for problem in [*found.violations, *cut_off(page), *reader.complaints]:
                    print(f"{name}, {width} {scheme}: {problem}", flush=True)
                reader.outside.clear()
                reader.complaints.clear()
            reader.context.close()
            yield table(rows, chromium.version, WINDOWS[:done])
        chromium.close()


def table(rows: dict[str, list[int]], version: str, windows: Sequence[tuple[int, str]]) -> str:
    """Return the table of the audit: of each page, the largest figure over all windows."""
    sizes = ", ".join(f"{width} {scheme}" for width, scheme in windows)
    lines = [
        f"Audited on {datetime.date.today().isoformat()} with {AXE} (tags {', '.join(TAGS)}) in "
        f"chromium {version}: {len(rows)} pages, each read {len(windows)} times ({sizes}). A "
        "figure is the largest of a page's readings.",
        "",
        "| page | rules that had something to check | violations | undecided | texts cut off | "
        "errors and outside requests |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, row in rows.items():
        lines.append(f"| {name.removesuffix('.html')} | " + " | ".join(map(str, row)) + " |")
    return "\n".join(lines)


def main() -> None:
    """Audit the pages of a site and write the figures into the conformance page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("site", type=Path, help="a folder of built pages, such as site/html")
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    for found in audit(parser.parse_args().site):
        PAGE.write_text(f"{before}{BEGIN}\n\n{found}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
