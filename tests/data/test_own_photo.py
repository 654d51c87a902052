"""A photo from an upload or the clipboard is the one from the file; what is none is a sentence."""

import io
import mmap
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageGrab

from catdog_lib.data import load_image
from catdog_lib.data.own_photo import clipboard_photo, uploaded_photo
from catdog_lib.errors import CatdogError
from catdog_lib.sketches import draw_image


@pytest.fixture
def photo(tmp_path):
    """Return the path of a JPEG that was held sideways."""
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "rex.jpg"
    draw_image(0, 1, 80).crop((0, 0, 80, 60)).save(path, quality=95, exif=exif)
    return path


def upload(content, name="rex.jpg"):
    return {
        "name": name,
        "type": "image/jpeg",
        "size": len(content),
        "content": memoryview(content),
    }


def test_an_upload_is_the_photo_that_the_path_gives(photo):
    files = (upload(b"an earlier one"), upload(photo.read_bytes()))
    for resize in ("squash", "crop", "pad"):
        found = uploaded_photo(files, 32, resize)
        assert torch.equal(found, load_image(photo, 32, resize))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty file"),
        (b"just a text", "not an image"),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            "not an image",
        ),
        (None, "truncated|damaged"),
    ],
)
def test_what_is_no_photo_is_one_sentence_with_the_files_name(photo, content, says):
    content = photo.read_bytes()[:900] if content is None else content
    with pytest.raises(CatdogError, match=rf"^'odd\.jpg' cannot be used as a photo \(.*({says})"):
        uploaded_photo((upload(content, "odd.jpg"),), 32)


def test_a_huge_image_is_refused_before_it_is_decoded():
    file = io.BytesIO()
    Image.new("1", (8_000, 8_000)).save(file, "PNG")
    with pytest.raises(CatdogError, match="more pixels than a photo has"):
        uploaded_photo((upload(file.getvalue()),), 32)


def test_a_gigabyte_is_refused_before_it_is_copied(monkeypatch):
    monkeypatch.setattr(Path, "write_bytes", None)
    content = memoryview(mmap.mmap(-1, 1 << 30))  # takes no memory as long as nobody reads it
    with pytest.raises(CatdogError, match=r"^'rex\.jpg' .*more bytes than a photo has"):
        uploaded_photo((upload(content),), 32)


def test_nothing_uploaded_is_one_sentence():
    with pytest.raises(CatdogError, match="No photo was uploaded"):
        uploaded_photo((), 32)


def test_the_clipboard_may_hold_an_image_or_a_file(photo, monkeypatch):
    image = draw_image(0, 1, 80)
    monkeypatch.setattr(ImageGrab, "grabclipboard", lambda: image)
    found = clipboard_photo(80)
    assert torch.equal(found.permute(1, 2, 0), torch.from_numpy(np.array(image)))
    monkeypatch.setattr(ImageGrab, "grabclipboard", lambda: [str(photo)])
    assert torch.equal(clipboard_photo(32), load_image(photo, 32))


@pytest.mark.parametrize("held", [None, []])
def test_an_empty_clipboard_is_one_sentence(held, monkeypatch):
    monkeypatch.setattr(ImageGrab, "grabclipboard", lambda: held)
    with pytest.raises(CatdogError, match="no image in the clipboard"):
        clipboard_photo(32)


@pytest.mark.parametrize("error", [NotImplementedError, OSError, ChildProcessError])
def test_a_machine_without_a_clipboard_is_one_sentence(error, monkeypatch):
    def fail():
        raise error("xclip is required")

    monkeypatch.setattr(ImageGrab, "grabclipboard", fail)
    with pytest.raises(CatdogError, match="has no clipboard that can be read"):
        clipboard_photo(32)
