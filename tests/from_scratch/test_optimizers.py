"""The update rules of the lesson are PyTorch's, step by step."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch import optimizers as by_hand

PAIRS = {
    "SGD": (by_hand.SGD(0.05), torch.optim.SGD, {"lr": 0.05}),
    "SGD, decay": (by_hand.SGD(0.05, 0.1), torch.optim.SGD, {"lr": 0.05, "weight_decay": 0.1}),
    "momentum": (by_hand.Momentum(0.02), torch.optim.SGD, {"lr": 0.02, "momentum": 0.9}),
    "momentum, decay": (
        by_hand.Momentum(0.02, 0.7, 0.1),
        torch.optim.SGD,
        {"lr": 0.02, "momentum": 0.7, "weight_decay": 0.1},
    ),
    "Nesterov": (
        by_hand.Nesterov(0.02),
        torch.optim.SGD,
        {"lr": 0.02, "momentum": 0.9, "nesterov": True},
    ),
    "Nesterov, decay": (
        by_hand.Nesterov(0.02, 0.7, 0.1),
        torch.optim.SGD,
        {"lr": 0.02, "momentum": 0.7, "nesterov": True, "weight_decay": 0.1},
    ),
    "RMSprop": (by_hand.RMSprop(), torch.optim.RMSprop, {}),
    "RMSprop, options": (
        by_hand.RMSprop(0.003, alpha=0.8, eps=0.01, weight_decay=0.1),
        torch.optim.RMSprop,
        {"lr": 0.003, "alpha": 0.8, "eps": 0.01, "weight_decay": 0.1},
    ),
    "Adam": (by_hand.Adam(), torch.optim.Adam, {}),
    "Adam, options": (
        by_hand.Adam(0.02, betas=(0.7, 0.9), eps=0.01, weight_decay=0.1),
        torch.optim.Adam,
        {"lr": 0.02, "betas": (0.7, 0.9), "eps": 0.01, "weight_decay": 0.1},
    ),
    "AdamW": (by_hand.AdamW(), torch.optim.AdamW, {}),
    "AdamW, options": (
        by_hand.AdamW(0.02, betas=(0.7, 0.9), eps=0.01, weight_decay=0.3),
        torch.optim.AdamW,
        {"lr": 0.02, "betas": (0.7, 0.9), "eps": 0.01, "weight_decay": 0.3},
    ),
}


def fresh(rule: by_hand.Rule) -> by_hand.Rule:
    """Return a rule like this one that has taken no step."""
    assert rule.t == 0
    return type(rule)(**vars(rule))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", PAIRS)
def test_a_rule_is_pytorch_s_for_100_steps(name, seed):
    """Least squares on noisy targets, so that no gradient vanishes; one weight is a scalar."""
    mine, kind, options = PAIRS[name]
    mine = fresh(mine)
    generator = torch.Generator().manual_seed(seed)
    shapes = [(3, 4), (3,), ()]
    start = [torch.randn(s, dtype=torch.float64, generator=generator) for s in shapes]
    ours, theirs = ([one.clone().requires_grad_() for one in start] for _ in range(2))
    optimizer = kind(theirs, **options)
    for _ in range(100):
        x = torch.randn(5, 4, dtype=torch.float64, generator=generator)
        y = torch.randn(5, 3, dtype=torch.float64, generator=generator)

        def loss(weights, x=x, y=y):
            return ((x @ weights[0].T + weights[1]) * weights[2] - y).square().mean()

        mine.step(ours, torch.autograd.grad(loss(ours), ours))
        optimizer.zero_grad()
        loss(theirs).backward()
        optimizer.step()
        for a, b in zip(ours, theirs, strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-10)
    assert mine.t == 100
    assert all((a - b).abs().max() > 0.01 for a, b in zip(ours, start, strict=True))


@pytest.mark.parametrize("name", PAIRS)
def test_a_network_has_the_same_weights_after_100_steps(name):
    """Train a convolution, its BatchNorm and a linear layer."""
    mine, kind, options = PAIRS[name]
    mine = fresh(mine)
    networks = []
    for _ in range(2):
        torch.manual_seed(0)
        networks.append(
            nn.Sequential(
                # BatchNorm would make the gradient of a bias 0, but for rounding.
                nn.Conv2d(3, 4, 3, bias=False),
                nn.BatchNorm2d(4),
                nn.Tanh(),
                nn.Flatten(),
                nn.Linear(144, 2),
            ).double()
        )
    ours, theirs = networks
    optimizer = kind(theirs.parameters(), **options)
    generator = torch.Generator().manual_seed(1)
    images = torch.rand(8, 3, 8, 8, dtype=torch.float64, generator=generator)
    labels = torch.arange(8) % 2
    for _ in range(100):
        loss = F.cross_entropy(ours(images), labels)
        mine.step(ours.parameters(), torch.autograd.grad(loss, list(ours.parameters())))
        optimizer.zero_grad()
        F.cross_entropy(theirs(images), labels).backward()
        optimizer.step()
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=1e-9)


def test_decay_outside_the_means_is_a_different_rule():
    """Where a gradient is large, Adam's decay hardly shows and AdamW's does."""
    weights = {}
    for kind in (by_hand.Adam, by_hand.AdamW):
        w = torch.tensor([1.0, 1.0])
        rule = kind(1e-3, weight_decay=0.1)
        for step in range(100):
            rule.step([w], [torch.tensor([1e3, 1e-3]) * (-1) ** step])
        weights[kind] = w
    assert weights[by_hand.Adam][0] > 0.997 and weights[by_hand.Adam][1] < 0.92
    assert torch.allclose(weights[by_hand.AdamW], torch.tensor(0.9999**100), atol=2e-3)


def test_the_first_step_has_the_length_that_the_formulas_say():
    for g in (1e-3, 1.0, 1e3):
        for rule, length in ((by_hand.Adam(0.01), 0.01), (by_hand.RMSprop(0.01, 0.99), 0.1)):
            w = torch.zeros(1, dtype=torch.float64)
            rule.step([w], [torch.tensor([g], dtype=torch.float64)])
            assert w.item() == pytest.approx(-length, rel=1e-3)


@pytest.mark.parametrize(
    "gradients",
    [[], [None, torch.zeros(2)], [torch.zeros(2), torch.zeros(1)], [torch.zeros(1, 2)] * 2],
)
def test_gradients_of_other_shapes_are_refused_and_no_weight_changes(gradients):
    weights = [torch.ones(2), torch.ones(2)]
    rule = by_hand.SGD(0.1)
    with pytest.raises(CatdogError, match=r"^gradients does not hold one tensor for each weight"):
        rule.step(weights, gradients)
    assert rule.t == 0 and all((w == 1).all() for w in weights)


def test_fewer_weights_than_before_are_refused_and_no_weight_changes():
    weights = [torch.ones(2), torch.ones(2)]
    rule = by_hand.Momentum(0.1)
    rule.step(weights, weights)
    before = [w.clone() for w in weights]
    with pytest.raises(
        CatdogError, match=r"^weights holds 1 tensors, and held 2 in the step before"
    ):
        rule.step(weights[:1], weights[:1])
    assert rule.t == 1 and all(map(torch.equal, weights, before))
