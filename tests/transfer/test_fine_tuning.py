"""Fine-tuning keeps BatchNorm and frozen stages still; draws are the same at every image size."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.inspect.hooks import evaluating
from catdog_lib.models import TransferClassifier, backbone
from catdog_lib.training.recipe import Recipe
from catdog_lib.transfer.feature_drift import FeatureDrift
from catdog_lib.transfer.fine_tuning import fine_tune, positions, resized
from catdog_lib.transfer.linear_probe import linear_probe
from catdog_lib.transfer.stage_features import stage_features

RECIPE = Recipe(epochs=1, batch_size=4, lr=1e-3)


def images(count=8, size=32) -> ImageSet:
    generator = torch.Generator().manual_seed(0)
    store = torch.randint(0, 256, (2 * count, 3, size, size), generator=generator).byte()
    rows = torch.arange(count) + count // 2  # not the whole store
    return ImageSet(store, rows, torch.arange(count) % 2, tuple(map(str, range(count))))


@pytest.fixture(scope="module")
def tuned() -> TransferClassifier:
    few = images()
    return fine_tune(Splits(few, few, few, "none"), RECIPE, frozen=7)


def test_only_the_stages_above_learn_and_batchnorm_stays_still(tuned):
    before, after = backbone().state_dict(), tuned.backbone.state_dict()
    changed = {name for name in after if not torch.equal(before[name], after[name])}
    assert changed and all(name.startswith("body.top.0.0") for name in changed)  # a convolution


def test_it_begins_with_the_head_that_it_is_given():
    few = images()
    head = nn.Linear(1280, 2)
    slow = replace(RECIPE, lr=1e-9)
    found = fine_tune(Splits(few, few, few, "none"), slow, head, frozen=8).head
    assert torch.allclose(found.weight, head.weight, atol=1e-6)


def test_images_of_another_size_keep_their_order():
    few = images()
    small = resized(few, 16)
    assert small.size == 16 and len(small) == len(few) and small.names == few.names
    means = [each[:][0].double().mean((1, 2, 3)) for each in (few, small)]
    assert torch.allclose(*means, atol=1.0)


def test_draws_are_balanced_and_the_same_at_every_size():
    few = images()
    rows = positions(few, 4, seed=1)
    assert few.labels[rows].sum() == 2
    assert torch.equal(rows, positions(resized(few, 16), 4, seed=1))
    assert not torch.equal(rows, positions(few, 4, seed=2))


def test_the_last_stage_has_the_backbones_features():
    network, few = backbone(), images(size=64)
    found = stage_features(network, few)
    assert list(found) == [name for name, _ in network.stages]
    assert found["stem"].shape == (8, 16)
    with torch.no_grad(), evaluating(network):
        assert torch.allclose(found["top"], network(few[:][0]), atol=1e-4)
    head = linear_probe(found["stem"], few.labels)
    head(found["stem"]).sum().backward()  # gradients may be taken on them


def test_drift_is_measured_against_the_first_step():
    few, classifier = images(size=64), TransferClassifier()
    drift = FeatureDrift(classifier, few, few)
    drift.measure(0)
    for layer in classifier.backbone.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean += 0.3
    drift.measure(5)
    first, last = drift.points
    assert first.moved == 0 and last.moved > 0.05 and last.step == 5
    assert first.new_probe.all()  # a probe of eight images knows these eight
