"""Shuffling keeps every pixel, and a perceptron can undo it where a convolution cannot."""

import torch

from catdog_lib.data.image_set import ImageSet
from catdog_lib.experiments import shuffled_pixels


def test_all_images_and_channels_are_shuffled_in_the_same_way():
    places = torch.arange(24.0).view(1, 1, 4, 6)
    images = torch.cat([places, places + 100]).expand(2, 3, 4, 6)
    mixed = shuffled_pixels.shuffle_pixels(images, seed=0)
    assert mixed.shape == images.shape and not torch.equal(mixed, images)
    assert torch.equal(mixed[0].flatten().sort().values, images[0].flatten().sort().values)
    assert torch.equal(mixed[1, 2], mixed[0, 0] + 100)
    assert not torch.equal(mixed, shuffled_pixels.shuffle_pixels(images, seed=1))


def test_every_run_of_every_network_has_an_accuracy():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(40) % 2
    store = torch.randint(0, 120, (40, 3, 24, 24), generator=generator)
    store[labels == 1] += 120  # the brighter half: any network learns that
    images = ImageSet(store.to(torch.uint8), torch.arange(40), labels, ("",) * 40)
    state = torch.random.get_rng_state()
    found = shuffled_pixels.accuracies(images, images, runs=2, epochs=4, seed=3)
    assert torch.equal(state, torch.random.get_rng_state())
    assert list(found) == list(shuffled_pixels.NETWORKS)
    for orders in found.values():
        assert list(orders) == ["as they are", "shuffled"]
        assert all(len(scores) == 2 and min(scores) > 80 for scores in orders.values())
