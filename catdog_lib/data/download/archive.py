"""Unpack a zip or tar file that is not trusted: plain files, in one folder, not too many.

An archive is refused as a whole if a name in it leads out of the folder (``..``, an absolute path,
a drive), if it holds anything but files and folders (a link can lead out too; a device is no
photo), or if it unpacks to far more than photos need. Modes, owners and dates are not taken from
it.
"""

from __future__ import annotations

import gzip
import lzma
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath
from typing import IO

from tqdm.auto import tqdm

from catdog_lib.errors import CatdogError

MAX_BYTES, MAX_FILES = 4_000_000_000, 200_000
_CHUNK = 1 << 16
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,  # a password, or a kind of compression that Python does not know
    ValueError,  # a name that no file can have
)


class _RefusedArchive(Exception):
    """Why an archive is not unpacked."""


def unpack(
    archive: Path,
    folder: Path,
    *,
    max_bytes: int = MAX_BYTES,
    max_files: int = MAX_FILES,
    progress: bool = True,
) -> None:
    """Unpack ``archive`` into ``folder``.

    After an error some of its files may lie in ``folder``: let it be one of its own, and delete it.

    Raises:
        CatdogError: the archive is refused (see above), damaged, or neither zip nor tar; or the
            disk is full.
    """
    files = written = 0
    try:
        with tqdm(
            desc=f"Unpacking {archive.name}", unit="file", disable=not progress, leave=False
        ) as bar:
            for name, content in _entries(archive):
                files += 1
                if files > max_files:
                    raise _RefusedArchive(f"it holds more than {max_files:,} files")
                path = folder / _inside(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                with content, path.open("wb") as file:
                    # The sizes that an archive states may be wrong: what is written is counted.
                    while chunk := content.read(_CHUNK):
                        written += len(chunk)
                        if written > max_bytes:
                            raise _RefusedArchive(
                                f"it unpacks to more than {max_bytes / 1e6:,.0f} MB"
                            )
                        file.write(chunk)
                bar.update()
    except _RefusedArchive as reason:
        raise CatdogError(
            f"{str(archive)!r} is not unpacked: {reason}; delete it, and get it from its publisher."
        ) from None
    except _DAMAGED as error:
        what = (str(error) or type(error).__name__).partition("\n")[0].rstrip(":")
        raise CatdogError(
            f"{str(archive)!r} is damaged ({what}); delete it, and download it again."
        ) from None
    except OSError as error:
        raise CatdogError(
            f"{str(archive)!r} cannot be unpacked into {str(folder)!r} "
            f"({error.strerror or error}); make room there, or choose another folder."
        ) from None


def _entries(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield name and content of each file; folders are made when a file needs them."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            for info in file.infolist():
                kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the zip was not made on Unix
                if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                    raise _RefusedArchive(f"{info.filename!r} in it is a link or a device")
                if not info.is_dir():
                    yield info.filename, file.open(info)
    else:
        with tarfile.open(archive) as file:
            for member in file:
                if not (member.isreg() or member.isdir()):
                    raise _RefusedArchive(f"{member.name!r} in it is a link or a device")
                if member.isreg():
                    yield member.name, file.extractfile(member)
            # tarfile stops at the first header it cannot read; the compressed stream's own
            # checksum, at its very end, tells whether that was the end of the archive or damage.
            while file.fileobj.read(_CHUNK):
                pass


def _inside(name: str) -> Path:
    """Return the name as a relative path, the same on every system.

    A Windows path is split at both kinds of slash.
    """
    path = PureWindowsPath(name)
    if path.anchor or ".." in path.parts or not path.parts:
        raise _RefusedArchive(f"{name!r} in it leads out of the folder")
    return Path(*path.parts)
