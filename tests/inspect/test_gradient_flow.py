"""Sizes by layer are those of the values and gradients that passed the layers."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from catdog_lib import models
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.gradient_flow import layer_signals

LABELS = torch.tensor([0, 1, 1, 0])


def rms(tensor):
    return tensor.detach().square().mean().sqrt().item()


@pytest.mark.parametrize("inplace", [False, True])
def test_sizes_by_layer_are_those_of_the_values_and_gradients(inplace):
    torch.manual_seed(0)
    conv, norm, head = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Linear(4, 2)
    model = nn.Sequential(conv, nn.ReLU(inplace), norm, nn.AdaptiveAvgPool2d(1), nn.Flatten(), head)
    x = torch.rand(4, 3, 8, 8)
    mean = norm.running_mean.clone()
    first, last = layer_signals(model, x, LABELS)
    assert torch.equal(norm.running_mean, mean) and norm.num_batches_tracked == 0
    assert all(p.grad is None for p in model.parameters())
    maps = conv(x)
    maps.retain_grad()
    logits = model[2:](maps.relu())
    logits.retain_grad()
    F.cross_entropy(logits, LABELS).backward()
    for signal, layer, value in ((first, conv, maps), (last, head, logits)):
        assert signal.activation == pytest.approx(rms(value))
        assert signal.activation_gradient == pytest.approx(rms(value.grad))
        assert signal.weight == pytest.approx(rms(layer.weight))
        assert signal.weight_gradient == pytest.approx(rms(layer.weight.grad), rel=1e-4)
    assert (first.name, first.kind, last.name, last.kind) == ("0", "Conv2d", "5", "Linear")
    assert not model._forward_hooks and not conv._forward_hooks


def test_a_layer_that_the_loss_does_not_depend_on_gets_no_gradient():
    class Aside(nn.Module):
        def __init__(self):
            super().__init__()
            self.used, self.aside = nn.Linear(3, 2), nn.Linear(3, 2)

        def forward(self, x):
            self.aside(x)
            return self.used(x)

    used, aside = sorted(layer_signals(Aside(), torch.rand(4, 3), LABELS), key=lambda s: s.name)[
        ::-1
    ]
    assert (used.name, aside.name) == ("used", "aside")
    assert used.weight_gradient > 0 and used.activation_gradient > 0
    assert aside.weight_gradient == aside.activation_gradient == 0


def test_a_shared_layer_has_a_row_for_each_call_and_a_frozen_one_none():
    torch.manual_seed(0)
    model = models.SixBlockCNN(64, 4, tied=True)
    model.train()
    signals = layer_signals(model, torch.rand(2, 3, 64, 64), torch.tensor([0, 1]))
    assert len({s.name for s in signals}) < len(signals) == 7
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    with pytest.raises(CatdogError, match="requires a gradient"):
        layer_signals(model, torch.rand(2, 3, 64, 64), torch.tensor([0, 1]))


def test_with_small_weights_gradients_vanish_and_with_large_ones_they_explode():
    def first_to_last(gain):
        torch.manual_seed(0)
        layers = [nn.Linear(32, 32, bias=False) for _ in range(8)]
        for layer in layers:
            nn.init.normal_(layer.weight, std=gain / 32**0.5)
        signals = layer_signals(nn.Sequential(*layers), torch.randn(64, 32), torch.arange(64) % 32)
        return signals[0].activation_gradient / signals[-1].activation_gradient

    assert first_to_last(0.3) < 1e-3 and 0.2 < first_to_last(1) < 5 and first_to_last(3) > 1e3
