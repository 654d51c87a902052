"""Strangers are what they say, and repeat with their seed."""

import pytest
import torch

from catdog_lib import data
from catdog_lib.trust import stranger_sets
from catdog_lib.trust.strangers import NEITHER

COUNT = 6


@pytest.fixture(scope="module")
def pets():
    return data.example_pair("sketches", size=48)


@pytest.fixture(scope="module")
def sets(pets):
    return stranger_sets(pets, COUNT)


def test_each_kind_has_its_images_and_no_label(sets, pets):
    assert list(sets) == ["scene", "thing", "horse", "cloud", "noise"]
    for dataset in sets.values():
        images, labels = dataset[:]
        assert images.shape == (COUNT, *pets.shape[1:]) and images.dtype == torch.uint8
        assert labels.tolist() == [NEITHER] * COUNT
        assert len(set(map(bytes, images.numpy()))) == COUNT, "all different"


def test_a_seed_repeats_and_another_shares_no_image(sets, pets):
    again, other = stranger_sets(pets, COUNT), stranger_sets(pets, COUNT, seed=1)
    for kind, dataset in sets.items():
        images = dataset[:][0]
        assert torch.equal(again[kind][:][0], images)
        both = {bytes(one) for set_ in (images, other[kind][:][0]) for one in set_.numpy()}
        assert len(both) == 2 * COUNT, kind


def test_a_cloud_has_the_frequencies_of_its_image_and_not_its_shapes(pets):
    # Grey levels far from 0 and 255, so that nothing is clipped.
    soft = (96 + pets.float() / 4).to(torch.uint8)
    cloud = stranger_sets(soft, 2)["cloud"][:][0].float()
    image = soft.float()
    a, b = (torch.fft.rfft2(one).abs().flatten() for one in (image, cloud))
    assert torch.corrcoef(torch.stack([a, b]))[0, 1] > 0.999
    assert (cloud.mean((2, 3)) - image.mean((2, 3))).abs().max() < 0.5
    same = [
        torch.corrcoef(torch.stack([i, c]))[0, 1]
        for i, c in zip(image.flatten(1), cloud.flatten(1), strict=True)
    ]
    assert max(map(abs, same)) < 0.8
