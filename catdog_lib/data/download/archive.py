"""Unpack a zip or tar file that is not trusted: plain files, in one folder, not too many.

An archive is read to its end before anything is written. It is refused as a whole if a name in it
leads out of the folder (``..``, an absolute path, a drive), if two names in it are one file on some
systems, or if it holds anything but files and folders (a link can lead out too; a device is no
photo), or far too many of them. If it unpacks to more than photos need, unpacking ends there.
Modes, owners and dates are not taken from it.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import stat
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PureWindowsPath
from typing import IO, Any

from tqdm.auto import tqdm

from catdog_lib.errors import CatdogError

MAX_BYTES, MAX_FILES = 4_000_000_000, 200_000
_CHUNK, _MAX_HEADER = 1 << 16, 1 << 20
_COMPRESSED = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\x00": lzma.open}
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
    written = 0
    try:
        places = _places(archive, max_files)
        with tqdm(
            desc=f"Unpacking {archive.name}", unit="file", disable=not progress, leave=False
        ) as bar:
            for name, content in _files(archive):
                path = folder / places[name]
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


def _places(archive: Path, max_files: int) -> dict[str, Path]:
    """Return name → relative path of each file; nothing is unpacked.

    Raises:
        _RefusedArchive: a name is not harmless, or there are too many.
    """
    places, taken = {}, set()
    for count, (name, harmless, is_file) in enumerate(_entries(archive), start=1):
        if count > max_files:
            raise _RefusedArchive(f"it holds more than {max_files:,} files and folders")
        if not harmless:
            raise _RefusedArchive(f"{name!r} in it is a link or a device")
        if is_file:
            places[name] = _inside(name)
            # So that it is the same on systems that do not tell capitals from small letters.
            key = unicodedata.normalize("NFC", places[name].as_posix()).casefold()
            if key in taken:
                raise _RefusedArchive(f"{name!r} is in it twice, perhaps in other letters")
            taken.add(key)
    return places


def _entries(archive: Path) -> Iterator[tuple[str, bool, bool]]:
    """Yield for each member its name, and whether it is a file or folder, and a file."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            for info in file.infolist():
                kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the zip was not made on Unix
                harmless = kind in (0, stat.S_IFREG, stat.S_IFDIR)
                yield info.filename, harmless, not info.filename.endswith("/")
    else:
        with _tar(archive) as file:
            for member in file:
                file.members = []  # tarfile would keep all of them in memory
                yield member.name, member.isreg() or member.isdir(), member.isreg()
            # tarfile stops at the first header it cannot read; the compressed stream's own
            # checksum, at its very end, tells whether that was the end of the archive or damage.
            while file.fileobj.read(_CHUNK):
                pass


@contextmanager
def _tar(archive: Path) -> Iterator[tarfile.TarFile]:
    """Open a tar file of any compression; its headers are limited."""
    with archive.open("rb") as file:
        magic = file.read(6)
    opener = next((o for start, o in _COMPRESSED.items() if magic.startswith(start)), open)
    with (
        opener(archive, "rb") as stream,
        tarfile.open(fileobj=_SmallReads(stream), mode="r:") as file,
    ):
        yield file


class _SmallReads:
    """A stream of which no header may be large: tarfile would hold it in memory, whatever it is."""

    def __init__(self, stream: IO[bytes]):
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def read(self, size: int = -1) -> bytes:
        """Read so many bytes, but not very many."""
        if not 0 <= size <= _MAX_HEADER:
            raise _RefusedArchive(f"a header in it is larger than {_MAX_HEADER:,} bytes")
        return self._stream.read(size)


def _files(archive: Path) -> Iterator[tuple[str, IO[bytes]]]:
    """Yield name and content of each file; folders are made when a file needs them."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            for info in file.infolist():
                if not info.filename.endswith("/"):  # is_dir() cannot take an empty name
                    yield info.filename, file.open(info)
    else:
        with _tar(archive) as file:
            for member in file:
                file.members = []
                if member.isreg():
                    yield member.name, file.extractfile(member)


def _inside(name: str) -> Path:
    """Return the name as a relative path, the same on every system.

    A Windows path is split at both kinds of slash.
    """
    path = PureWindowsPath(name)
    if path.anchor or ".." in path.parts or not path.parts:
        raise _RefusedArchive(f"{name!r} in it leads out of the folder")
    return Path(*path.parts)
