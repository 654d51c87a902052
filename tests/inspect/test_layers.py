"""Layers come in the order in which they run."""

import pytest
import torch
from torch import nn

from catdog_lib import inspect
from catdog_lib.errors import CatdogError
from tests.inspect.examples import LAST_FEATURE_MAPS, network, random_images


def test_layers_come_in_the_order_in_which_they_run():
    for name, last in LAST_FEATURE_MAPS.items():
        model = network(name)
        assert inspect.last_feature_maps(model) == last
        assert inspect.last_feature_maps(model, random_images(2)) == last
    assert list(inspect.convolutions(model)) == [
        "block1.0",
        "block2.0",
        "deep.0.0",
        "deep.0.0#2",
        "deep.0.0#3",
        "deep.0.0#4",
    ]
    assert list(inspect.convolutions(network("residual")))[:3] == [
        "stem.0",
        "stages.0.convolutions.0",
        "stages.0.convolutions.3",
    ]
    linear = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    with pytest.raises(CatdogError, match="no convolution"):
        inspect.last_feature_maps(linear, random_images(1, 2) / 255)


def test_a_network_of_one_convolution_has_its_maps():
    model = nn.Sequential(nn.Conv2d(3, 2, 3))
    assert inspect.last_feature_maps(model, torch.rand(1, 3, 8, 8)) == "0"
