"""Penalties and proximal steps reach the minimum that a search finds, alone and in training."""

from __future__ import annotations

import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib import models
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.cost import cost
from catdog_lib.sparsity import (
    filter_weights,
    group_l1_penalty,
    group_soft_threshold,
    l1_penalty,
    penalized_weights,
    proximal_step,
    share_of_zeros,
    soft_threshold,
    sparsity,
    step_sizes,
)
from catdog_lib.training.fit import fit
from catdog_lib.training.muon import Muon
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from tests.tiny import batch, plain, small, splits


class Weights(nn.Module):
    """One layer, for losses that are a function of its weights alone."""

    def __init__(self, values: torch.Tensor):
        super().__init__()
        self.layer = nn.Conv2d(values[0].numel(), len(values), 1, bias=False)
        self.layer.weight = nn.Parameter(values.reshape(len(values), -1, 1, 1).clone())

    @property
    def weight(self) -> nn.Parameter:
        return self.layer.weight


def by_search(function, near: float, steps: int = 60) -> torch.Tensor:
    """Minimise a convex function of one number on ever finer grids."""
    low, high = -near, near
    for _ in range(steps):
        grid = torch.linspace(low, high, 21, dtype=torch.float64)
        best = int(function(grid).argmin())
        low, high = grid[max(best - 1, 0)].item(), grid[min(best + 1, 20)].item()
    return torch.tensor((low + high) / 2, dtype=torch.float64)


OPTIMIZERS = {
    "SGD": lambda p: torch.optim.SGD(p, lr=0.1),
    "momentum": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9),
    "Nesterov": lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, nesterov=True),
    "dampened": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.8, dampening=0.5),
    "RMSprop": lambda p: torch.optim.RMSprop(p, lr=0.01),
    "RMSprop, momentum, centred": lambda p: torch.optim.RMSprop(
        p, lr=0.003, momentum=0.9, centered=True, eps=0.1
    ),
    "Adagrad": lambda p: torch.optim.Adagrad(p, lr=0.5, lr_decay=1e-3, eps=0.01),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.01, eps=0.001),
    "Adam, fused": lambda p: torch.optim.Adam(p, lr=0.01, fused=True),
    "AdamW, AMSGrad": lambda p: torch.optim.AdamW(p, lr=0.01, amsgrad=True, weight_decay=0.0),
}


class TestPenalties:
    def test_the_penalties_of_a_network_and_of_a_list_of_tensors(self):
        model = small()
        both = [id(model[1].weight), id(model[5].weight)]
        assert [id(w) for w in penalized_weights(model)] == both
        assert [id(w) for w in filter_weights(model)] == [id(model[1].weight)]
        chosen = torch.tensor([[3.0, -4.0], [0.0, 2.0]])
        assert l1_penalty([chosen, -chosen]).item() == 18.0
        assert group_l1_penalty([chosen]).item() == pytest.approx(2**0.5 * 7)
        assert group_l1_penalty([chosen[:1]]).item() == pytest.approx(2**0.5 * 5), "one filter"
        filters = model[1].weight.detach().flatten(1)
        assert group_l1_penalty(model).item() == pytest.approx(
            27**0.5 * filters.square().sum(1).sqrt().sum().item()
        )

    def test_a_weight_of_two_layers_pays_once(self):
        model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
        model[1].weight = model[0].weight
        assert len(penalized_weights(model)) == 1

    def test_a_network_without_filters_has_none_to_pay_for(self):
        assert group_l1_penalty(torch.nn.Linear(2, 2)).item() == 0

    def test_the_gradient_of_a_dead_filter_is_finite(self):
        weight = torch.zeros(2, 3, requires_grad=True)
        group_l1_penalty([weight]).backward()
        assert torch.equal(weight.grad, torch.zeros(2, 3))


