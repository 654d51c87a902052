"""Weights are randomized from the top down, and similarity is Spearman's."""

import copy

import pandas as pd
import pytest
import torch

from catdog_lib import explain
from tests.inspect.examples import network


def changed(model, other):
    """Which layers have other numbers: parameters or running statistics."""
    pairs = zip(model.state_dict().items(), other.state_dict().values(), strict=True)
    return {key.rpartition(".")[0] for (key, a), b in pairs if not torch.equal(a, b)}


def test_weights_are_randomized_from_the_top_down():
    model = network("five_conv")
    before = copy.deepcopy(model.state_dict())
    state = torch.random.get_rng_state()
    top, two = (explain.randomize_weights(model, layers=n) for n in (1, 2))
    assert changed(model, top) == {"classifier.6"}
    assert changed(model, two) == {"classifier.6", "classifier.4"}
    conv = explain.randomize_weights(model, layers=5)
    assert changed(model, conv) >= {"features.15", "features.16"}, "its BatchNorm goes with it"
    assert not changed(model, conv) & {"features.12", "features.13", "features.0"}
    every = explain.randomize_weights(model)
    holders = {n for n, m in model.named_modules() if hasattr(m, "reset_parameters")}
    assert changed(model, every) == holders
    assert every.features[1].running_mean.eq(0).all() and not every.training
    assert torch.equal(state, torch.random.get_rng_state())
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert not changed(every, explain.randomize_weights(model)), "the same seed, the same weights"
    assert not torch.equal(every.classifier[0].weight, model.classifier[0].weight), (
        "built with seed 0"
    )
    assert changed(every, explain.randomize_weights(model, seed=1)) >= {
        "features.0",
        "classifier.6",
    }


def test_a_frozen_network_is_randomized_without_touching_the_original():
    model = network("transfer")
    other = explain.randomize_weights(model, layers=1)
    assert changed(model, other) == {"head"}
    other.train()
    (_, first), (_, ours) = model.stages[0], other.stages[0]
    assert not ours.training and ours.train() is ours is not first


def test_similarity_is_spearmans():
    generator = torch.Generator().manual_seed(0)
    a = torch.rand(3, 4, 5, generator=generator)
    b = torch.randint(0, 4, (3, 4, 5), generator=generator).float()  # many ties
    expected = [
        pd.Series(u.flatten().numpy()).rank().corr(pd.Series(v.flatten().numpy()).rank())
        for u, v in zip(a, b, strict=True)
    ]
    assert explain.similarity(a, b).tolist() == pytest.approx(expected, abs=1e-6)
    assert explain.similarity(a, a.exp()).tolist() == pytest.approx([1, 1, 1])
    assert explain.similarity(a, -a).tolist() == pytest.approx([-1, -1, -1])
    assert explain.similarity(a, torch.ones_like(a)).tolist() == [0, 0, 0]


def test_the_edge_map_is_the_change_of_brightness():
    image = torch.zeros(1, 3, 4, 6)
    image[..., 3:] = 8
    edges = explain.edge_map(image)
    assert torch.equal(edges[0, 1], torch.tensor([0.0, 0, 4, 4, 0, 0]))
    assert torch.equal(explain.edge_map(image.transpose(2, 3))[0], edges[0].T)
