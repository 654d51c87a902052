"""Photos that were cut, changed or made to harm are refused, and sound ones are not."""

import json
import os
import random
import re
import subprocess
import sys
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from catdog_lib.data import photo_file
from catdog_lib.data.jpeg_stream import PROGRESSIVE, jpeg_layout
from catdog_lib.data.photo_file import DecodeError, open_photo
from tests.data.photo_folders import photo

ROOT = Path(__file__).parents[2]

SHAPES = {
    "baseline": {},
    "optimized": {"optimize": True},
    "progressive": {"progressive": True},
    "coarse": {"quality": 5},
    "fine": {"quality": 100, "subsampling": 0},
    "with restart markers": {"restart_marker_rows": 1},
}


def scene(size=(300, 200), seed=0) -> Image.Image:
    """Return an image with shades and edges, as photos have them, and little noise."""
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 256, (8, 12, 3), dtype=np.uint8))
    smooth = np.asarray(small.resize(size, Image.Resampling.BICUBIC)).astype(int)
    return Image.fromarray((smooth + rng.integers(-9, 10, smooth.shape)).clip(0, 255).astype("u1"))


def jpeg(image: Image.Image, **options) -> bytes:
    file = BytesIO()
    image.save(file, "JPEG", **options)
    return file.getvalue()


def reason(path: Path, content: bytes, at_least: int | None = None) -> str:
    """Return why a file with this content is refused; nothing if it is an image."""
    path.write_bytes(content)
    try:
        open_photo(path, at_least)
        return ""
    except DecodeError as error:
        return str(error)


@pytest.mark.parametrize("how", SHAPES)
@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("size", [(300, 200), (16, 16), (1, 1), (513, 7)])
def test_a_sound_jpeg_of_any_kind_is_accepted(tmp_path, how, mode, size):
    content = jpeg(scene(size).convert(mode), **SHAPES[how])
    for ending in (b"", b"\xff\xd9", bytes(5000)):  # what follows the image does not matter
        assert not reason(tmp_path / "p.jpg", content + ending)
        assert not reason(tmp_path / "p.jpg", content + ending, at_least=8)
    for filling in (b"\xff\xff", bytes(300)):  # before the end marker
        assert not reason(tmp_path / "p.jpg", content[:-2] + filling + b"\xff\xd9")