class TestThresholds:
    @pytest.mark.parametrize("w", [-2.0, -0.3, 0.0, 0.7, 0.71, 5.0])
    def test_soft_threshold_is_the_minimum(self, w):
        found = by_search(lambda v: (v - w) ** 2 / 2 + 0.7 * v.abs(), 8)
        assert soft_threshold(torch.tensor(w), 0.7).item() == pytest.approx(found.item(), abs=1e-6)

    def test_each_weight_may_have_its_own(self):
        w, t = torch.tensor([3.0, -3.0, 0.5]), torch.tensor([1.0, 0.0, 0.5])
        assert soft_threshold(w, t).tolist() == [2.0, -3.0, 0.0]

    def test_a_filter_keeps_its_direction_or_goes(self):
        w = torch.tensor([[3.0, 4.0], [0.3, -0.4], [0.0, 0.0]])
        expected = [[3 * 0.8, 4 * 0.8], [0.0, 0.0], [0.0, 0.0]]
        assert torch.allclose(group_soft_threshold(w, 1.0), torch.tensor(expected))
        assert torch.equal(group_soft_threshold(w, 0.0), w)
        assert group_soft_threshold(w, torch.tensor([1.0, 0.0, 0.0]))[1].tolist() == w[1].tolist()

    def test_group_soft_threshold_is_the_minimum(self):
        """Search over the length: the direction is that of w, the nearest of that length."""
        w = torch.tensor([[1.0, -2.0, 2.0]])
        found = by_search(lambda r: (r - 3) ** 2 / 2 + 0.7 * r.abs(), 8)
        assert group_soft_threshold(w, 0.7).norm().item() == pytest.approx(found.item(), abs=1e-6)


