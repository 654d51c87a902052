"""A network is tested on all photos that it has not seen, and on none that it has."""

from pathlib import Path

import pytest

from catdog_lib.cli import main
from catdog_lib.data.loading import load
from catdog_lib.data.new_photos import is_another, new_photos, photos_seen
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
        ("/photos/../photos", "/photos", False),
        ("/photos/training_set", "/photos", True),
        ("/photos", "/photos/training_set", True),
        ("/photos", "sketches", True),
        ("sketches", "/photos", False),
        ("/photos2", "/photos", True),
    ],
)
def test_which_folders_are_the_same(folder, trained_on, new):
    assert is_another(folder, trained_on) is new


class TestPhotosThatTheNetworkKnows:
    """They must not be in a test, wherever they lie and whatever they are called now."""

    @pytest.fixture
    def trained_on(self, tmp_path):
        fill(tmp_path / "all" / "some", "{word}s/{i}.jpg", 10)
        fill(tmp_path / "all" / "more", "{word}s/m{i}.jpg", 3)
        return {"source": str(tmp_path / "all" / "some"), "size": 16, "resize": "squash"}

    def test_the_folder_above_is_tested_without_them(self, tmp_path, trained_on):
        splits = load(**trained_on, progress=False)
        seen = photos_seen(trained_on, False)
        assert len(seen) == len(splits.train) + len(splits.validation) < 20
        images, which = new_photos(tmp_path / "all", 16, "squash", False, seen)
        assert len(images) == 26 - len(seen) and f"without {len(seen)} that" in which
        own = {name.removeprefix("some/") for name in images.names if name.startswith("some/")}
        assert own == set(splits.test.names)

    def test_copies_under_other_names_are_known(self, tmp_path, trained_on):
        seen = photos_seen(trained_on, False)
        for number, file in enumerate(seen):
            copy = tmp_path / "copies" / file.parent.name / f"copy {number}.jpg"
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())
        fill(tmp_path / "copies", "{word}s/new{i}.jpg", 2)
        assert len(new_photos(tmp_path / "copies", 16, "squash", False)[0]) == len(seen) + 4
        assert len(new_photos(tmp_path / "copies", 16, "squash", False, seen)[0]) <= 4

    def test_where_all_are_known_it_is_one_sentence(self, trained_on):
        seen = photos_seen(trained_on, False)
        seen += [Path(trained_on["source"]) / name for name in load(**trained_on).test.names]
        with pytest.raises(CatdogError, match=r"no usable cat to test with, without 20 that"):
            new_photos(trained_on["source"], 16, "squash", False, seen)

    def test_where_they_are_gone_nobody_knows(self, tmp_path, trained_on):
        (tmp_path / "all").rename(tmp_path / "moved")
        assert photos_seen(trained_on, False) is None
        assert photos_seen({"source": "sketches", "size": 16}) == []
