"""Pruning: the smaller network has the outputs of the zeroed one, for each of our networks."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from catdog_lib import models
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.cost import cost
from catdog_lib.inspect.shape_table import shape_table
from catdog_lib.sparsity import (
    dead_channels,
    prune,
    share_of_zeros,
    zero_dead_channels,
    zero_smallest_channels,
)
from tests.tiny import small

NETWORKS = {
    "six blocks, tied": lambda: models.SixBlockCNN(64, 2),
    "six blocks": lambda: models.SixBlockCNN(128, 2, tied=False),
    "five convolutions": lambda: models.FiveConvCNN(64, 4),
    "residual": lambda: models.ResidualCNN(32, 4),
}
IMAGES = torch.rand(6, 3, 4, 4, generator=torch.Generator().manual_seed(0))
IMAGES = IMAGES.repeat_interleave(32, 2).repeat_interleave(32, 3).double()  # patches of colour


def trained(name: str, dead: tuple[int, ...] = (1, 3)) -> nn.Module:
    """Return a network with numbers as after some training, and filters of zeros in every layer."""
    torch.manual_seed(0)
    model = NETWORKS[name]()
    with torch.no_grad():
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.weight.uniform_(0.5, 2)
                module.bias.normal_()
                module.running_mean.normal_(std=0.3)
                module.running_var.uniform_(0.5, 2)
            if isinstance(module, nn.Conv2d):
                module.weight.mul_(2)
                module.weight[[i for i in dead if i < len(module.weight)]] = 0
                if module.bias is not None:
                    module.bias.normal_()
    return model.eval().double()


def outputs(model: nn.Module, size: int | None = None) -> torch.Tensor:
    size = size or model.settings["size"]
    with torch.no_grad():
        return model(IMAGES[:, :, :size, :size])


@pytest.mark.parametrize("name", NETWORKS)
def test_the_smaller_network_has_the_outputs_of_the_zeroed_one(name):
    model = trained(name)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    zeroed = zero_dead_channels(model)
    smaller = prune(model)
    size = model.settings["size"]
    expected = outputs(zeroed)
    assert torch.allclose(outputs(smaller, size), expected, rtol=1e-9, atol=1e-9)
    assert expected.std(0).min() > 1e-3, "the outputs depend on the images"
    assert not torch.allclose(expected, outputs(model), atol=1e-3), (
        "the constant maps had an effect"
    )
    assert type(smaller) is type(model) and not hasattr(smaller, "settings")
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    rest = dead_channels(smaller)
    for layer, dead in dead_channels(model).items():
        assert int(dead.sum()) == sum(i < len(dead) for i in (1, 3)), layer
        assert len(rest[layer]) == len(dead) - int(dead.sum()) and not rest[layer].any()
    assert share_of_zeros(smaller) == 0


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_smaller_by_what_was_removed_and_still_trains(name):
    model = trained(name)
    smaller = prune(model)
    size = model.settings["size"]
    one, two = (cost(network, IMAGES[:2, :, :size, :size]) for network in (model, smaller))
    assert two.parameters < one.parameters and two.bytes < one.bytes
    assert two.multiply_adds < 0.9 * one.multiply_adds
    for use in shape_table(smaller, IMAGES[:1, :, :size, :size]):
        layer = smaller.get_submodule(use.name)
        if isinstance(layer, nn.Conv2d | nn.Linear | nn.BatchNorm2d):
            is_norm = isinstance(layer, nn.BatchNorm2d)
            inputs = layer.num_features if is_norm else layer.weight.shape[1]
            if not is_norm:  # what the layer says of itself is what it is
                said = layer.in_channels if isinstance(layer, nn.Conv2d) else layer.in_features
                assert said == inputs
            assert (use.shape_out[0], use.shape_in[0]) == (len(layer.weight), inputs)
            assert not is_norm or len(layer.weight) == inputs
            assert len(layer.bias if layer.bias is not None else layer.weight) == use.shape_out[0]
    smaller.train()
    smaller(IMAGES[:, :, :size, :size]).logsumexp(1).sum().backward()
    assert all(p.grad is not None and p.is_leaf for p in smaller.parameters())


def test_a_channel_that_another_layer_writes_too_stays():
    """The tied block reads block 2's maps and its own; a residual block adds its two branches."""
    tied = trained("six blocks, tied", dead=())
    with torch.no_grad():
        tied.block2[0].weight[[0, 5]] = 0
        tied.deep[0][0].weight[[5, 7]] = 0
    assert dead_channels(tied)["block2.0"].nonzero().flatten().tolist() == [5]
    residual = trained("residual", dead=())
    with torch.no_grad():
        block = residual.stages[1]
        block.convolutions[3].weight[[0, 5]] = 0
        block.shortcut[0].weight[[5, 7]] = 0
        block.convolutions[0].weight[2] = 0
    found = {
        name: dead.nonzero().flatten().tolist()
        for name, dead in dead_channels(residual).items()
        if dead.any()
    }
    assert found == {"stages.1.convolutions.3": [5], "stages.1.convolutions.0": [2]}
    for model in (tied, residual):
        assert torch.allclose(
            outputs(zero_dead_channels(model)), outputs_of_pruned(model), atol=1e-9
        )


def outputs_of_pruned(model: nn.Module) -> torch.Tensor:
    return outputs(prune(model), model.settings["size"])


@pytest.mark.parametrize("name", NETWORKS)
def test_where_all_channels_are_dead_one_stays(name):
    model = trained(name, dead=tuple(range(64)))
    assert all(dead.all() for dead in dead_channels(model).values())
    assert torch.allclose(outputs(zero_dead_channels(model)), outputs_of_pruned(model), atol=1e-9)
    assert all(len(dead) == 1 for dead in dead_channels(prune(model)).values())


def test_without_dead_filters_nothing_changes():
    model = trained("five convolutions", dead=())
    assert torch.equal(outputs(model), outputs_of_pruned(model))
    assert torch.equal(outputs(model), outputs(zero_dead_channels(model)))


@pytest.mark.parametrize("what", [dead_channels, zero_dead_channels, prune])
def test_an_unknown_network_is_one_sentence(what):
    with pytest.raises(CatdogError, match="does not know Sequential; use SixBlockCNN, FiveConv"):
        what(small())


@pytest.mark.parametrize("name", NETWORKS)
def test_pruning_by_magnitude_removes_as_many_channels_the_shortest(name):
    like, model = trained(name), trained(name, dead=())
    before = {key: value.clone() for key, value in model.state_dict().items()}
    smaller = zero_smallest_channels(model, like)
    counts = [int(dead.sum()) for dead in dead_channels(like).values()]
    assert [int(dead.sum()) for dead in dead_channels(smaller).values()] == counts
    assert sum(counts) > 0
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    parameters = [sum(p.numel() for p in prune(net).parameters()) for net in (smaller, like)]
    assert parameters[0] == parameters[1]


def test_pruning_by_magnitude_takes_the_shortest_filters():
    model, like = trained("six blocks", dead=()), trained("six blocks", dead=(0,))
    with torch.no_grad():
        for layer in (model.block1[0], model.block2[0]):
            layer.weight[1] *= 1e-3
    dead = dead_channels(zero_smallest_channels(model, like))
    assert dead["block1.0"].tolist() == [False, True]
    assert dead["block2.0"].nonzero().flatten().tolist() == [1]