class TestProximalStep:
    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_a_step_size_is_what_a_steady_gradient_moves(self, name):
        weight = nn.Parameter(torch.tensor([1.0, 2.0, 3.0]))
        gradient = torch.tensor([0.2, -0.01, 3.0])
        optimizer = OPTIMIZERS[name]([weight])
        for _ in range(3000 if "RMSprop" in name else 300):
            before, weight.grad = weight.detach().clone(), gradient.clone()
            optimizer.step()
        moved = before - weight.detach()
        assert torch.allclose(step_sizes(optimizer, weight) * gradient, moved, rtol=2e-2, atol=3e-6)

    @pytest.mark.parametrize("name", ["RMSprop", "Adam", "AdamW, AMSGrad"])
    def test_an_adaptive_threshold_is_the_minimum_in_the_optimizers_own_metric(self, name):
        generator = torch.Generator().manual_seed(3)
        model = Weights(torch.randn(2, 4, generator=generator) / 20)
        optimizer = OPTIMIZERS[name]([model.weight])
        for _ in range(4):
            scale = torch.logspace(-2, 1, 8).view(model.weight.shape)
            model.weight.grad = scale * torch.randn(model.weight.shape, generator=generator)
            optimizer.step()
        u, lam = model.weight.detach().double().clone(), 0.7
        eta = step_sizes(optimizer, model.weight).double()
        proximal_step(optimizer, model, l1=lam)
        found = torch.stack(
            [
                by_search(lambda v, u=u_, eta=eta_: (v - u) ** 2 / (2 * eta) + lam * v.abs(), 1)
                for u_, eta_ in zip(u.flatten(), eta.flatten(), strict=True)
            ]
        )
        assert torch.allclose(model.weight.detach().double().flatten(), found, atol=1e-6)
        zeros = int((model.weight == 0).sum())
        assert 0 < zeros < 8 and eta.max() > 10 * eta.min(), (
            "one threshold for all would be noticed"
        )

    @pytest.mark.parametrize("name", ["SGD", "Adam"])
    @pytest.mark.parametrize(("l1", "group_l1"), [(0.0, 0.05), (0.02, 0.04)])
    def test_filters_end_at_the_minimum_in_the_optimizers_own_metric(self, name, l1, group_l1):
        """No point near it is cheaper, nor is 0; the price is convex, so it is the minimum."""
        generator = torch.Generator().manual_seed(0)
        start = torch.randn(3, 4, generator=generator) * torch.tensor([[1.0], [0.2], [1e-4]])
        model = Weights(start)
        optimizer = OPTIMIZERS[name]([model.weight])
        slopes = torch.tensor([[1.0], [1.0], [1e-3]]) * torch.tensor([0.1, 1.0, 3.0, 0.5])
        model.weight.grad = slopes.view(3, 4, 1, 1)
        optimizer.step()
        u = model.weight.detach().flatten(1).double().clone()
        eta = torch.as_tensor(step_sizes(optimizer, model.weight)).double()
        eta = eta.expand_as(model.weight).flatten(1)

        def price(v):
            near = ((v - u).square() / (2 * eta)).sum(1)
            return near + l1 * v.abs().sum(1) + group_l1 * 2 * v.norm(dim=1)

        proximal_step(optimizer, model, l1=l1, group_l1=group_l1)
        found = model.weight.detach().flatten(1).double()
        for size in (1e-1, 1e-2, 1e-3, 1e-4):
            for _ in range(50):
                other = found + size * u.abs().amax(1, keepdim=True) * torch.randn(
                    found.shape, generator=generator, dtype=torch.float64
                )
                assert (price(other) >= price(found) * (1 - 1e-6) - 1e-12).all()
        assert (price(torch.zeros_like(found)) >= price(found) - 1e-12).all()
        assert (found[2] == 0).all() and (found[0] != 0).any(), "one goes, one stays"

    def test_equal_step_sizes_give_the_plain_threshold_of_filters(self):
        start = torch.randn(5, 6, generator=torch.Generator().manual_seed(1)).cumprod(0) / 2
        model = Weights(start)
        optimizer = torch.optim.Adam([model.weight], lr=0.1)
        model.weight.grad = torch.full_like(model.weight, 2.0)
        optimizer.step()
        u, eta = model.weight.detach().clone(), step_sizes(optimizer, model.weight).mean().item()
        proximal_step(optimizer, model, group_l1=7.5)
        expected = group_soft_threshold(u, 7.5 * eta * 6**0.5)
        assert torch.allclose(model.weight, expected, atol=1e-6)
        assert 0 < (expected == 0).sum() < 30, "some go, some stay"

    def test_it_leaves_biases_and_frozen_weights_alone(self):
        model = small()
        model[1].weight.requires_grad_(False)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
        F.cross_entropy(model(batch(8)[0]), batch(8)[1]).backward()
        optimizer.step()
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        proximal_step(optimizer, model, l1=100.0, group_l1=100.0)
        changed = [n for n, p in model.named_parameters() if not torch.equal(p, before[n])]
        assert changed == ["5.weight"] and not model[5].weight.any()

    def test_at_a_learning_rate_of_0_nothing_changes(self):
        model = small()
        optimizer = torch.optim.Adam(model.parameters(), lr=0.0)
        F.cross_entropy(model(batch(8)[0]), batch(8)[1]).backward()
        optimizer.step()
        before = model[1].weight.detach().clone()
        proximal_step(optimizer, model, l1=1.0, group_l1=1.0)
        assert torch.equal(model[1].weight, before)

    def test_adam_without_a_memory_of_squares_divides_by_the_last_gradient(self):
        weight = nn.Parameter(torch.tensor([1.0, 2.0]))
        optimizer = torch.optim.Adam([weight], lr=0.1, betas=(0.9, 0.0), eps=0.01)
        for gradient in ([3.0, 0.2], [0.5, -0.04]):
            weight.grad = torch.tensor(gradient)
            optimizer.step()
        expected = 0.1 / torch.tensor([0.51, 0.05])
        torch.testing.assert_close(step_sizes(optimizer, weight), expected)

    def test_adagrads_rate_begins_to_decay_with_the_second_step(self):
        weight = nn.Parameter(torch.tensor([1.0, 2.0]))
        optimizer = torch.optim.Adagrad([weight], lr=0.1, lr_decay=0.5, eps=0.01)
        for _ in range(3):
            before, weight.grad = weight.detach().clone(), torch.tensor([3.0, -0.2])
            optimizer.step()
            moved = before - weight.detach()
            torch.testing.assert_close(step_sizes(optimizer, weight) * weight.grad, moved)
        lengths = 3**0.5 * torch.tensor([3.0, 0.2]) + 0.01
        torch.testing.assert_close(step_sizes(optimizer, weight), 0.1 / 2 / lengths)

    @pytest.mark.parametrize("kind", ["Adam", "AdamW", "RMSprop", "Adagrad"])
    def test_before_the_first_step_there_are_no_step_sizes_and_no_proximal_step(self, kind):
        model = Weights(torch.eye(3))
        optimizer = getattr(torch.optim, kind)([model.weight], lr=0.1)
        with pytest.raises(CatdogError, match=f"{kind} has not moved this weight yet"):
            step_sizes(optimizer, model.weight)
        model.weight.grad = torch.ones_like(model.weight)
        proximal_step(optimizer, model, l1=0.1)  # as after a step that infinite gradients prevent
        assert torch.equal(model.weight.flatten(1), torch.eye(3))
        optimizer.step()
        assert (step_sizes(optimizer, model.weight) > 0).all()

    def test_muons_step_size_is_its_learning_rate(self):
        model = Weights(torch.eye(3))
        optimizer = Muon([model.weight], lr=0.05)
        assert step_sizes(optimizer, model.weight) == 0.05

    def test_an_optimizer_without_known_steps_is_one_sentence(self):
        model = small()
        optimizer = torch.optim.Rprop(model.parameters())
        F.cross_entropy(model(batch(8)[0]), batch(8)[1]).backward()
        optimizer.step()
        with pytest.raises(CatdogError, match=r"step sizes of Rprop.*use SGD.*penalty='gradient'"):
            proximal_step(optimizer, model, l1=0.1)

    # Last, since it takes longest: a mistake should show in one of the tests above.
    @pytest.mark.parametrize("name", OPTIMIZERS)
    def test_training_with_it_ends_where_loss_and_penalty_are_smallest(self, name):
        """½ Σ aᵢ(wᵢ − cᵢ)² + λ|wᵢ| is least at the cᵢ soft-thresholded at λ/aᵢ."""
        a = torch.tensor([[1.0, 4.0, 1.0, 0.5, 2.0, 1.0]])
        c = torch.tensor([[1.0, -1.0, 0.2, 0.9, 0.1, -0.29]])
        model = Weights(torch.tensor([[0.5, 0.4, -0.5, 1.0, -0.4, 0.3]]))
        optimizer = OPTIMIZERS[name]([model.weight])
        for step in range(1000):
            if step in (600, 800):
                optimizer.param_groups[0]["lr"] /= 10
            optimizer.zero_grad()
            (a * (model.weight.flatten(1) - c).square() / 2).sum().backward()
            optimizer.step()
            proximal_step(optimizer, model, l1=0.3)
        expected = soft_threshold(c, 0.3 / a)
        assert torch.allclose(model.weight.detach().flatten(1), expected, atol=2e-3)
        assert torch.equal(model.weight.detach().flatten(1) == 0, expected == 0)


