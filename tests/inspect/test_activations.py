"""Statistics are those of all images at once, and the largest activations are found."""

import math

import pytest
import torch
from torch import nn

from catdog_lib import inspect, models
from catdog_lib.data.image_set import ImageSet
from tests.tiny import image_set, small


def test_statistics_are_those_of_all_images_at_once():
    model, data = small(), image_set(37, 0)  # three batches, the last one smaller
    model[1].bias.data[2] = -1e6
    model.train()
    rows = inspect.activation_statistics(model, data)
    assert [(row.name, row.kind) for row in rows][:4] == [
        ("0", "Normalize"),
        ("1", "Conv2d"),
        ("2", "BatchNorm2d"),
        ("3", "ReLU"),
    ]
    model.eval()
    with torch.no_grad():
        values = model[:4](data[:][0]).double()
    relu = rows[3]
    assert relu.mean == pytest.approx(values.mean().item(), rel=1e-5)
    assert relu.std == pytest.approx(values.std(correction=0).item(), rel=1e-4)
    assert relu.zeros == pytest.approx((values == 0).double().mean().item(), rel=1e-9)
    assert (relu.channels, relu.dead) == (4, 1) and rows[1].dead == 0 and rows[5].channels == 2


def test_a_channel_that_is_active_on_one_image_of_the_first_batch_is_not_dead():
    model = nn.Sequential(models.Normalize((0, 0, 0), (1, 1, 1)), nn.Conv2d(3, 2, 1), nn.ReLU())
    nn.init.ones_(model[1].weight)
    model[1].bias.data = torch.tensor([-2.9, -3.1])  # white is 3
    store = torch.zeros(40, 3, 4, 4, dtype=torch.uint8)
    store[1, :, 2, 2] = 255
    data = ImageSet(store, torch.arange(40), torch.zeros(40, dtype=torch.int64), ("",) * 40)
    assert [row.dead for row in inspect.activation_statistics(model, data)] == [0, 0, 1]


def test_top_activations_are_found_with_their_place_and_patch():
    store = torch.full((20, 3, 24, 24), 40, dtype=torch.uint8)
    store[7, :, 10:13, 4:7] = 250  # bright squares as large as the filter
    store[18, :, 0:3, 21:24] = 200
    store[3, :, 20:22, 9:12] = 200  # only two thirds of one
    model = nn.Sequential(
        models.Normalize(), nn.Conv2d(3, 2, 3, padding=1, bias=False), nn.ReLU(), nn.MaxPool2d(2)
    )
    model[1].weight.data[0] = -1
    model[1].weight.data[1] = 1
    data = ImageSet(store, torch.arange(20), torch.zeros(20, dtype=torch.int64), ("",) * 20)
    first, second, third = inspect.top_activations(model, data, "1", 1, count=3)
    assert [(e.position, e.row, e.column) for e in (first, second)] == [(7, 11, 5), (18, 1, 22)]
    assert first.box == (10, 12, 4, 6) and second.box == (0, 2, 21, 23)
    assert first.patch.shape == (3, 3, 3) and (first.patch == 250).all()
    assert third.position == 3 and first.value > second.value > third.value
    with torch.no_grad():
        assert first.value == pytest.approx(model[:2](store[7:8])[0, 1, 11, 5].item())
    pooled = inspect.top_activations(model, data, "3", 1, count=1)[0]
    assert (pooled.row, pooled.column) == (5, 2) and pooled.box == (9, 12, 3, 6)
    (edge,) = inspect.top_activations(model, data.subset(torch.tensor([18])), "2", 1, count=5)
    assert edge.box == (0, 2, 21, 23)


def test_units_that_see_nothing_but_padding_do_not_count():
    model = nn.Sequential(
        models.Normalize((0, 0, 0), (1, 1, 1)), nn.Conv2d(3, 1, 3, padding=5, bias=False)
    )
    nn.init.constant_(model[1].weight, -1)  # so they have the largest value, 0
    store = torch.full((2, 3, 8, 6), 200, dtype=torch.uint8)
    store[1, :, 7, 5] = 100  # the corner's own unit sees this pixel and no other
    data = ImageSet(store, torch.arange(2), torch.zeros(2, dtype=torch.int64), ("",) * 2)
    first, second = inspect.top_activations(model, data, "1", 0)
    assert (first.position, first.row, first.column) == (1, 12, 10) and first.box == (7, 7, 5, 5)
    assert first.patch.tolist() == [[[100]]] * 3 and first.value == pytest.approx(-300 / 255)
    assert (second.box, second.patch.shape) == ((0, 0, 0, 0), (3, 1, 1))
    with torch.no_grad():
        maps = model(store)
    blind = inspect.UnitFields.of(model, store, "1").see_only_padding(maps, store)
    assert torch.equal(blind, (maps == 0).all(0)[0])


def test_a_layer_that_has_diverged_does_not_look_constant():
    model = small()
    with torch.no_grad():
        next(m for m in model.modules() if isinstance(m, nn.Conv2d)).weight.fill_(float("inf"))
    first = inspect.activation_statistics(model, image_set(8, 0))[1]
    assert math.isnan(first.std)
