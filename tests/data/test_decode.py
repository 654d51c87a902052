"""From file to pixels: upright, in the right colours, whatever device or program wrote it."""

import random
import struct
import zlib
from io import BytesIO
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from catdog_lib.data.decode import decode
from catdog_lib.data.photo_file import DecodeError, open_photo, read_photo
from tests.data.photo_folders import photo

# EXIF 2.3, tag 274: the side of the scene at which the file's first row and first column lie.
ORIENTATIONS = {
    1: ("top", "left"), 2: ("top", "right"), 3: ("bottom", "right"), 4: ("bottom", "left"),
    5: ("left", "top"), 6: ("right", "top"), 7: ("right", "bottom"), 8: ("left", "bottom"),
}  # four a row  # fmt: skip
SAVED = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "PNG": {},
    "WEBP": {"lossless": True},
    "TIFF": {},
}


def scene() -> np.ndarray:
    """Return smooth pixels, different in every mirror: uint8, 160×240×3."""
    y, x = np.mgrid[0:1:160j, 0:1:240j]
    return (np.stack([x, y, x * (1 - y)], -1) * 220 + 20).astype(np.uint8)


def as_stored(upright: np.ndarray, orientation: int) -> np.ndarray:
    """Return the pixels that a camera held this way would have written."""
    sides = ORIENTATIONS[orientation]
    turned = upright[:: -1 if "bottom" in sides else 1, :: -1 if "right" in sides else 1]
    return turned if sides[0] in ("top", "bottom") else turned.transpose(1, 0, 2)


