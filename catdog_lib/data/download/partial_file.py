"""A file that is being downloaded: ``NAME.part``, and ``NAME.part.tag``, which names its version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path


def part_of(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def tag_of(part: Path) -> Path:
    return part.with_name(part.name + ".tag")


def length_of(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0


def downloaded_bytes(path: Path) -> int:
    """Bytes of the file ``path`` that an earlier download has left, whole or in part."""
    return max(length_of(path), length_of(part_of(path)))


def has_checksum(path: Path, sha256: str) -> bool:
    """Whether the file has this SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def megabytes(count: int) -> str:
    """A number of bytes for people: "811 MB"; no decimals."""
    return f"{count / 1e6:,.0f} MB"


def keep_tag(headers: Mapping[str, str], part: Path) -> None:
    """Note how the server names this version of the file. A weak ETag (W/…) does not promise the
    same bytes.
    """
    etag = headers.get("ETag", "W/")
    tag = headers.get("Last-Modified", "") if etag.startswith("W/") else etag
    if tag:
        tag_of(part).write_text(tag, encoding="latin-1")
    else:
        tag_of(part).unlink(missing_ok=True)


def discard(part: Path) -> None:
    part.unlink()
    tag_of(part).unlink(missing_ok=True)
