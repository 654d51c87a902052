"""The facts of pretrained networks: counted here, and published under the name of the weights."""

import pytest

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.network_facts import network_facts


def test_networks_are_compared_by_weights_of_one_name():
    resnet, inception = network_facts("resnet50"), network_facts("inception_v3")
    assert resnet.top1 == {"V1": 76.13, "V2": 80.858}  # torchvision's page of weights
    assert inception.top1 == {"V1": 77.294} and inception.size == 299
    assert resnet.features == 2048 and resnet.parameters == 23_508_032
    assert resnet.multiply_adds == pytest.approx(4.09e9, rel=1e-2)


def test_the_offline_default_has_its_makers_weights_only():
    assert network_facts("efficientnet_lite0").top1 == {"V1": 75.1}


def test_an_unknown_network_is_one_sentence():
    with pytest.raises(CatdogError, match="There is no backbone 'resnet51'"):
        network_facts("resnet51")