@pytest.mark.parametrize("kind", SAVED)
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_all_eight_ways_to_hold_a_camera(tmp_path, kind, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    stored = Image.fromarray(np.ascontiguousarray(as_stored(scene(), orientation)))
    stored.save(tmp_path / "p", kind, exif=exif, **SAVED[kind])
    image, facts = read_photo(tmp_path / "p")
    far = np.abs(np.asarray(image).astype(int) - scene())
    assert far.max() <= (6 if kind == "JPEG" else 0)
    assert (facts.width, facts.height, facts.turned) == (240, 160, orientation != 1)
    # The fast way of decode, at a quarter of the size, shows the same.
    small = Image.fromarray(decode(tmp_path / "p", 32).transpose(1, 2, 0))
    expected = Image.fromarray(scene()).resize((32, 32), Image.Resampling.BICUBIC)
    assert np.abs(np.asarray(small).astype(int) - np.asarray(expected)).max() <= 8


def test_a_broken_note_about_the_photo_does_not_cost_the_photo(tmp_path):
    """Change each byte of the EXIF.

    Pillow's own exif_transpose raises TypeError or struct.error for some.
    """
    exif = Image.Exif()
    exif[274], exif[271], exif[282] = 6, "Maker", 72.0
    Image.fromarray(scene()).resize((24, 16)).save(tmp_path / "p.jpg", exif=exif)
    content = (tmp_path / "p.jpg").read_bytes()
    start = content.index(b"Exif\0\0") + 6
    sizes = set()
    for place in range(start, start + len(exif.tobytes()) - 6):
        for value in (0, 2, 5, 7, 255):
            changed = content[:place] + bytes([value]) + content[place + 1 :]
            (tmp_path / "p.jpg").write_bytes(changed)
            sizes.add(open_photo(tmp_path / "p.jpg").size)
    assert sizes == {(24, 16), (16, 24)}


@pytest.mark.parametrize("kind", [*SAVED, "GIF", "BMP"])
@pytest.mark.parametrize("at_least", [None, 32])
def test_half_a_file_is_no_photo_in_any_format(tmp_path, kind, at_least):
    Image.fromarray(scene()).save(tmp_path / "p", kind, **SAVED.get(kind, {}))
    content = (tmp_path / "p").read_bytes()
    (tmp_path / "p").write_bytes(content[: len(content) // 2])
    with pytest.raises(DecodeError, match=r"truncated|damaged|not an image"):
        open_photo(tmp_path / "p", at_least)


def test_a_hole_in_the_pixels_is_found(tmp_path):
    Image.fromarray(scene()).save(tmp_path / "p.png")
    content = bytearray((tmp_path / "p.png").read_bytes())
    start = content.index(b"IDAT") + 4
    content[start : start + 64] = bytes(64)
    (tmp_path / "p.png").write_bytes(content)
    with pytest.raises(DecodeError, match="damaged"):
        open_photo(tmp_path / "p.png")


def test_whatever_pillow_raises_the_reason_is_given(tmp_path, monkeypatch):
    Image.new("RGB", (8, 8)).save(tmp_path / "p.png")
    for error in (struct.error("bad format"), TypeError("bad operand"), KeyError(7)):
        monkeypatch.setattr(Image, "open", Mock(side_effect=error))
        with pytest.raises(DecodeError, match=r"damaged: (bad|7)"):
            open_photo(tmp_path / "p.png")


PATCHES = ((200, 40, 40), (40, 160, 60), (50, 60, 200), (240, 240, 240), (20, 20, 20))


@pytest.mark.parametrize("at_least", [None, 16])
def test_cmyk_as_adobe_writes_it_is_not_inverted(tmp_path, at_least):
    """Read ink that Adobe stores inverted, 255 for none; a naive reader shows a negative."""
    image = Image.new("RGB", (64 * len(PATCHES), 64))
    for i, colour in enumerate(PATCHES):
        image.paste(colour, (64 * i, 0, 64 * i + 64, 64))
    image.convert("CMYK").save(tmp_path / "p.jpg", quality=95)
    with Image.open(tmp_path / "p.jpg") as raw:
        assert raw.info["adobe"] == 100
        raw.tile = [raw.tile[0]._replace(args=("CMYK", ""))]  # as stored
        assert min(raw.getpixel((64 * PATCHES.index((240, 240, 240)) + 32, 32))) > 235
    ours = np.asarray(open_photo(tmp_path / "p.jpg", at_least)).astype(int)
    step = 64 * len(PATCHES) // ours.shape[1]
    assert step == (4 if at_least else 1)
    for i, colour in enumerate(PATCHES):
        assert np.abs(ours[32 // step, (64 * i + 32) // step] - colour).max() <= 6


def png16(values: np.ndarray) -> bytes:
    """Write an RGB PNG file of 16 bits a value, which Pillow reads but cannot write."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        )

    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


@pytest.mark.parametrize("kind", ["png", "rgb png", "tiff", "big-endian tiff", "pgm"])
def test_16_bits_are_scaled_and_not_clipped(tmp_path, kind):
    ramp = np.tile(np.linspace(0, 65535, 300).astype(np.uint16), (8, 1))
    if kind == "rgb png":
        (tmp_path / "p").write_bytes(png16(np.stack([ramp, ramp[:, ::-1], ramp], -1)))
    elif kind == "pgm":
        (tmp_path / "p").write_bytes(b"P5 300 8 65535\n" + ramp.astype(">u2").tobytes())
    elif kind == "big-endian tiff":
        Image.fromarray(ramp.astype(">u2")).save(tmp_path / "p", "TIFF")
        assert (tmp_path / "p").read_bytes()[:2] == b"MM"
    else:
        Image.fromarray(ramp).save(tmp_path / "p", kind.upper())
    image, facts = read_photo(tmp_path / "p")
    red, green = np.asarray(image)[4, :, :2].astype(int).T
    assert facts.deep
    assert np.abs(red - ramp[0] / 257).max() <= 1
    assert np.abs(green - (ramp[0, ::-1] / 257 if kind == "rgb png" else red)).max() <= 1


def test_floating_point_numbers_are_refused(tmp_path):
    """They have no known range: from 0 to 1, they would all be black."""
    Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)).save(tmp_path / "p.tiff")
    with pytest.raises(DecodeError, match="unknown format: floating-point numbers"):
        open_photo(tmp_path / "p.tiff")


def over_white(colour: tuple[int, ...], alpha: float) -> np.ndarray:
    return np.array(colour) * alpha + 255 * (1 - alpha)


def test_half_transparent_pixels_mix_with_white(tmp_path):
    for mode, value in (("RGBA", (200, 40, 0, 64)), ("LA", (40, 64))):
        Image.new(mode, (20, 20), value).save(tmp_path / "p.png")
        colour = value[:3] if mode == "RGBA" else (40, 40, 40)
        image, facts = read_photo(tmp_path / "p.png")
        assert np.abs(image.getpixel((5, 5)) - over_white(colour, 64 / 255)).max() <= 1
        assert facts.transparent
    assert not read_photo_of(Image.new("RGB", (20, 20)), tmp_path)[1].transparent


def read_photo_of(image, tmp_path, kind="PNG", **options):
    image.save(tmp_path / "q", kind, **options)
    return read_photo(tmp_path / "q")


def test_a_transparent_colour_of_a_palette_or_of_grey_becomes_white(tmp_path):
    flag = Image.new("P", (30, 10))
    flag.putpalette([200, 30, 30, 30, 200, 30, 30, 30, 200])
    for i in range(3):
        flag.paste(i, (10 * i, 0, 10 * i + 10, 10))
    for kind, transparency in (("PNG", 1), ("GIF", 1), ("PNG", bytes([255, 0, 127]))):
        image, facts = read_photo_of(flag, tmp_path, kind, transparency=transparency)
        first, second, third = (np.array(image.getpixel((x, 5))) for x in (5, 15, 25))
        assert first.tolist() == [200, 30, 30] and second.tolist() == [255, 255, 255]
        alpha = 1 if transparency == 1 else 127 / 255
        assert np.abs(third - over_white((30, 30, 200), alpha)).max() <= 1
        assert facts.transparent
    grey = Image.new("L", (20, 10), 80)
    grey.paste(130, (10, 0, 20, 10))
    image, _ = read_photo_of(grey, tmp_path, transparency=80)
    assert image.getpixel((5, 5)) == (255, 255, 255) != image.getpixel((15, 5))


def test_a_photo_followed_by_a_second_one_is_a_jpeg(tmp_path):
    first, second = Image.fromarray(scene()), Image.new("RGB", (240, 160))
    first.save(tmp_path / "p.jpg", "MPO", save_all=True, append_images=[second], quality=95)
    assert Image.open(tmp_path / "p.jpg").format == "MPO"
    image, facts = read_photo(tmp_path / "p.jpg", at_least=32)
    assert facts.format == "JPEG" and image.size == (60, 40)
    expected = Image.fromarray(scene()).resize((60, 40), Image.Resampling.BOX)
    assert np.abs(np.asarray(image).astype(int) - np.asarray(expected)).mean() < 3


def test_a_large_photo_is_used_where_a_small_one_is_wanted(tmp_path):
    """Open 108 megapixels, as telephones take: too many to hold, but not at an eighth."""
    Image.new("RGB", (12000, 9000), (90, 140, 60)).save(tmp_path / "p.jpg", quality=30)
    image, facts = read_photo(tmp_path / "p.jpg", at_least=128)
    assert image.size == (1500, 1125) and (facts.width, facts.height) == (12000, 9000)
    with pytest.raises(DecodeError, match="more pixels"):
        open_photo(tmp_path / "p.jpg")


def test_a_damaged_file_is_an_image_or_unusable_and_nothing_else(tmp_path):
    """Change bytes at random, 750 times, with seeds that once found a way through."""
    rng, exif = random.Random(1), Image.Exif()
    exif[274], exif[271] = 6, "Maker"
    small = Image.fromarray(scene()).resize((48, 32))
    saved = [
        ("JPEG", {"exif": exif}),
        ("PNG", {"exif": exif}),
        ("GIF", {}),
        ("WEBP", {}),
        ("BMP", {}),
    ]
    outcomes = {"image": 0, "unusable": 0}
    for kind, options in saved:
        buffer = BytesIO()
        small.save(buffer, kind, **options)
        for _ in range(150):
            content = bytearray(buffer.getvalue())
            for _ in range(rng.choice((1, 2, 8))):
                content[rng.randrange(min(len(content), rng.choice((80, 400))))] = rng.randrange(
                    256
                )
            (tmp_path / "p").write_bytes(content)
            try:
                assert open_photo(tmp_path / "p", rng.choice((None, 16))).mode == "RGB"
                outcomes["image"] += 1
            except DecodeError as reason:
                assert str(reason)
                outcomes["unusable"] += 1
    assert min(outcomes.values()) > 100


class TestDecoding:
    def test_exif_rotation_is_undone(self, tmp_path):
        upright = Image.new("RGB", (60, 40), "red")
        upright.paste("blue", (0, 0, 60, 20))  # blue above red
        exif = Image.Exif()
        exif[0x0112] = 6  # "turn me a quarter clockwise"
        upright.rotate(90, expand=True).save(tmp_path / "turned.jpg", exif=exif, quality=95)
        image = open_photo(tmp_path / "turned.jpg")
        assert image.size == (60, 40)
        assert image.getpixel((30, 5))[2] > 200 and image.getpixel((30, 35))[0] > 200

    @pytest.mark.parametrize("mode", ["L", "P", "CMYK", "RGBA", "LA", "1", "I;16"])
    def test_every_kind_of_image_becomes_rgb_of_the_same_brightness(self, tmp_path, mode):
        grey = np.tile(np.linspace(60, 200, 40).astype(np.uint8), (40, 1))
        if mode == "I;16":
            Image.fromarray(grey.astype(np.uint16) * 257).save(tmp_path / "p.tiff")
        else:
            Image.fromarray(grey).convert("RGB").convert(mode).save(tmp_path / "p.tiff")
        image = open_photo(tmp_path / "p.tiff")
        assert image.mode == "RGB"
        assert abs(np.asarray(image).mean() - grey.mean()) < 8

    def test_transparent_places_become_white(self, tmp_path):
        Image.new("RGBA", (20, 20), (0, 0, 0, 0)).save(tmp_path / "p.png")
        assert open_photo(tmp_path / "p.png").getpixel((5, 5)) == (255, 255, 255)

    @pytest.mark.parametrize("at_least", [None, 32])
    def test_a_truncated_jpeg_is_found_at_every_decoding_size(self, tmp_path, at_least):
        path = photo(tmp_path / "p.jpg", size=(400, 400))
        path.write_bytes(path.read_bytes()[:-2000])
        with pytest.raises(DecodeError, match="truncated"):
            open_photo(path, at_least)

    def test_squash_crop_and_pad(self, tmp_path):
        wide = Image.new("RGB", (80, 40), "white")
        wide.paste("red", (0, 0, 20, 40))  # the left quarter
        wide.save(tmp_path / "p.png")
        squash, crop, pad = (
            decode(tmp_path / "p.png", 40, how) for how in ("squash", "crop", "pad")
        )
        assert (squash[1, 20] < 128).sum() == 10
        assert (crop[1, 20] < 128).sum() == 0
        assert (pad[0, 2] < 128).all() and (pad[0, 20] > 128).all()

    def test_a_half_size_jpeg_is_close_to_the_full_one(self, tmp_path):
        y, x = np.mgrid[0:256, 0:256]
        smooth = np.stack([x, y, 255 - x], -1).astype(np.uint8)
        Image.fromarray(smooth).save(tmp_path / "p.jpg", quality=90)
        full = np.asarray(Image.open(tmp_path / "p.jpg").resize((32, 32), Image.Resampling.BICUBIC))
        assert (
            np.abs(decode(tmp_path / "p.jpg", 32).transpose(1, 2, 0).astype(int) - full).mean() < 3
        )


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_damaged_exif_of_any_kind_costs_no_photo(tmp_path, kind):
    stored = Image.fromarray(scene())
    stored.save(tmp_path / f"p.{kind}", exif=b"garbage header")
    stored.save(tmp_path / f"q.{kind}")
    with_it, without = (np.asarray(read_photo(tmp_path / f"{name}.{kind}")[0]) for name in "pq")
    assert np.array_equal(with_it, without)
