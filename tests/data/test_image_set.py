"""Sets of images: indexing, sampling, batches, and their way to another process."""

import pickle
import subprocess
import sys

import pytest
import torch

from catdog_lib import data
from catdog_lib.data.image_set import ImageSet, preload_to_device
from catdog_lib.errors import CatdogError
from tests.tiny import image_set


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("CATDOG_DATA", raising=False)


def test_a_batch_without_images_is_refused():
    with pytest.raises(CatdogError, match="batch_size is 0"):
        next(data.batches(image_set(4, seed=0), 0))


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


@pytest.mark.parametrize(
    ("count", "batch_size", "sizes"),
    [
        (48, 16, [16, 16, 16]),
        (50, 16, [16, 16, 16, 2]),
        (49, 16, [16, 16, 17]),  # a single image joins the batch before it
        (17, 16, [17]),
        (3, 2, [3]),
        (5, 16, [5]),
        (1, 16, [1]),  # there is no batch that it could join
        (3, 1, [1, 1, 1]),
    ],
)
def test_no_single_image_is_left_over_in_training(count, batch_size, sizes):
    assert data.batch_sizes(count, batch_size) == sizes
    store = torch.zeros(count, 3, 1, 1, dtype=torch.uint8)
    images = ImageSet(store, torch.arange(count), torch.zeros(count), ("",) * count)
    shuffled = data.batches(images, batch_size, shuffle=torch.Generator())
    assert [len(labels) for _, labels in shuffled] == sizes
    in_order = [len(labels) for _, labels in data.batches(images, batch_size)]
    assert max(in_order) <= batch_size  # what fits into memory for prediction


def test_the_table_says_that_a_few_images_decide_nothing():
    store, labels = torch.zeros(12, 3, 8, 8, dtype=torch.uint8), torch.arange(12) % 2
    twelve = ImageSet(store, torch.arange(12), labels, tuple(map(str, range(12))))
    three, one = twelve.subset(torch.arange(3)), twelve.subset(torch.tensor([1]))
    said = str(data.Splits(twelve, three, one, "pets")).splitlines()
    assert said[2].endswith("3 images  (2 cats, 1 dog)") and len(said) == 5
    assert said[4] == "So few images for validation and test decide nothing; add photos."
    assert "So few" not in str(data.Splits(twelve, twelve, twelve, "pets"))


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


def test_the_names_of_the_package_are_listed_before_their_first_use():
    code = "from catdog_lib import data; import sys; print('torch' in sys.modules, *dir(data))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    torch_loaded, *names = done.stdout.split()
    assert torch_loaded == "False" and set(data.__all__) <= set(names)
    for name in data.__all__:
        assert getattr(data, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = data.nonsense


def test_a_gpu_takes_a_set_only_if_half_of_its_free_memory_holds_it(monkeypatch):
    features = image_set(4, 0).with_images(torch.rand(4, 1000, 1, 1))  # four bytes a value
    monkeypatch.setattr(ImageSet, "to", lambda self, device: "on the GPU")
    for free, fits in ((33_000, True), (31_000, False)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, free=free: (free, 80_000))
        found = preload_to_device(features, torch.device("cuda"))
        assert found == "on the GPU" if fits else found is features


def test_a_sample_of_images_without_a_class_depends_on_the_seed_alone():
    images, rows = torch.zeros(40, 3, 4, 4, dtype=torch.uint8), torch.arange(40)
    strangers = ImageSet(images, rows, torch.full((40,), -1), ["noise"] * 40)
    chosen = set()
    for i in range(20):
        torch.full((40 + i,), i)  # other memory for what is not filled
        chosen.add(tuple(strangers.sample(5).rows.tolist()))
    assert len(chosen) == 1


@pytest.mark.parametrize(
    "index",
    [torch.arange(6) % 2 == 1, slice(1, None, 2), [1, 3, 5], [-5, -3, -1], torch.tensor([1, 3, 5])],
    ids=["mask", "slice", "list", "from the end", "tensor"],
)
def test_a_subset_has_the_names_of_its_images(index):
    whole = image_set(6, 0)
    some = whole.subset(index)
    assert some.names == ("1", "3", "5") and some.labels.tolist() == [1, 1, 1]
    assert torch.equal(some[:][0], whole.store[1::2])
    assert some.subset([2]).names == ("5",)
