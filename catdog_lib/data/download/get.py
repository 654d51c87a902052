"""Fetch a published collection of photos: ask, download, check, unpack, put in place at once.

Everything happens in a hidden folder beside the place where the photos will be, which no scan looks
into; the last step renames the finished folder. So ``catdog_lib.data.load`` finds all of a
collection or nothing.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catdog_lib.data.download.archive import unpack
from catdog_lib.data.download.collections import COLLECTIONS, Collection
from catdog_lib.data.download.destination import alone, require_free, require_room
from catdog_lib.data.download.http import download
from catdog_lib.data.download.partial_file import downloaded_bytes, has_checksum, megabytes
from catdog_lib.data.folders import count_by_split, scan
from catdog_lib.data.sources import PROJECT_DATA
from catdog_lib.errors import CatdogError

# Of the archives' size: they themselves, and the photos in them, which JPEG has compressed already.
_ROOM = 2.2


@dataclass(frozen=True)
class FetchResult:
    """A collection that was put in place.

    Its folder, its photos by split and class, their bytes, and the time in seconds.
    """

    folder: Path
    counts: dict[str, int]
    bytes: int
    seconds: float

    @property
    def files(self) -> int:
        """Files that should hold photos; some may be damaged."""
        return sum(self.counts.values())


def get(
    name: str,
    to: str | os.PathLike | None = None,
    *,
    url: str | None = None,
    yes: bool = False,
    progress: bool = True,
    report: Callable[[str], None] = print,
) -> FetchResult | None:
    """Fetch "pets" or "microsoft".

    Archives that lie beside the destination already are used instead of a download.

    Args:
        name: a key of :data:`catdog_lib.data.download.collections.COLLECTIONS`.
        to: the folder to make; the project's ``data/NAME`` by default.
        url: a mirror: the address of a folder that holds the same archives under the same names.
        yes: do not ask before the download.
        progress: show bars.
        report: called with lines of text: size, licence, citation.

    Returns:
        None when the user said no.

    Raises:
        CatdogError: the destination exists, or another process fetches it; there is no room or no
            terminal to ask at; or the collection cannot be downloaded or unpacked. What has been
            downloaded is kept for the next call.
    """
    start = time.perf_counter()
    collection = COLLECTIONS[name]
    # Where a link leads: the folder is renamed onto it, and that is where there must be room.
    target = Path(os.path.realpath(os.path.expanduser(to or PROJECT_DATA / name)))
    require_free(target)
    work = target.parent / f".{target.name}.download"
    missing = collection.bytes - sum(
        archive.bytes
        if (target.parent / archive.name).is_file()
        else downloaded_bytes(work / archive.name)
        for archive in collection.archives
    )
    for line in _introduction(collection, missing, target):
        report(line)
    require_room(target.parent, int(_ROOM * collection.bytes) - (collection.bytes - missing))
    if not yes and not _confirmed(missing):
        return None
    with alone(work, target):
        require_free(target)  # another process may have made it since
        archives = _obtain_archives(collection, work, target, url, progress)
        folder = _unpack_and_arrange(collection, archives, work, progress)
        found = scan(folder)
        try:
            if target.is_dir():
                target.rmdir()  # it is empty; Windows does not rename onto it
            os.rename(folder, target)
        except OSError as error:
            raise CatdogError(
                f"{str(target)!r} cannot be made ({error.strerror}); choose another folder with "
                "--to."
            ) from None
    shutil.rmtree(work, ignore_errors=True)
    return FetchResult(
        target,
        count_by_split(found.photos),
        sum(photo.bytes for photo in found.photos),
        time.perf_counter() - start,
    )


def _introduction(collection: Collection, missing: int, target: Path) -> list[str]:
    """Return the lines that introduce a collection: what, where, how large, whose."""
    here = (
        "" if missing == collection.bytes else f", of which {megabytes(missing)} are still to come"
    )
    return [
        f"{collection.title}: {collection.about}.",
        f"  from      {collection.page}",
        f"  into      {target}",
        f"  size      {megabytes(collection.bytes)}{here}; "
        f"{megabytes(int(_ROOM * collection.bytes))} while unpacking",
        f"  licence   {collection.licence}",
        f"  cite      {collection.citation}",
    ]


def _confirmed(missing: int) -> bool:
    """Ask at the terminal whether to download; return the answer."""
    if not sys.stdin or not sys.stdin.isatty():
        raise CatdogError(
            f"There is no terminal to ask whether {megabytes(missing)} may be downloaded; add "
            "--yes to say so."
        )
    return input(f"Download {megabytes(missing)}? [y/N] ").strip().lower() in ("y", "yes")


def _obtain_archives(
    collection: Collection, work: Path, target: Path, url: str | None, progress: bool
) -> list[Path]:
    """Return the archives on this disk: the user's own beside the target, the rest downloaded."""
    paths = []
    for archive in collection.archives:
        path, by_hand = work / archive.name, target.parent / archive.name
        address = f"{(url or archive.base).rstrip('/')}/{archive.name}"
        if by_hand.is_file():
            if not has_checksum(by_hand, archive.sha256):
                raise CatdogError(
                    f"{str(by_hand)!r} does not have the checksum of its publisher's file; "
                    "delete it or move it away."
                )
            path = by_hand
        else:
            advice = (
                "run this again later to go on, or fetch this file with a browser, put it into "
                f"{str(target.parent)!r} and run this again; without photos the lessons draw their "
                "own animals"
            )
            download(address, path, archive.bytes, archive.sha256, advice=advice, progress=progress)
        paths.append(path)
    return paths


def _unpack_and_arrange(
    collection: Collection, archives: list[Path], work: Path, progress: bool
) -> Path:
    """Unpack and arrange in the hidden folder; after an error only the archives stay."""
    temporary = work / "unpacked"
    shutil.rmtree(temporary, ignore_errors=True)  # left by a run that was killed
    try:
        for archive in archives:
            unpack(archive, temporary / collection.unpack_into, progress=progress)
        return collection.arrange(temporary)
    except BaseException as error:
        shutil.rmtree(temporary, ignore_errors=True)
        if isinstance(error, KeyboardInterrupt):
            raise KeyboardInterrupt(
                f"interrupted; the downloaded archives are kept in {str(archives[0].parent)!r}"
            ) from None
        raise
