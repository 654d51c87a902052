"""A network is tested on all photos that it has not seen, and on none that it has."""

import pytest

from catdog_lib.cli import main
from catdog_lib.data.new_photos import are_new, new_photos
from catdog_lib.errors import CatdogError
from tests.data.photo_folders import fill
from tests.runs.test_hostile_runs import write_run


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "cache"))


def test_a_folder_with_test_photos_alone_and_a_flat_one_are_used_whole(tmp_path, capsys):
    fill(tmp_path / "exam", "test/{word}s/{i}.jpg", 7)
    fill(tmp_path / "flat", "{word}.{i}.jpg", 5)
    (tmp_path / "flat" / "cat.0.jpg").write_bytes(b"")
    write_run(tmp_path / "run")
    for folder, says in (("exam", "the test photos in"), ("flat", "all photos in")):
        assert main(["evaluate", str(tmp_path / "run"), "--data", str(tmp_path / folder)]) == 0
        assert says in capsys.readouterr().out
    assert len(new_photos(tmp_path / "exam", 16, "squash", False)[0]) == 14
    images, which = new_photos(tmp_path / "flat", 16, "squash", False)
    assert len(images) == 9 and which.endswith("without 1 file that cannot be used")


def test_of_a_folder_with_other_parts_only_the_test_photos_are_used(tmp_path):
    fill(tmp_path, "train/{word}s/{i}.jpg", 6)
    fill(tmp_path, "test/{word}s/{i}.jpg", 2)
    assert len(new_photos(tmp_path, 16, "squash", False)[0]) == 4


def test_without_one_class_it_is_one_sentence(tmp_path):
    fill(tmp_path, "{word}s/{i}.jpg", 2)
    for path in (tmp_path / "dogs").iterdir():
        path.write_bytes(b"")
    with pytest.raises(CatdogError, match="leaves no usable dog to test with"):
        new_photos(tmp_path, 16, "squash", False)


@pytest.mark.parametrize(
    ("folder", "trained_on", "new"),
    [
        ("/photos/new", "/photos/old", True),
        ("/photos", "/photos", False),
        ("/photos/training_set", "/photos", False),
        ("/photos", "/photos/training_set", False),
        ("/photos", "sketches", True),
        ("sketches", "/photos", False),
        ("/photos2", "/photos", True),
    ],
)
def test_a_folder_is_new_if_neither_lies_in_the_other(folder, trained_on, new):
    assert are_new(folder, trained_on) is new
