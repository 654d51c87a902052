"""Photos in: layouts, unusable files, the splits."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from catdog_lib import data
from catdog_lib.data.check.folder import check_folder
from catdog_lib.data.decode import decode
from catdog_lib.errors import CatdogError
from tests.data.photo_folders import fill, photo


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CATDOG_DATA", raising=False)


LAYOUTS = {
    "training_set and test_set, plural": (
        ["training_set/{word}s/{word}.{i}.jpg", "test_set/{word}s/{word}.{i}.jpg"], True,
    ),
    "train, singular": (["train/{word}/{i}.jpg"], False),
    "one folder a class": (["{word}s/{i}.jpeg"], False),
    "flat": (["{word}.{i}.jpg"], False),
    "nested twice, as unpacked from an archive": (
        ["training_set/training_set/{word}s/{i}.jpg", "test_set/test_set/{word}s/{i}.jpg"], True,
    ),
    "flat inside train": (["train/{word}.{i}.jpg"], False),
}  # a row for each layout  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_three_splits(tmp_path, layout):
    patterns, has_test = LAYOUTS[layout]
    for pattern in patterns:
        fill(tmp_path / "pets", pattern, 20)
    splits = data.load(tmp_path / "pets", 32, progress=False)
    sizes = [len(split) for split in (splits.train, splits.validation, splits.test)]
    # 20% of each class, then 15%, rounded.
    assert sizes == ([34, 6, 40] if has_test else [28, 4, 8])
    for split in (splits.train, splits.validation, splits.test):
        assert split.counts()["cat"] == split.counts()["dog"]
        images, labels = split[:]
        red, blue = images[:, 0].float().mean((1, 2)), images[:, 2].float().mean((1, 2))
        assert torch.equal(labels, (blue > red).long()), "cats are red here, dogs blue"
    if has_test:
        assert all(name.startswith("test_set/") for name in splits.test.names)
        assert not any(
            name.startswith("test_set/") for name in splits.train.names + splits.validation.names
        )


@pytest.mark.parametrize("words", [("Cats", "Dogs"), ("CAT", "DOG"), ("cats", "Dog")])
def test_class_names_in_any_case_and_number(tmp_path, words):
    fill(tmp_path, "{word}/{i}.jpg", 8, words)
    assert data.load(tmp_path, 32, progress=False).train.counts() == {"cat": 5, "dog": 5}


def test_the_splits_share_no_file_and_depend_only_on_the_seed(tmp_path):
    fill(tmp_path, "{word}s/{i}.jpg", 30)
    first, again, other = (data.load(tmp_path, 32, seed=seed, progress=False) for seed in (0, 0, 1))
    names_of_splits = [set(p.names) for p in (first.train, first.validation, first.test)]
    assert sum(map(len, names_of_splits)) == len(set.union(*names_of_splits)) == 60
    assert first.validation.names == again.validation.names
    assert first.validation.names != other.validation.names


def test_a_new_photo_moves_hardly_any_other_to_another_split(tmp_path):
    fill(tmp_path, "{word}s/{i}.jpg", 60)
    before = data.load(tmp_path, 32, progress=False)
    photo(tmp_path / "cats" / "new.jpg")
    after = data.load(tmp_path, 32, progress=False)
    for split in ("train", "validation", "test"):
        old, new = set(getattr(before, split).names), set(getattr(after, split).names)
        assert len(old - new) <= 1, split


def test_a_validation_folder_is_used_as_it_is(tmp_path):
    for split in ("train", "valid", "test"):
        fill(tmp_path, split + "/{word}/{i}.jpg", 6)
    splits = data.load(tmp_path, 32, progress=False)
    assert [len(p) for p in (splits.train, splits.validation, splits.test)] == [12, 12, 12]
    assert all(name.startswith("valid/") for name in splits.validation.names)


def test_a_maximum_keeps_as_many_cats_as_dogs(tmp_path):
    fill(tmp_path, "train/{word}/{i}.jpg", 30)
    fill(tmp_path, "test/{word}/{i}.jpg", 10)
    splits = data.load(tmp_path, 32, max_train=20, max_test=8, progress=False)
    assert len(splits.train) + len(splits.validation) == 20
    assert splits.test.counts() == {"cat": 4, "dog": 4}


@pytest.mark.parametrize("most", [5, 7, 9, 11])
def test_a_maximum_is_never_exceeded(tmp_path, most):
    fill(tmp_path, "train/{word}/{i}.jpg", 14)
    fill(tmp_path, "test/{word}/{i}.jpg", 14)
    splits = data.load(tmp_path, 32, max_train=most, max_test=most, progress=False)
    for count in (len(splits.train) + len(splits.validation), len(splits.test)):
        assert most - 1 <= count <= most


@pytest.fixture
def dirty(tmp_path) -> Path:
    folder = tmp_path / "pets"
    fill(folder, "{word}s/{i}.jpg", 10)
    whole = photo(folder / "cats" / "truncated.jpg", size=(300, 300)).read_bytes()
    (folder / "cats" / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    (folder / "cats" / "text.jpg").write_text("I am no photo")
    (folder / "dogs" / "empty.jpg").write_bytes(b"")
    (folder / "dogs" / "report.jpg").write_bytes(b"%PDF-1.7\n")
    Image.open(folder / "dogs" / "0.jpg").convert("L").save(folder / "dogs" / "grey.jpg")
    (folder / "notes.txt").write_text("mine")
    return folder


UNUSABLE = {
    "cats/truncated.jpg": "truncated",
    "cats/text.jpg": "not an image",
    "dogs/empty.jpg": "empty file",
    "dogs/report.jpg": "not an image",
    "notes.txt": "neither its name nor its folder says cat or dog",
}


def test_unusable_files_are_named_and_the_rest_is_used(dirty):
    splits = data.load(dirty, 32, progress=False)
    assert {item.name: item.reason for item in splits.skipped} == UNUSABLE
    names = splits.train.names + splits.validation.names + splits.test.names
    assert len(names) == 21 and "dogs/grey.jpg" in names
    again = data.load(dirty, 32, progress=False)  # from the cache
    assert again.skipped == splits.skipped and again.train.names == splits.train.names


def test_check_folder_agrees(dirty):
    report = check_folder(dirty, progress=False)
    unusable = {item.files[0]: item.detail or item.kind for item in report.unusable}
    assert unusable == UNUSABLE
    assert (report.files, report.usable, report.counts) == (
        26,
        21,
        {"not split, cats": 10, "not split, dogs": 11},
    )


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda root: None, "does not exist"),
        (lambda root: photo(root), "is a file, not a folder"),
        (lambda root: root.mkdir(), "holds no photo"),
        (lambda root: photo(root / "dogs" / "1.jpg"), "holds no cats"),
        (lambda root: photo(root / "cat.1.jpg"), "holds no dogs"),
        (lambda root: fill(root, "test/{word}/{i}.jpg", 5), "no train folder"),
        (lambda root: fill(root, "{word}/{i}.jpg", 1), "leaves no usable"),
    ],
)
def test_a_folder_that_cannot_be_used_gets_one_sentence(tmp_path, make, sentence):
    root = tmp_path / "pets.jpg"
    make(root)
    with pytest.raises(CatdogError, match=sentence) as error:
        data.load(root, 32, progress=False)
    assert "pets.jpg" in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "arguments",
    [{"size": 4}, {"resize": "stretch"}, {"validation": 0.0}, {"test": 1.5}, {"max_train": 1}],
)
def test_an_argument_that_cannot_be_used_is_named(arguments):
    with pytest.raises(CatdogError, match=next(iter(arguments))):
        data.load("sketches", **{"size": 32, **arguments})


def test_the_example_pair_is_a_cat_and_a_dog_of_the_source(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 3)
    (tmp_path / "pets" / "cats" / "0.jpg").write_bytes(b"broken")
    pair = data.example_pair(tmp_path / "pets", 24)
    assert np.array_equal(pair[0].numpy(), decode(tmp_path / "pets" / "cats" / "1.jpg", 24))
    assert np.array_equal(pair[1].numpy(), decode(tmp_path / "pets" / "dogs" / "0.jpg", 24))
    assert data.example_pair("sketches", 24).shape == (2, 3, 24, 24)


def test_a_training_set_with_no_room_left_is_told_what_to_shrink(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 3)
    with pytest.raises(CatdogError, match=r"for the train split; .* smaller shares"):
        data.load(tmp_path / "pets", 32, test=0.99, progress=False)


def test_load_image_takes_a_tilde_and_names_what_it_cannot_do(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path)), monkeypatch.setenv("USERPROFILE", str(tmp_path))
    photo(tmp_path / "rex.jpg")
    assert data.load_image("~/rex.jpg", 32).shape == (3, 32, 32)
    for arguments in ((32, "centre"), (0,), ("32",), (32.5,)):
        with pytest.raises(CatdogError, match=r"resize is 'centre'|size is (0|'32'|32.5);"):
            data.load_image("~/rex.jpg", *arguments)


@pytest.mark.parametrize("name", ["5²6.png", "٣.png", "①.png"])
def test_any_digit_may_be_in_a_name(tmp_path, name):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 3)
    photo(tmp_path / "pets" / "cats" / name)
    assert len(data.folders.scan(tmp_path / "pets").photos) == 7


@pytest.mark.parametrize("kind", ["pdf", "missing"])
def test_load_image_names_the_file_and_the_reason(tmp_path, kind):
    path = tmp_path / "rex.jpg"
    if kind == "pdf":
        path.write_bytes(b"%PDF-1.7\n")
    with pytest.raises(CatdogError, match=r"rex\.jpg") as error:
        data.load_image(path, 32)
    assert ("not an image" if kind == "pdf" else "no such file") in str(error.value)
