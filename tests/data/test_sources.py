"""Which photos the lessons use by default, and which files of a folder are photos."""

from pathlib import Path

from catdog_lib.data.folders import scan
from catdog_lib.data.sources import default_folder
from tests.data.download.published_archives import jpeg


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
