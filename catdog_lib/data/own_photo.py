"""A photo of your own: from an upload in the notebook, or from the clipboard.

A photo on disk is what :func:`catdog_lib.data.load_image` takes.

Lesson 09, section 1.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from PIL import Image, ImageGrab
from torch import Tensor

from catdog_lib.data.decode import decode
from catdog_lib.data.loading import load_image
from catdog_lib.data.photo_file import MAX_BYTES, DecodeError
from catdog_lib.errors import CatdogError

_INSTEAD = "upload it, or give its path to data.load_image"


def uploaded_photo(files: Sequence[Mapping], size: int, resize: str = "squash") -> Tensor:
    """Return the last uploaded photo as a uint8 tensor, 3×size×size.

    Args:
        files: the ``value`` of an ``ipywidgets.FileUpload``.
        size: height and width, in pixels.
        resize: as for :func:`catdog_lib.data.load_image`.

    Raises:
        CatdogError: nothing was uploaded, or it is no usable photo; the sentence names the file.
    """
    if not files:
        raise CatdogError("No photo was uploaded; choose a JPEG, PNG or WebP file first.")
    return _from_bytes(files[-1]["content"], repr(files[-1]["name"]), size, resize)


def clipboard_photo(size: int, resize: str = "squash") -> Tensor:
    """Return the image in the clipboard of this machine as a uint8 tensor, 3×size×size.

    The clipboard is that of the machine on which the kernel runs, which in a hosted notebook is not
    yours. If a file was copied there, it is loaded.

    Args:
        size: height and width, in pixels.
        resize: as for :func:`catdog_lib.data.load_image`.

    Raises:
        CatdogError: there is no clipboard, no image in it, or no usable photo in its file.
    """
    try:
        found = ImageGrab.grabclipboard()
    except Exception:  # no screen, no helper program, or one that fails: each raises its own
        raise CatdogError(
            "This machine has no clipboard that can be read from here; save the photo and "
            f"{_INSTEAD}."
        ) from None
    if isinstance(found, list) and found:
        return load_image(found[0], size, resize)
    if not isinstance(found, Image.Image):
        raise CatdogError(
            f"There is no image in the clipboard; copy one, or save it and {_INSTEAD}."
        )
    file = io.BytesIO()
    found.save(file, "PNG")
    return _from_bytes(file.getvalue(), "The image in the clipboard", size, resize)


def _from_bytes(content: bytes | memoryview, name: str, size: int, resize: str) -> Tensor:
    """Decode the content of a file as if it were on disk, which is what the decoder reads."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "photo"
        try:
            if len(content) > MAX_BYTES:  # before the disk is filled with them
                raise DecodeError("more bytes than a photo has")
            path.write_bytes(content)
            return torch.from_numpy(decode(path, size, resize).copy())
        except DecodeError as reason:
            raise CatdogError(
                f"{name} cannot be used as a photo ({reason}); choose a JPEG, PNG or WebP file."
            ) from None
