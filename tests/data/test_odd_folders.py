"""Folders with links, names and permissions that are out of the ordinary: named, not crashed on."""

import os
import sys
from collections import Counter

import pytest

from catdog_lib import data
from catdog_lib.data import sources
from catdog_lib.data.check.folder import check_folder
from catdog_lib.data.check.report_text import report_text
from catdog_lib.data.folders import scan
from catdog_lib.errors import CatdogError
from tests.data.photo_folders import fill, photo


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CATDOG_DATA", raising=False)


def test_linked_folders_are_folders(tmp_path):
    fill(tmp_path / "far", "{word}s/{i}.jpg", 12)
    fill(tmp_path / "far", "exam/{word}s/{i}.jpg", 5)
    pets = tmp_path / "pets"
    (pets / "train").mkdir(parents=True)
    for word in ("cats", "dogs"):
        (pets / "train" / word).symlink_to(tmp_path / "far" / word)
    (pets / "test").symlink_to(tmp_path / "far" / "exam")
    (tmp_path / "link").symlink_to(pets)
    counts = Counter((p.split, p.label) for p in scan(tmp_path / "link").photos)
    assert counts == {("train", 0): 12, ("train", 1): 12, ("test", 0): 5, ("test", 1): 5}


def test_links_in_a_circle_end_and_are_named(tmp_path):
    fill(tmp_path, "{word}s/{i}.jpg", 3)
    (tmp_path / "cats" / "again").symlink_to(tmp_path)
    (tmp_path / "dogs" / "me.jpg").symlink_to(tmp_path / "dogs" / "me.jpg")
    found = scan(tmp_path)
    assert len(found.photos) == 7
    (circle,) = found.skipped
    assert circle.name == "cats/again" and "counted already" in circle.reason
    report = check_folder(tmp_path, progress=False)
    kinds = {item.files[0]: item.kind for item in report.unusable}
    assert kinds == {"cats/again": "unreadable folder", "dogs/me.jpg": "cannot be read"}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_name_that_is_not_utf_8_is_named_and_left_out(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 12)
    good = (tmp_path / "pets" / "cats" / "0.jpg").read_bytes()
    for name in (b"cats/gru\xdf.jpg", b"cats/two\nlines.jpg"):
        with open(os.fsencode(tmp_path / "pets") + b"/" + name, "wb") as file:
            file.write(good)
    splits = data.load(tmp_path / "pets", 32, progress=False)
    (skipped,) = splits.skipped
    assert skipped.name == r"cats/gru\udcdf.jpg" and "UTF-8" in skipped.reason
    assert "cats/two\nlines.jpg" in {
        *splits.train.names,
        *splits.validation.names,
        *splits.test.names,
    }
    text = report_text(check_folder(tmp_path / "pets", progress=False))
    assert "unreadable name" in text and r"two\nlines" in text
    text.encode()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read all")
def test_a_folder_without_permission_is_named(tmp_path):
    fill(tmp_path, "train/{word}s/{i}.jpg", 6)
    fill(tmp_path, "test/{word}s/{i}.jpg", 6)
    (tmp_path / "test").chmod(0)
    try:
        (skipped,) = scan(tmp_path).skipped
    finally:
        (tmp_path / "test").chmod(0o755)
    assert (skipped.name, skipped.reason) == ("test", "unreadable folder: Permission denied")


def test_a_folder_that_cannot_be_listed_is_named(tmp_path, monkeypatch):
    """As above, for those who run the tests as root."""
    fill(tmp_path, "train/{word}s/{i}.jpg", 6)
    fill(tmp_path, "test/{word}s/{i}.jpg", 6)
    listed = os.scandir

    def scandir(path):
        if str(path).endswith("test"):
            raise PermissionError(13, "Permission denied", str(path))
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    (skipped,) = scan(tmp_path).skipped
    assert (skipped.name, skipped.reason) == ("test", "unreadable folder: Permission denied")


@pytest.mark.parametrize(
    ("folder", "split"),
    [
        ("eval", "validation"),
        ("Validate", "validation"),
        ("seg_test", "test"),
        ("test_set", "test"),
        ("my-testing-photos", "test"),
        ("trainval", "train"),
        ("latest", None),
    ],
)
def test_a_split_is_known_by_a_word_of_its_folder(tmp_path, folder, split):
    fill(tmp_path, folder + "/{word}s/{i}.jpg", 1)
    assert {p.split for p in scan(tmp_path).photos} == {split}


def test_one_photo_of_each_class_is_one_sentence(tmp_path):
    fill(tmp_path, "{word}s/{i}.jpg", 1)
    with pytest.raises(CatdogError, match="no usable cat for the train split"):
        data.load(tmp_path, 32, max_train=10, progress=False)


def test_photos_in_data_that_cannot_be_used_are_not_passed_over_in_silence(tmp_path, monkeypatch):
    monkeypatch.setattr(sources, "default_folder", lambda: None)
    monkeypatch.setattr(sources.why_unused, "__defaults__", (tmp_path,))
    (tmp_path / "README.md").write_text("put photos here")
    assert sources.why_unused() is None and sources.default_source() == "sketches"
    photo(tmp_path / "cats" / "1.jpg")
    with pytest.warns(UserWarning, match="holds no dogs; add a folder named dogs") as said:
        assert sources.default_source() == "sketches"
    assert said[0].filename == __file__
    fill(tmp_path, "{word}s/{i}.jpg", 1)
    assert sources.why_unused() is None
