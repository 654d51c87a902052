"""Save training so that no crash can spoil it: a file is the old one or the new one, never half.

The new contents go into a file of their own beside the old one, and are forced onto the disk; only
then does the new file take the old one's name, which the operating system does in one go. Without
the forcing, a power cut could leave the new name on an empty file (T. S. Pillai and others 2014,
"All file systems are not created equal", OSDI).

Lesson 10, section 8.
"""

from __future__ import annotations

import os
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import torch

from catdog_lib.atomic_write import write
from catdog_lib.errors import CatdogError

_KEY = "catdog checkpoint"
_FORMAT = 1


def save(contents: dict[str, Any], path: str | os.PathLike) -> None:
    """Write tensors, numbers, texts, and dicts and lists of these to a file, all or nothing."""
    buffer = BytesIO()  # torch.save, writing to a full disk itself, hides why it fails
    torch.save({_KEY: _FORMAT, **contents}, buffer)
    write(buffer.getvalue(), Path(path))


def load(path: str | os.PathLike) -> dict[str, Any] | None:
    """Return what :func:`save` wrote, on the CPU; None if there is no such file.

    No code in the file is run (``weights_only=True``), and every byte is checked against its
    checksum.

    Raises:
        CatdogError: the file is damaged, is no checkpoint, or cannot be read.
    """
    try:
        contents = read_data(path)
        if contents[_KEY] != _FORMAT:
            raise KeyError
    except FileNotFoundError:
        return None
    except OSError as error:
        raise CatdogError(
            f"{os.fspath(path)!r} cannot be read ({error}); give yourself permission, or name "
            "another file."
        ) from None
    except MemoryError:
        raise
    except Exception:  # what a damaged file does to its reader is beyond listing
        raise CatdogError(
            f"{os.fspath(path)!r} is damaged, or not a checkpoint of this course; remove it to "
            "begin again, or name another file."
        ) from None
    return contents


def read_data(path: str | os.PathLike) -> Any:
    """Return the tensors and plain data in a file of ``torch.save``, on the CPU.

    No code in the file is run, every byte is checked against its checksum, and memory is taken for
    no more than the file holds.

    Raises:
        OSError: it cannot be read.
        Exception: whatever a damaged file, or one that holds something else, does to its readers.
    """
    with zipfile.ZipFile(path) as archive:  # what torch.save writes; torch checks no checksums
        packed = [part for part in archive.infolist() if part.compress_type != zipfile.ZIP_STORED]
        if packed or archive.testzip():  # torch.save compresses nothing
            raise zipfile.BadZipFile
    return torch.load(path, map_location="cpu", weights_only=True)


def check_settings_match(
    begun: dict[str, Any], asked: dict[str, Any], what: str, otherwise: str
) -> None:
    """Raise an error if a training run is to go on with settings that it was not begun with.

    Args:
        begun, asked: the settings then and now; dicts in them are looked into.
        what: begins the sentence, such as "The training".
        otherwise: ends it: what to do if the new settings are meant.

    Raises:
        CatdogError: one differs; the sentence names the first.
    """
    for name in {**begun, **asked}:
        old, new = begun.get(name), asked.get(name)
        if isinstance(old, dict) and isinstance(new, dict):
            check_settings_match(old, new, what, otherwise)
        elif old != new:
            raise CatdogError(
                f"{what} was begun with {name}={old!r}, not {new!r}; ask for that to continue, or "
                f"{otherwise}."
            )
