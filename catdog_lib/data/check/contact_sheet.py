"""A contact sheet of the suspects: one HTML file that holds all its images and loads nothing."""

from __future__ import annotations

import base64
import html
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from catdog_lib.atomic_write import require_own, write
from catdog_lib.data.check.findings import KINDS, FolderFinding
from catdog_lib.data.check.folder import Report
from catdog_lib.data.check.html_page import html_page
from catdog_lib.data.check.report_text import printable
from catdog_lib.data.photo_file import DecodeError, open_photo
from catdog_lib.errors import CatdogError

_SIDE = 160  # pixels, the longer side of a thumbnail
_MAX_FINDINGS, _MAX_FILES = 24, 4  # of each kind, and of each finding: about 3 MB
_TITLE = "Suspects in "
_STYLE = """\
h2 { margin: 2.5rem 0 0; }
.all { display: flex; flex-wrap: wrap; gap: 1rem; margin-top: 1rem; }
.one { border: 1px solid light-dark(#ccc, #444); border-radius: .5rem; padding: .6rem; }
.files { display: flex; flex-wrap: wrap; gap: .6rem; }
figure { margin: 0; width: 160px; }
img, .none { max-width: 160px; height: 120px; object-fit: contain; display: block; margin: auto; }
.none { display: grid; place-items: center; background: light-dark(#eee, #333); }
figcaption, .detail { font-size: .8rem; overflow-wrap: anywhere; }"""


def write_contact_sheet(report: Report, path: str | os.PathLike) -> None:
    """Show the findings of ``report`` as images, copies side by side, in one HTML file.

    Photos are opened again, small; where there is no image, the sheet says so.

    Raises:
        CatdogError: the file cannot be written.
    """
    title = f"{_TITLE}{printable(Path(report.folder).resolve().name)}"
    counts = f"<p>{report.files:,} files, {report.usable:,} usable photos.</p>"
    sections = "\n".join(_sections(report)) or "<p>Nothing is wrong with them.</p>"
    page = html_page(title, f"{counts}\n{sections}", _STYLE, width=76)
    _require_ours(Path(path))
    write(page.encode(), Path(path))


def _require_ours(path: Path) -> None:
    """Raise a CatdogError if the name is not that of a page, or another file has it."""
    if path.suffix.lower() not in (".html", ".htm"):
        raise CatdogError(f"The contact sheet {str(path)!r} is a page; let its name end in .html.")
    require_own(path, f"<title>{_TITLE}".encode(), "a contact sheet")


def _sections(report: Report) -> Iterator[str]:
    for kind, (_, meaning) in KINDS.items():
        findings = [finding for finding in report.findings if finding.kind == kind]
        if not findings:
            continue
        yield f"<h2>{kind}: {len(findings):,}</h2>\n<p>{html.escape(meaning)}</p>"
        shown = "\n".join(_finding(report.folder, finding) for finding in findings[:_MAX_FINDINGS])
        yield f'<div class="all">\n{shown}\n</div>'
        if len(findings) > _MAX_FINDINGS:
            yield f"<p>and {len(findings) - _MAX_FINDINGS:,} more</p>"


def _finding(folder: str, finding: FolderFinding) -> str:
    figures = [_figure(folder, name) for name in finding.files[:_MAX_FILES]]
    if len(finding.files) > _MAX_FILES:
        figures.append(f"<p>and {len(finding.files) - _MAX_FILES:,} more</p>")
    detail = html.escape(printable(finding.detail))
    return (
        f'<div class="one"><div class="files">{"".join(figures)}</div>'
        f'<div class="detail">{detail}</div></div>'
    )


def _figure(folder: str, name: str) -> str:
    shown = html.escape(printable(name))
    try:
        image = open_photo(Path(folder, name), at_least=_SIDE)
    except DecodeError:
        seen = '<div class="none">no image</div>'
    else:
        image.thumbnail((_SIDE, _SIDE))
        jpeg = BytesIO()
        image.save(jpeg, "JPEG", quality=75)
        data = base64.b64encode(jpeg.getvalue()).decode()
        seen = f'<img src="data:image/jpeg;base64,{data}" alt="{shown}">'
    return f"<figure>{seen}<figcaption>{shown}</figcaption></figure>"
