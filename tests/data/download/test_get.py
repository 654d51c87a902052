"""``catdog data get`` from a server on this machine, with small archives in the publishers' own
layouts.
"""

import hashlib
import io
import json
import os
import re
import signal
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from catdog_lib import data
from catdog_lib.cli import main
from catdog_lib.data.download import get as getting
from catdog_lib.data.download import http as downloading
from catdog_lib.data.download.collections import COLLECTIONS, Archive
from catdog_lib.data.download.pet_masks import animal_masks
from catdog_lib.data.folders import scan
from catdog_lib.data.sources import default_folder
from catdog_lib.errors import CatdogError
from tests.data.download.file_server import FileServer, cut, interrupt

BREEDS = {"Abyssinian": 1, "beagle": 2, "Maine_Coon": 1, "pug": 2}  # 1 cat, 2 dog, as in the lists


def jpeg(seed: int, size=(60, 40), **options) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(noise).save(file, "JPEG", **options)
    return file.getvalue()


def trimap(size=(60, 40)) -> bytes:
    """Animal in the upper left quarter, a band of two pixels around it, background elsewhere."""
    pixels = np.full((size[1], size[0]), 2, np.uint8)
    pixels[: size[1] // 2 + 2, : size[0] // 2 + 2] = 3
    pixels[: size[1] // 2, : size[0] // 2] = 1
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def tar_gz(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as file:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    return out.getvalue()


def pets_archives(count: int = 8) -> dict[str, bytes]:
    """`count` photos of each breed, half of them for the test; plus a photo that no list names, as
    in the original.
    """
    names = [f"{breed}_{i}" for breed in BREEDS for i in range(count)]
    images = {f"images/{name}.jpg": jpeg(row) for row, name in enumerate(names)}
    images |= {"images/beagle_116.jpg": jpeg(999), "images/Abyssinian_100.mat": b"MATLAB"}
    lines = {
        name: f"{name} {1 + list(BREEDS).index(name.rsplit('_', 1)[0])} {BREEDS[name.rsplit('_', 1)[0]]} 1\n"
        for name in names
    }
    is_test = {name: int(name.rsplit("_", 1)[1]) % 2 for name in names}
    annotations = {f"annotations/trimaps/{name}.png": trimap() for name in names}
    annotations |= {f"annotations/trimaps/._{name}.png": b"Mac" for name in names}
    for part, wanted in (("trainval", 0), ("test", 1)):
        chosen = "".join(lines[name] for name in names if is_test[name] == wanted)
        annotations[f"annotations/{part}.txt"] = chosen.encode()
    return {"images.tar.gz": tar_gz(images), "annotations.tar.gz": tar_gz(annotations)}


def microsoft_archive(count: int = 12) -> dict[str, bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for row, word in enumerate(("Cat", "Dog")):
            for i in range(count):
                file.writestr(f"PetImages/{word}/{i}.jpg", jpeg(100 * row + i))
            file.writestr(f"PetImages/{word}/Thumbs.db", b"\xd0\xcf\x11\xe0 not a photo")
        file.writestr("PetImages/Cat/666.jpg", b"")
        file.writestr("PetImages/Dog/11702.jpg", jpeg(7)[:700])
        file.writestr("readme[1].txt", b"Read me")
    return {"kagglecatsanddogs_5340.zip": out.getvalue()}


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def waits(monkeypatch) -> list[float]:
    """The seconds that a download would have waited before each further try."""
    seconds = []
    monkeypatch.setattr(downloading, "time", SimpleNamespace(sleep=seconds.append))
    return seconds


@pytest.fixture
def server(monkeypatch, tmp_path):
    """Both collections, made up, with their own sizes and checksums; all else is as in the
    library.
    """
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CATDOG_DATA", raising=False)
    files = {"pets": pets_archives(), "microsoft": microsoft_archive()}
    with FileServer({**files["pets"], **files["microsoft"]}) as running:
        for name, contents in files.items():
            archives = tuple(
                Archive(file, running.url, len(content), hashlib.sha256(content).hexdigest())
                for file, content in contents.items()
            )
            monkeypatch.setitem(COLLECTIONS, name, replace(COLLECTIONS[name], archives=archives))
        monkeypatch.setattr(getting, "PROJECT_DATA", tmp_path / "data")
        yield running


def test_pets_from_the_command_to_three_splits_and_masks(server, tmp_path, capsys):
    folder = tmp_path / "my pets"
    arguments = [
        "--to",
        str(folder),
        "--url",
        server.url + "/mirror/",
        "--yes",
        "--quiet",
        "--json",
    ]
    assert main(["data", "get", "pets", *arguments]) == 0
    printed = capsys.readouterr().out
    facts = json.loads(printed.splitlines()[-1])
    part = 4 * 2  # of 8 photos, of 2 breeds
    counts = {f"{split}, {word}": part for split in ("test", "train") for word in ("cats", "dogs")}
    assert facts["counts"] == counts and facts["files"] == 32 and facts["folder"] == str(folder)
    assert facts["bytes"] == sum(path.stat().st_size for path in folder.rglob("*.jpg")) > 0
    assert 0 < facts["seconds"] < 60
    assert {request.path for request in server.requests} == {
        "/mirror/images.tar.gz",
        "/mirror/annotations.tar.gz",
    }
    assert printed.index("Creative Commons BY-SA") < printed.index("32 files")
    assert [path.name for path in tmp_path.iterdir() if path.name != "cache"] == ["my pets"]
    assert len(list((folder / "masks").iterdir())) == 32

    splits = data.load(folder, 16, progress=False)
    assert not splits.skipped and splits.test.counts() == {"cat": 8, "dog": 8}
    assert len(splits.train) + len(splits.validation) == 16
    for name, label in zip(splits.test.names, splits.test.labels, strict=True):
        breed, number = re.fullmatch(r"test/\w+/([A-Za-z_]+)_(\d+)\.jpg", name).groups()
        assert BREEDS[breed] - 1 == label and int(number) % 2 == 1  # the odd ones are in test.txt
    masks = animal_masks(splits.source, splits.test.names, 16)
    assert masks.shape == (16, 16, 16) and masks.dtype == np.uint8
    above = animal_masks(tmp_path, [f"my pets/{name}" for name in splits.test.names], 16)
    assert np.array_equal(masks, above)  # found too when the folder above was loaded


def test_microsoft_names_its_broken_files_by_decoding_them(server, tmp_path, capsys):
    assert main(["data", "get", "microsoft", "--yes", "--quiet", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out.splitlines()[-1])
    folder = tmp_path / "data" / "microsoft"
    assert facts["folder"] == str(folder) and facts["files"] == 28
    splits = data.load(folder, 16, progress=False)
    assert sum(map(len, (splits.train, splits.validation, splits.test))) == 24
    reasons = {item.name: item.reason for item in splits.skipped}
    assert set(reasons) == {
        "readme[1].txt", "PetImages/Cat/666.jpg", "PetImages/Dog/11702.jpg",
        "PetImages/Cat/Thumbs.db", "PetImages/Dog/Thumbs.db",
    }  # fmt: skip
    assert reasons["PetImages/Cat/666.jpg"] == "empty file"


def test_what_is_there_already_is_not_fetched_again(server, tmp_path, capsys, waits):
    content = server.files["images.tar.gz"]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "images.tar.gz").write_bytes(content)  # fetched with a browser
    server.plan = [cut(500)] + [cut(0)] * 4
    assert main(["data", "get", "pets", "--yes", "--quiet"]) == 2  # after 500 bytes
    assert "run this again later" in capsys.readouterr().err
    del server.requests[:]
    assert main(["data", "get", "pets", "--yes", "--quiet"]) == 0
    assert [(r.path, r.range) for r in server.requests] == [("/annotations.tar.gz", "bytes=500-")]
    assert (tmp_path / "data" / "images.tar.gz").read_bytes() == content  # it is the user's own
    assert main(["data", "get", "pets", "--yes", "--quiet"]) == 2
    assert "exists already" in capsys.readouterr().err


def test_a_wrong_archive_put_there_by_hand_is_named(server, tmp_path):
    (tmp_path / "images.tar.gz").write_bytes(b"<html>Please log in</html>")
    with pytest.raises(CatdogError, match=r"images\.tar\.gz' has another checksum"):
        getting.get("pets", tmp_path / "pets", yes=True, progress=False, report=str)
    assert not server.requests


def test_a_full_disk_is_told_before_anything_is_fetched(server, tmp_path, monkeypatch):
    monkeypatch.setattr(getting.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(CatdogError, match="make room"):
        getting.get("microsoft", tmp_path / "new" / "pets", yes=True, progress=False, report=str)
    assert not server.requests and not (tmp_path / "new").exists()


@pytest.mark.parametrize("when", ["fetched", "unpacked"])
def test_ctrl_c_leaves_nothing_half_done(server, tmp_path, when, monkeypatch, capsys):
    def press(*_, **__):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # CI may ignore it
    if when == "fetched":
        part = tmp_path / "data" / ".pets.download" / "images.tar.gz.part"
        server.plan = [interrupt(3000, part.exists)]
    else:
        monkeypatch.setattr("torchvision.datasets.OxfordIIITPet", press)
    try:
        assert main(["data", "get", "pets", "--yes", "--quiet"]) == 130
    finally:
        signal.signal(signal.SIGINT, before)
    said = capsys.readouterr().err
    assert said.startswith("catdog: interrupted; ") and ".pets.download" in said and "kept" in said
    assert [path.name for path in (tmp_path / "data").iterdir()] == [".pets.download"]
    assert not (tmp_path / "data" / ".pets.download" / "unpacked").exists()
    with pytest.raises(CatdogError, match="holds no photo"):
        scan(tmp_path / "data")


def test_archives_that_do_not_hold_what_they_should_are_told(server, tmp_path, monkeypatch):
    contents = {
        "images.tar.gz": tar_gz({"images/a_1.jpg": b""}),
        "annotations.tar.gz": tar_gz({"x": b""}),
    }
    server.files |= contents
    archives = tuple(
        Archive(name, server.url, len(c), hashlib.sha256(c).hexdigest())
        for name, c in contents.items()
    )
    monkeypatch.setitem(COLLECTIONS, "pets", replace(COLLECTIONS["pets"], archives=archives))
    with pytest.raises(CatdogError, match="do not hold what they should"):
        getting.get("pets", tmp_path / "pets", yes=True, progress=False, report=str)
    assert not (tmp_path / "pets").exists()


def run(*arguments: str, stdin: int) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "catdog_lib", "data", "get", *arguments],
        stdin=stdin, capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_without_a_terminal_it_does_not_download_unasked(tmp_path):
    done = run("pets", "--to", str(tmp_path / "pets"), stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and "add --yes" in done.stderr and done.stderr.count("\n") == 1
    for said in ("811 MB", "BY-SA 4.0", "Parkhi"):
        assert said in done.stdout
    assert not list(tmp_path.iterdir())


def test_at_a_terminal_it_asks_and_takes_no_for_an_answer(tmp_path):
    master, slave = pytest.importorskip("pty").openpty()  # not on Windows
    os.write(master, b"n\n")
    done = run("microsoft", "--to", str(tmp_path / "pets"), "--json", stdin=slave)
    assert done.returncode == 0 and "Download 825 MB? [y/N]" in done.stdout, done.stderr
    assert "Asirra" in done.stdout and "Nothing was downloaded." in done.stdout
    assert json.loads(done.stdout.splitlines()[-1])["folder"] is None
    assert not list(tmp_path.iterdir())


def test_without_a_network_one_sentence_says_what_to_do(tmp_path, capsys, waits):
    assert (
        main(
            [
                "data",
                "get",
                "pets",
                "--to",
                str(tmp_path / "pets"),
                "--url",
                "http://127.0.0.1:9",
                "--yes",
            ]
        )
        == 2
    )
    (sentence,) = [
        line for line in capsys.readouterr().err.splitlines() if line.startswith("catdog: ")
    ]
    for said in (
        "no connection",
        "run this again",
        "browser",
        str(tmp_path),
        "draw their own animals",
    ):
        assert said in sentence
    assert waits == [1, 2, 4]


def photos(folder: Path) -> None:
    for word in ("cats", "dogs"):
        (folder / word).mkdir(parents=True)
        (folder / word / "1.jpg").write_bytes(jpeg(1))


def test_the_default_is_one_collection_or_all_that_the_student_put_there(tmp_path):
    assert default_folder(tmp_path) is None
    photos(tmp_path / ".pets.download" / "unpacked")
    assert default_folder(tmp_path) is None
    photos(tmp_path / "microsoft" / "PetImages")
    assert default_folder(tmp_path) == tmp_path / "microsoft"
    photos(tmp_path / "pets" / "train")
    assert default_folder(tmp_path) == tmp_path / "pets"
    photos(tmp_path)
    assert default_folder(tmp_path) == tmp_path


def test_masks_are_no_photos_but_cats_in_masks_are(tmp_path):
    photos(tmp_path)
    for name in ("masks/cat_1.png", "cats/masks/2.jpg"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(jpeg(2))
    found = scan(tmp_path)
    assert {photo.name for photo in found.photos} == {
        "cats/1.jpg",
        "cats/masks/2.jpg",
        "dogs/1.jpg",
    }
    assert not found.skipped


@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
def test_a_mask_lies_on_its_photo(tmp_path, orientation, resize):
    """A photo that is white where its trimap says animal, stored turned in each of the eight
    ways.
    """
    folder = tmp_path / "pets"
    (folder / "train" / "cats").mkdir(parents=True)
    (folder / "masks").mkdir()
    pixels = np.full((60, 96), 2, np.uint8)
    pixels[8:36, 10:50] = 3
    pixels[12:32, 14:46] = 1
    Image.fromarray(pixels).save(folder / "masks" / "a_1.png")
    exif = Image.Exif()
    exif[0x0112] = orientation
    white = Image.fromarray(np.where(pixels == 2, 0, 255).astype(np.uint8)).convert("RGB")
    white.save(folder / "train" / "cats" / "a_1.jpg", exif=exif, quality=95)
    name = "train/cats/a_1.jpg"
    photo = data.load_image(folder / name, 48, resize).numpy()[0]
    (mask,) = animal_masks(folder, [name], 48, resize)
    assert set(np.unique(mask)) == {0, 1}
    assert ((photo > 127) != mask).mean() < 0.03


def test_a_photo_without_a_mask_is_named(tmp_path):
    photos(tmp_path / "train")
    with pytest.raises(CatdogError, match=r"masks/1\.png' is missing"):
        animal_masks(tmp_path, ["train/cats/1.jpg"], 16)
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "1.png").write_bytes(b"no image")
    with pytest.raises(CatdogError, match="cannot be read"):
        animal_masks(tmp_path, ["train/cats/1.jpg"], 16)