class TestTraining:
    def train(self, **changes) -> nn.Module:
        model = small()
        plan = Recipe(**{"epochs": 8, "precision": "float32", "keep": "last", **changes})
        fit(model, splits(), plan, device="cpu", progress=False)
        return model

    @pytest.mark.parametrize(
        "how",
        [
            {"optimizer": "SGD", "lr": 0.1},
            {"optimizer": "SGD", "lr": 0.05, "momentum": 0.9},
            {"optimizer": "RMSprop", "lr": 0.005},
            {"optimizer": "Adam", "lr": 0.01},
        ],
    )
    def test_the_proximal_step_makes_zeros_and_the_gradient_none(self, how):
        dense = self.train(l1=0.02, **how)
        sparse = self.train(l1=0.02, penalty="proximal", **how)
        assert share_of_zeros(dense) == 0.0
        assert 0.2 < share_of_zeros(sparse) < 1.0

    def test_whole_filters_become_zero_and_the_group_penalty_shrinks_them(self):
        sparse = self.train(
            group_l1=0.03, penalty="proximal", lr=0.01, optimizer="SGD", momentum=0.9
        )
        (conv, linear) = sparsity(sparse)
        assert conv.zeros == conv.dead * 27 and linear.zeros == 0
        lengths = [group_l1_penalty(self.train(group_l1=g, lr=0.01)).item() for g in (0.0, 0.1)]
        assert lengths[1] < 0.7 * lengths[0]

    def test_micro_batches_are_thresholded_once_together(self):
        ways = []
        for parts in (1, 3):
            model = plain()
            plan = Recipe(
                lr=0.1,
                optimizer="SGD",
                l1=0.1,
                penalty="proximal",
                accumulation_steps=parts,
                precision="float32",
            )
            training = Trainer(model, plan, None, torch.device("cpu"), 1)
            training.step(*batch(9))
            ways.append(penalized_weights(model)[0].detach())
        assert torch.allclose(*ways, atol=1e-6)
        assert torch.equal(ways[0] == 0, ways[1] == 0) and (ways[0] == 0).any()

    def test_a_step_that_the_scaler_skips_is_not_thresholded(self):
        """In float16 a gradient that overflows makes the scaler skip the step."""
        for overflow, changed in ((False, True), (True, False)):
            model = small()
            plan = Recipe(lr=0.1, optimizer="SGD", l1=0.02, penalty="proximal", precision="float32")
            training = Trainer(model, plan, None, torch.device("cpu"), 1)
            training.precision.scaler = torch.amp.GradScaler("cpu", enabled=True)
            before = model[1].weight.detach().clone()
            if overflow:
                model[1].weight.register_hook(lambda g: g * float("inf"))
            training.step(*batch(8))
            assert torch.equal(model[1].weight, before) != changed


