"""The batches that are trained on: each image once, and cropped to the size of the epoch."""

import pytest
import torch
import torch.nn.functional as F

from catdog_lib import data
from catdog_lib.data.augment import flip_and_crop
from catdog_lib.data.image_set import preload_to_device
from tests.tiny import image_set, splits


@pytest.fixture
def pets():
    return splits()


class TestBatches:
    def test_they_come_in_channels_last_order(self, pets):
        images, _ = next(data.batches(pets.train, 8))
        assert images.is_contiguous(memory_format=torch.channels_last)

    def test_each_image_comes_once_with_its_label(self, pets):
        some = pets.train.subset(torch.tensor([7, 3, 80, 4, 0, 11, 5]))
        found = list(data.batches(some, 3, shuffle=torch.Generator().manual_seed(1)))
        assert [len(labels) for _, labels in found] == [3, 4]
        images, labels = (torch.cat(parts) for parts in zip(*found, strict=True))
        order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
        assert order.tolist() != list(range(7))
        assert torch.equal(images, some[order][0]) and torch.equal(labels, some[order][1])

    def test_a_set_moved_to_a_device_gives_the_same_ones(self, pets):
        """As `preload_to_device` moves it: a store of its own, without the rows that others use."""
        some = pets.train.subset(torch.tensor([7, 3, 80, 4]))
        moved = some.to(torch.device("cpu"))
        assert len(moved.store) == 4 and moved.names == some.names
        pairs = zip(
            *(
                data.batches(each, 3, shuffle=torch.Generator().manual_seed(1))
                for each in (some, moved)
            ),
            strict=True,
        )
        for (images, labels), (same, theirs) in pairs:
            assert torch.equal(images, same) and torch.equal(labels, theirs)

    def test_on_a_cpu_nothing_is_copied(self, pets):
        assert preload_to_device(pets.train, torch.device("cpu")) is pets.train

    @pytest.mark.cuda
    def test_on_a_gpu_the_images_live_there(self, pets):
        device = torch.device("cuda")
        moved = preload_to_device(pets.train, device)
        assert moved.store.device.type == moved.rows.device.type == "cuda"
        theirs = data.batches(moved, 32, shuffle=torch.Generator().manual_seed(1), device=device)
        mine = data.batches(pets.train, 32, shuffle=torch.Generator().manual_seed(1))
        for (images, labels), (same, true) in zip(theirs, mine, strict=True):
            assert torch.equal(images.cpu(), same) and torch.equal(labels.cpu(), true)


def test_flip_and_crop_to_a_size_equals_cropping_by_a_grid_of_that_size():
    """And a crop of the whole image equals resizing it."""
    images = image_set(12, 4, size=20).store[:, :, :16].float() / 255  # 16 high, 20 wide
    ours = flip_and_crop(images, torch.Generator().manual_seed(3), 0.5, size=13)
    generator = torch.Generator().manual_seed(3)
    side = 0.5 + 0.5 * torch.rand(12, generator=generator)
    mirror = torch.randint(2, (12,), generator=generator) * 2 - 1
    offset = (2 * torch.rand(12, 2, generator=generator) - 1) * (1 - side)[:, None]
    affine = torch.zeros(12, 2, 3)
    affine[:, 0, 0], affine[:, 1, 1], affine[:, :, 2] = side * mirror, side, offset
    grid = F.affine_grid(affine, [12, 3, 13, 13], align_corners=False)
    theirs = F.grid_sample(images, grid, padding_mode="border", align_corners=False)
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=0)

    generator = torch.Generator().manual_seed(3)
    whole = flip_and_crop(images, generator, 1.0, size=13)
    resized = F.interpolate(images, (13, 13), mode="bilinear", align_corners=False)
    mirrored = (mirror < 0).view(-1, 1, 1, 1)
    expected = torch.where(mirrored, resized.flip(3), resized)
    torch.testing.assert_close(whole, expected, atol=2e-5, rtol=0)


def test_without_a_size_flip_and_crop_keeps_the_images_own():
    images = image_set(6, 4, size=20)[:][0]
    free, fixed = (
        flip_and_crop(images, torch.Generator().manual_seed(3), size=size) for size in (None, 20)
    )
    assert free.shape == images.shape and torch.equal(free, fixed)