@pytest.mark.parametrize("how", ["baseline", "optimized", "coarse", "fine"])
def test_a_half_grey_photo_is_not_accepted(tmp_path, how):
    """A file that was cut and then ended with an end marker, as repair programs do."""
    content = jpeg(scene(), **SHAPES[how])
    start = len(content) // 5
    for cut in range(start, len(content) - 150, max(1, len(content) // 150)):
        for at_least in (None, 32):
            assert reason(tmp_path / "p.jpg", content[:cut] + b"\xff\xd9", at_least) == "truncated"
    assert np.asarray(Image.open(BytesIO(content[: 2 * start] + b"\xff\xd9")))[-20:].std() < 1


def test_a_progressive_photo_without_its_last_scans_is_not_accepted(tmp_path):
    content = jpeg(scene(), progressive=True)
    layout = jpeg_layout(content)
    assert layout.frame in PROGRESSIVE and layout.complete and layout.scans > 5
    for cut in range(len(content) // 5, content.rindex(b"\xff\xda"), 97):
        assert reason(tmp_path / "p.jpg", content[:cut] + b"\xff\xd9") == "truncated"


def test_changed_bytes_are_seen_unless_they_change_little(tmp_path):
    """Pillow alone accepts all of these; what is missed fell into step again by chance."""
    rng, seen, missed = random.Random(2), 0, 0
    for seed in range(200):
        content = bytearray(jpeg(scene(seed=seed)))
        good = np.asarray(Image.open(BytesIO(bytes(content)))).astype(int)
        for _ in range(8):
            content[rng.randrange(700, len(content) - 2)] = rng.randrange(256)
        try:
            bad = np.asarray(Image.open(BytesIO(bytes(content)))).astype(int)
        except OSError:
            continue  # Pillow itself sees it
        if (np.abs(bad - good).max(2) > 40).mean() > 0.05:
            refused = bool(reason(tmp_path / "p.jpg", bytes(content)))
            seen, missed = seen + refused, missed + (not refused)
    assert seen > 50 and seen > missed


@pytest.mark.photos
def test_no_real_photo_is_refused_for_nothing():
    paths = sorted(Path(os.environ["CATDOG_DATA"]).rglob("*.jpg"))[::20]
    assert len(paths) > 100
    for path in paths:
        open_photo(path, at_least=64)


def with_scans(content: bytes, count: int) -> bytes:
    """Return a progressive JPEG with its last scan repeated ``count`` times."""
    start = content.rindex(b"\xff\xda")
    return content[:-2] + content[start:-2] * count + b"\xff\xd9"


def test_thousands_of_scans_and_pixels_as_text_are_refused_at_once(tmp_path):
    flat = jpeg(Image.new("RGB", (3000, 2000)), progressive=True)
    began = time.process_time()
    assert reason(tmp_path / "p.jpg", with_scans(flat, 2000), 64) == "takes too long to decode"
    text = b"P3 1200 1200 255 " + b"7 " * (3 * 1200 * 1200)
    assert reason(tmp_path / "p.ppm", text) == "takes too long to decode"
    assert time.process_time() - began < 1
    assert not reason(tmp_path / "p.ppm", b"P3 2 2 255 " + b"7 " * 12)
    assert not reason(tmp_path / "p.jpg", with_scans(flat, 3), 64)


def test_gigabytes_after_a_photo_are_refused_unread(tmp_path):
    path = photo(tmp_path / "p.jpg")
    os.truncate(path, 3_000_000_000)  # a hole: it takes no room
    began = time.process_time()
    with pytest.raises(DecodeError, match="more bytes than a photo has"):
        open_photo(path)
    assert time.process_time() - began < 0.2


def test_a_photo_with_a_long_remark_or_profile_is_a_photo(tmp_path):
    remark = PngImagePlugin.PngInfo()
    remark.add_text("parameters", "a cat " * 400_000, zip=True)
    remark.add_itxt("xmp", "a remark of this name is no XMP")
    scene().save(tmp_path / "p.png", pnginfo=remark, icc_profile=bytes(3_000_000))
    assert open_photo(tmp_path / "p.png").size == (300, 200)
    bomb = PngImagePlugin.PngInfo()
    bomb.add_text("parameters", "a" * 40_000_000, zip=True)
    scene().save(tmp_path / "q.png", pnginfo=bomb)
    with pytest.raises(DecodeError, match="damaged"):
        open_photo(tmp_path / "q.png")


def test_a_telephones_formats_are_read_or_named(tmp_path):
    if "AVIF" in photo_file._FORMATS:
        scene().save(tmp_path / "p.avif", quality=90)
        assert open_photo(tmp_path / "p.avif").size == (300, 200)
    heic = bytes([0, 0, 0, 24]) + b"ftypheic" + bytes(40)
    assert reason(tmp_path / "p.heic", heic) == "unknown format: HEIC"
    assert reason(tmp_path / "p.jpg", b"only text, ftyp and heic in it") == "not an image"


def test_an_error_of_the_disk_is_not_called_damage(tmp_path, monkeypatch):
    path = photo(tmp_path / "p.jpg")

    def fail(*_args, **_options):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(photo_file.Image, "open", fail)
    with pytest.raises(DecodeError, match="cannot be read: Input/output error") as error:
        open_photo(path)
    assert error.value.temporary


def read_mutations(folder: Path, count: int = 10_000) -> dict[str, float]:
    """Change, cut and fill real files at random and open them; say how that went.

    Returns:
        The numbers of images and of refusals, the ``slowest`` in seconds, and in GB the ``peak`` of
        this process's memory and what is ``left`` of it after the last file.
    """
    rng, outcomes, slowest = random.Random(3), {"image": 0, "refused": 0}, 0.0
    files = []
    for kind, options in [
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("GIF", {}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("PPM", {}),
    ]:
        file = BytesIO()
        scene((90, 60)).save(file, kind, **options)
        files.append(file.getvalue())
    for turn in range(count):
        content = bytearray(files[turn % len(files)])
        reach = len(content) if rng.random() < 0.5 else min(200, len(content))
        match rng.randrange(3):
            case 0:
                for _ in range(rng.choice((1, 3, 20))):
                    content[rng.randrange(reach)] = rng.randrange(256)
            case 1:
                del content[rng.randrange(reach) :]
            case 2:
                at = rng.randrange(reach)
                content[at : at + 64] = rng.randbytes(rng.choice((0, 64, 200)))
        (folder / "p").write_bytes(content)
        began = time.process_time()
        try:
            assert open_photo(folder / "p", rng.choice((None, 16))).mode == "RGB"
            outcomes["image"] += 1
        except DecodeError as error:
            assert str(error)
            outcomes["refused"] += 1
        slowest = max(slowest, time.process_time() - began)
    status = Path("/proc/self/status").read_text()
    peak, left = (int(re.search(rf"{key}:\s+(\d+)", status)[1]) / 1e6 for key in ("VmHWM", "VmRSS"))
    return {**outcomes, "slowest": slowest, "peak": peak, "left": left}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="Linux says how much memory a process has")
def test_ten_thousand_mutations_of_every_format_crash_nothing(tmp_path):
    """An image or a reason, soon, in flat memory; in a process that has done nothing else."""
    code = "import json, sys; from pathlib import Path; from tests.data import test_hostile_photos"
    code += "; print(json.dumps(test_hostile_photos.read_mutations(Path(sys.argv[1]))))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert min(found["image"], found["refused"]) > 1000
    assert found["slowest"] < 3
    # 50 million pixels, the limit, take up to 1.2 GB while they become RGB.
    assert found["peak"] < 1.4 and found["left"] < 0.15, found
