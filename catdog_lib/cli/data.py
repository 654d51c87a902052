"""The commands about photos: ``catdog data status``, ``check`` and ``get``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from catdog_lib.cli.options import Command, UserPath, quiet_option
from catdog_lib.data.download.collections import COLLECTIONS
from catdog_lib.runs.typed_path import typed


@click.command(cls=Command, epilog="catdog data status")
def status() -> tuple[int, dict]:
    """Show which images the lessons use, and the cache."""
    from catdog_lib.data.cache import cache_dir
    from catdog_lib.data.folders import count_by_split, scan
    from catdog_lib.data.sources import SKETCHES, default_source, why_unused

    source = default_source()
    counts = {} if source == SKETCHES else count_by_split(scan(source).photos)
    folder = cache_dir()
    cached = sum(file.stat().st_size for file in folder.glob("*")) if folder.is_dir() else 0
    drawn = ", the animals that the library draws" if source == SKETCHES else ""
    print(f"images    {source}{drawn}")
    for part, count in counts.items():
        print(f"          {count:>7,} {part}")
    print(f"cache     {folder}, {cached / 1e6:,.0f} MB (may be deleted at any time)")
    reason = why_unused() if source == SKETCHES else None
    if reason:
        print(f"The photos in the data folder are not used: {reason}")
    elif source == SKETCHES:
        print(
            "To use photos, put them into the data folder (see data/README.md), or set "
            "CATDOG_DATA=FOLDER."
        )
    return 0, {"source": source, "counts": counts, "cache": str(folder), "cache_bytes": cached}


@click.command(cls=Command, epilog="catdog data check ~/photos")
@click.argument("folder", type=UserPath(), metavar="DIR", help="The folder to check.")
@click.option(
    "--sheet",
    type=UserPath(path_type=Path),
    metavar="FILE.html",
    help="Also write a page that shows the suspects, copies side by side.",
)
@quiet_option
def check(folder: str, sheet: Path | None, quiet: bool) -> tuple[int, dict]:
    """Find photos that are damaged, copied or unusual.

    Decodes every photo of the folder and names those that cannot be used, copies, and copies that
    are in two parts of the data.
    """
    from catdog_lib.data.check.contact_sheet import write_contact_sheet
    from catdog_lib.data.check.folder import check_folder
    from catdog_lib.data.check.report_text import report_text

    report = check_folder(folder, progress=not quiet)
    print(report_text(report))
    if sheet:
        write_contact_sheet(report, sheet)
        print(f"The suspects: {sheet.resolve().as_uri()}")
    return 0, {
        "folder": report.folder,
        "files": report.files,
        "usable": report.usable,
        "counts": report.counts,
        "findings": [{"severity": item.severity, **asdict(item)} for item in report.findings],
        "sheet": str(sheet) if sheet else None,
    }


@click.command(cls=Command, epilog="catdog data get pets")
@click.argument(
    "name",
    type=click.Choice(sorted(COLLECTIONS)),
    metavar="NAME",
    help=f"The collection: {' or '.join(sorted(COLLECTIONS))}.",
)
@click.option(
    "--to",
    type=UserPath(path_type=Path),
    metavar="DIR",
    show_default="pets or microsoft, in data",
    help="The folder to make.",
)
@click.option("--url", metavar="URL", help="A mirror: address of the folder with the archives.")
@click.option("--yes", is_flag=True, help="Do not ask before the download.")
@quiet_option
def get(name: str, to: Path | None, url: str | None, yes: bool, quiet: bool) -> tuple[int, dict]:
    """Download a published collection of photos.

    Its size, licence and citation are shown first.
    """
    from catdog_lib.data.download.get import get as download
    from catdog_lib.data.sources import default_folder

    fetched = download(name, to, url=url, yes=yes, progress=not quiet)
    if fetched is None:
        print("Nothing was downloaded.")
        return 0, {"folder": None, "files": 0, "bytes": 0, "seconds": 0.0, "counts": {}}
    print(f"{fetched.folder}: {fetched.files:,} files of photos, {fetched.bytes / 1e6:,.0f} MB")
    for part, count in fetched.counts.items():
        print(f"  {count:>7,} {part}")
    if default_folder() == fetched.folder:
        print("The lessons use them from now on, unless CATDOG_DATA names another folder.")
    else:
        print(f"To use them in the lessons, set CATDOG_DATA={typed(fetched.folder)}")
    print(f"To see which files cannot be used: catdog data check {typed(fetched.folder)}")
    return 0, {
        "folder": str(fetched.folder),
        "files": fetched.files,
        "bytes": fetched.bytes,
        "seconds": fetched.seconds,
        "counts": fetched.counts,
    }
