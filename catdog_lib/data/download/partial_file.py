"""A file during its download: ``NAME.part``, and ``NAME.part.tag``, which names its version."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path


def part_of(path: Path) -> Path:
    """Return where the bytes of the file ``path`` are kept until it is complete."""
    return path.with_name(path.name + ".part")


def tag_of(part: Path) -> Path:
    """Return where the version of a part is noted."""
    return part.with_name(part.name + ".tag")


def length_of(path: Path) -> int:
    """Return the bytes of a file, 0 if there is none."""
    return path.stat().st_size if path.is_file() else 0


def downloaded_bytes(path: Path) -> int:
    """Return how many bytes of ``path`` an earlier download has left, in whole or in part."""
    return max(length_of(path), length_of(part_of(path)))


def has_checksum(path: Path, sha256: str) -> bool:
    """Return whether the file has this SHA-256, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


def megabytes(count: int) -> str:
    """Format a number of bytes for people: "811 MB"; no decimals."""
    return f"{count / 1e6:,.0f} MB"


def keep_tag(headers: Mapping[str, str], part: Path) -> None:
    """Note how the server names this version of the file.

    A weak ETag (W/…) does not promise the same bytes.
    """
    etag = headers.get("ETag", "W/")
    tag = headers.get("Last-Modified", "") if etag.startswith("W/") else etag
    if tag:
        tag_of(part).write_text(tag, encoding="latin-1")
    else:
        tag_of(part).unlink(missing_ok=True)


def discard(part: Path) -> None:
    """Delete a part, and the name of its version."""
    part.unlink()
    tag_of(part).unlink(missing_ok=True)
