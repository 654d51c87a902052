"""Photos in: layouts, unusable files, the cache, the splits."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from catdog_lib import data
from catdog_lib.data import cache
from catdog_lib.data.augment import flip_and_crop
from catdog_lib.data.check.folder import check_folder
from catdog_lib.data.decode import DecodeError, decode, open_photo
from catdog_lib.data.image_set import ImageSet
from catdog_lib.errors import CatdogError


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CATDOG_DATA", raising=False)


def photo(path: Path, colour=(200, 80, 40), size=(90, 70), **options) -> Path:
    """A real JPEG file with some texture, different for each path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(abs(hash(str(path))) % 2**32).integers(
        0, 40, (size[1], size[0], 3)
    )
    Image.fromarray((np.array(colour) + noise - 20).clip(0, 255).astype(np.uint8)).save(
        path, **options
    )
    return path


def fill(root: Path, pattern: str, count: int, words=("cat", "dog")) -> None:
    for word, colour in zip(words, ((200, 80, 40), (40, 80, 200)), strict=True):
        for i in range(count):
            photo(root / pattern.format(word=word, i=i), colour)


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
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_gives_the_same_three_splits(tmp_path, layout):
    patterns, has_test = LAYOUTS[layout]
    for pattern in patterns:
        fill(tmp_path / "pets", pattern, 20)
    splits = data.load(tmp_path / "pets", 32, progress=False)
    sizes = [len(part) for part in (splits.train, splits.validation, splits.test)]
    assert sizes == (
        [34, 6, 40] if has_test else [28, 4, 8]
    )  # 20 % of each class, then 15 %, rounded
    for part in (splits.train, splits.validation, splits.test):
        assert part.counts()["cat"] == part.counts()["dog"]
        images, labels = part[:]
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
    parts = [set(p.names) for p in (first.train, first.validation, first.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 60
    assert first.validation.names == again.validation.names
    assert first.validation.names != other.validation.names


def test_a_new_photo_moves_hardly_any_other_to_another_split(tmp_path):
    fill(tmp_path, "{word}s/{i}.jpg", 60)
    before = data.load(tmp_path, 32, progress=False)
    photo(tmp_path / "cats" / "new.jpg")
    after = data.load(tmp_path, 32, progress=False)
    for part in ("train", "validation", "test"):
        old, new = set(getattr(before, part).names), set(getattr(after, part).names)
        assert len(old - new) <= 1, part


def test_a_validation_folder_is_used_as_it_is(tmp_path):
    for part in ("train", "valid", "test"):
        fill(tmp_path, part + "/{word}/{i}.jpg", 6)
    splits = data.load(tmp_path, 32, progress=False)
    assert [len(p) for p in (splits.train, splits.validation, splits.test)] == [12, 12, 12]
    assert all(name.startswith("valid/") for name in splits.validation.names)


def test_at_most_so_many_as_many_cats_as_dogs(tmp_path):
    fill(tmp_path, "train/{word}/{i}.jpg", 30)
    fill(tmp_path, "test/{word}/{i}.jpg", 10)
    splits = data.load(tmp_path, 32, max_train=20, max_test=8, progress=False)
    assert len(splits.train) + len(splits.validation) == 20
    assert splits.test.counts() == {"cat": 4, "dog": 4}


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


def test_the_second_load_decodes_nothing_and_maps_the_file(tmp_path, monkeypatch):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    pixels = data.load(tmp_path / "pets", 32, progress=False).train[:][0]
    monkeypatch.setattr(cache, "parallel_map", lambda *_: pytest.fail("decoded again"))
    second = data.load(tmp_path / "pets", 32, progress=False)
    assert torch.equal(pixels, second.train[:][0])
    second.train.store.zero_()  # copy-on-write: this must not reach the file
    again = data.load(tmp_path / "pets", 32, progress=False)
    assert torch.equal(pixels, again.train[:][0])


def test_a_changed_photo_is_decoded_anew(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    before = data.load(tmp_path / "pets", 32, progress=False)
    photo(tmp_path / "pets" / before.train.names[0], (0, 255, 0), size=(91, 70))
    after = data.load(tmp_path / "pets", 32, progress=False)
    assert after.train.names == before.train.names
    assert not torch.equal(after.train[0][0], before.train[0][0])
    assert torch.equal(after.train[1:][0], before.train[1:][0])


def test_a_cache_cut_short_is_made_again(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    whole = data.load(tmp_path / "pets", 32, progress=False).train[:][0].clone()
    (pixels,) = cache.cache_dir().glob("*.npy")
    pixels.write_bytes(pixels.read_bytes()[:1000])
    assert torch.equal(data.load(tmp_path / "pets", 32, progress=False).train[:][0], whole)
    assert not list(cache.cache_dir().glob("*.part"))


def test_a_full_disk_is_told_before_decoding(tmp_path, monkeypatch):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 10)
    monkeypatch.setattr(cache.shutil, "disk_usage", lambda _: type("Usage", (), {"free": 1000})())
    with pytest.raises(CatdogError, match="CATDOG_CACHE"):
        data.load(tmp_path / "pets", 32, progress=False)


def test_many_photos_are_decoded_in_processes_as_in_one(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 130)
    (tmp_path / "pets" / "cats" / "77.jpg").write_bytes(b"broken")
    splits = data.load(tmp_path / "pets", 24, progress=False)
    assert [item.name for item in splits.skipped] == ["cats/77.jpg"]
    for part in (splits.train, splits.test):
        for i in range(0, len(part), 17):
            assert np.array_equal(part[i][0].numpy(), decode(tmp_path / "pets" / part.names[i], 24))


def test_a_script_without_a_main_guard_can_load_photos(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 130)
    script = tmp_path / "mine.py"
    script.write_text(
        f"from catdog_lib import data\nprint(len(data.load({str(tmp_path / 'pets')!r}, "
        "24).train))\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stdout.split()[-1]) == (0, "176"), done.stderr
    assert "Traceback" not in done.stderr


def test_the_processes_that_decode_do_not_load_torch():
    code = "import sys, catdog_lib.data.decode; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


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


def test_image_set_indexing_sampling_and_batches():
    splits = data.load("sketches", 32, max_train=40, max_test=10)
    train = splits.train
    image, label = train[3]
    assert image.shape == (3, 32, 32) and label.ndim == 0
    sample = train.sample(10, seed=1)
    assert sample.counts() == {"cat": 5, "dog": 5} and len(set(sample.names)) == 10
    assert train.sample(10, seed=1).names == sample.names != train.sample(10, seed=2).names
    generator = torch.Generator().manual_seed(0)
    seen = list(data.batches(train, 8, shuffle=generator))
    assert [len(labels) for _, labels in seen] == [8, 8, 8, 8, 2]
    shuffled = torch.cat([images for images, _ in seen])
    assert not torch.equal(shuffled, train[:][0])
    assert torch.equal(
        shuffled.flatten(1).sum(1).sort().values, train[:][0].flatten(1).sum(1).sort().values
    )
    in_order = torch.cat([images for images, _ in data.batches(train, 8)])
    assert torch.equal(in_order, train[:][0])


def test_flip_and_crop_mirrors_half_and_keeps_the_rest_in_place():
    images = torch.zeros(400, 3, 16, 16, dtype=torch.uint8)
    images[..., :8] = 255  # left half white
    changed = flip_and_crop(images, torch.Generator().manual_seed(0), smallest=0.999)
    mirrored = changed[:, 0, 8, 12] > 0.5
    assert 150 < mirrored.sum() < 250
    assert torch.allclose(changed[~mirrored][:, :, :, :6], torch.ones(()), atol=0.02)
    again = flip_and_crop(images, torch.Generator().manual_seed(0), smallest=0.999)
    assert torch.equal(changed, again)


def test_the_companions_are_a_cat_and_a_dog_of_the_source(tmp_path):
    fill(tmp_path / "pets", "{word}s/{i}.jpg", 3)
    (tmp_path / "pets" / "cats" / "0.jpg").write_bytes(b"broken")
    pair = data.example_pair(tmp_path / "pets", 24)
    assert np.array_equal(pair[0].numpy(), decode(tmp_path / "pets" / "cats" / "1.jpg", 24))
    assert np.array_equal(pair[1].numpy(), decode(tmp_path / "pets" / "dogs" / "0.jpg", 24))
    assert data.example_pair("sketches", 24).shape == (2, 3, 24, 24)


@pytest.mark.parametrize("kind", ["pdf", "missing"])
def test_photo_tensor_names_the_file_and_the_reason(tmp_path, kind):
    path = tmp_path / "rex.jpg"
    if kind == "pdf":
        path.write_bytes(b"%PDF-1.7\n")
    with pytest.raises(CatdogError, match=r"rex\.jpg") as error:
        data.load_image(path, 32)
    assert ("not an image" if kind == "pdf" else "no such file") in str(error.value)


def test_a_set_sent_to_another_process_takes_its_own_images_and_no_others():
    generator = torch.Generator().manual_seed(0)
    store = torch.randint(0, 256, (500, 3, 16, 16), dtype=torch.uint8, generator=generator)
    labels = torch.arange(500) % 2
    whole = ImageSet(store, torch.arange(500), labels, tuple(map(str, range(500))))
    some = whole.subset(torch.tensor([7, 3, 499]))
    sent = pickle.dumps(some)
    assert len(sent) < 3 * 3 * 16 * 16 + 2000
    arrived = pickle.loads(sent)
    assert arrived.names == ("7", "3", "499")
    for mine, its in zip(some[:], arrived[:], strict=True):
        assert torch.equal(mine, its)
    assert some.store is store, "the set itself still shares it"
