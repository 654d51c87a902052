"""A network is used where its weights lie; a rule that has none is used, too."""

import pytest
import torch
from torch import nn

from catdog_lib import inspect
from catdog_lib.device import choose_device, device_of
from catdog_lib.errors import CatdogError
from catdog_lib.explain import saliency
from catdog_lib.explain.adversarial import is_fooled
from catdog_lib.training.evaluate import evaluate, predict
from tests import tiny


class Brighter(nn.Module):
    """A rule, not a network: an image that is brighter above than below is a cat."""

    def __init__(self):
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d((2, 1))

    def forward(self, images):
        return self.pool(images.float()).mean(1).flatten(1)


def test_it_lies_where_its_weights_or_else_its_buffers_are():
    with torch.device("meta"):
        assert device_of(nn.Conv2d(3, 4, 3)).type == "meta"
        assert device_of(nn.BatchNorm2d(3, affine=False)).type == "meta"
    assert device_of(nn.ReLU()) == torch.device("cpu")


def test_a_rule_without_weights_is_evaluated_and_looked_at():
    rule, data = Brighter(), tiny.image_set(12, 0, 16)
    right = predict(rule, data).argmax(1) == data.labels
    assert evaluate(rule, data).accuracy == pytest.approx(right.double().mean().item())
    images = data[:][0]
    assert inspect.cost(rule, images[:2]).parameters == 0
    assert [layer.name for layer in inspect.activation_statistics(rule, data)] == ["pool"]
    assert [call.name for call in inspect.layers_in_order(rule, images)] == ["pool"]
    assert inspect.UnitFields.of(rule, images, "pool").vertical.jump == 8
    assert torch.equal(is_fooled(rule, images, data.labels), ~right)
    assert saliency(rule, images[:1], target=0).shape[-2:] == (16, 16)


@pytest.mark.parametrize("name", ["hpu", "cuda:99", "gpu", "privateuseone"])
def test_a_device_that_is_not_here_is_one_sentence(name):
    with pytest.raises(CatdogError, match=f"There is no device '{name}' on this machine"):
        choose_device(name)