class TestMeasures:
    def test_zeros_by_layer(self):
        model = small()
        with torch.no_grad():
            model[1].weight[1] = 0
            model[1].weight[2, 0] = 0
            model[5].weight[:, :36] = 1e-3
            model[5].weight[:, 36:] = 1
            model[1].weight[0] = model[1].weight[3] = 2e-3
            model[1].weight[2, 1:] = 1
        conv, linear = sparsity(model)
        found = (conv.name, conv.kind, conv.weights, conv.zeros, conv.filters, conv.dead)
        assert found == ("1", "Conv2d", 108, 36, 4, 1)
        assert (linear.zeros, linear.filters, linear.dead, linear.weights) == (0, 0, 0, 288)
        assert share_of_zeros(model) == pytest.approx(36 / 396)
        conv, linear = sparsity(model, below=1e-3)
        assert conv.zeros == 36 and linear.share == 0.25
        assert sparsity(model, below=2e-3)[0].dead == 3

    def test_a_network_without_weights_has_no_share_of_zeros(self):
        with pytest.raises(CatdogError, match="Flatten has no convolution"):
            share_of_zeros(nn.Flatten())

    def test_a_shared_layer_counts_once(self):
        names = [layer.name for layer in sparsity(models.SixBlockCNN(64, 1))]
        assert names == ["block1.0", "block2.0", "deep.0.0", "classifier"]

    def test_what_a_network_costs(self):
        found = cost(small(), torch.zeros(3, 3, 8, 8))
        numbers = 3 * 4 * 9 + 4 + 2 * 4 + 2 * 145
        assert found.parameters == numbers
        assert found.bytes == 4 * (numbers + 2 * 4 + 6) + 8, "statistics, normalization, a count"
        assert found.multiply_adds == 4 * 36 * 27 + 288
        assert found.images_per_second > 0


def test_the_order_of_both_thresholds_solves_for_both():
    """Against a search over two weights of one filter, in a metric that differs between them."""
    model = Weights(torch.tensor([[0.9, -0.5]]))
    optimizer = torch.optim.Adam([model.weight], lr=0.01)
    model.weight.grad = torch.tensor([0.02, 0.3]).view(1, 2, 1, 1)
    optimizer.step()
    u = model.weight.detach().flatten().double()
    eta = step_sizes(optimizer, model.weight).double().flatten()
    proximal_step(optimizer, model, l1=0.4, group_l1=0.3)

    def price(v):
        return (
            ((v - u).square() / (2 * eta)).sum(-1)
            + 0.4 * v.abs().sum(-1)
            + 0.3 * 2**0.5 * v.norm(dim=-1)
        )

    found = model.weight.detach().flatten().double()
    grid = torch.linspace(-1, 1, 401, dtype=torch.float64)
    points = torch.tensor(list(itertools.product(grid, grid)))
    best = points[price(points).argmin()]
    assert price(found) <= price(best) and torch.allclose(found, best, atol=6e-3)
