"""The learning-rate finder: it tries what it says, finds a known edge, and leaves no trace."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib import plots
from catdog_lib.data import augment
from catdog_lib.data.image_set import batches
from catdog_lib.errors import CatdogError
from catdog_lib.training.distributed import DistributedContext
from catdog_lib.training.fit import fit
from catdog_lib.training.lr_finder import RateSearch, find_learning_rate
from catdog_lib.training.optimizers import make_optimizer
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from tests.tiny import plain, small, splits

EXACT = Recipe(precision="float32", optimizer="SGD", batch_size=30)


@pytest.mark.parametrize(
    "recipe",
    [
        EXACT,
        replace(EXACT, optimizer="Adam", augment=("flip_and_crop",), seed=3),
        replace(EXACT, optimizer="muon", momentum=0.9, weight_decay=0.1),
        replace(EXACT, schedule="one_cycle", ema_decay=0.9, lr=7.0),  # not used here
    ],
)
def test_its_losses_are_those_of_a_loop_by_hand(recipe):
    data = splits()
    found = find_learning_rate(small(), data, recipe, lowest=1e-4, highest=1e-2, steps=10)
    assert len(found.losses) == 10
    assert found.rates == pytest.approx([10 ** (-4 + 2 * i / 9) for i in range(10)])
    model = small()
    model.train()
    momentum = recipe.momentum
    optimizer = make_optimizer(recipe.optimizer, model, 1.0, momentum, recipe.weight_decay)
    shares = [group["lr"] for group in optimizer.param_groups]
    generator = torch.Generator().manual_seed(recipe.seed)
    losses = []
    while len(losses) < 10:
        for images, labels in batches(data.train, 30, shuffle=generator):
            for name in recipe.augment:
                images = getattr(augment, name)(images, generator)
            loss = F.cross_entropy(model(images), labels)
            losses.append(loss.item())
            optimizer.zero_grad()
            loss.backward()
            for group, share in zip(optimizer.param_groups, shares, strict=True):
                group["lr"] = share * found.rates[min(len(losses), 10) - 1]
            optimizer.step()
    assert found.losses == pytest.approx(losses[:10], rel=1e-4)


def test_model_mode_gradients_and_random_numbers_stay_as_they_are():
    model = nn.Sequential(small(), nn.Dropout(0.5))
    model.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(7)
    state = torch.get_rng_state()
    find_learning_rate(model, splits(), EXACT, steps=20)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name]), name  # BatchNorm's running statistics too
    assert not model.training and all(p.grad is None for p in model.parameters())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("seed", [0, 1])
def test_the_suggestion_trains_and_a_hundredth_of_it_does_not(seed):
    """On easy images, where the loss falls to 0 and stays; far from the ends of the search."""
    recipe = replace(EXACT, optimizer="Adam", epochs=4, seed=seed)
    rate = find_learning_rate(plain(), splits(), recipe).suggestion
    assert 1e-3 < rate < 0.1
    losses = []
    for lr in (rate, rate / 100):
        history = fit(plain(), splits(), replace(recipe, lr=lr), progress=False)
        losses.append(history.best.validation_loss)
    assert losses[0] < 0.2 and losses[1] > 0.6


def test_it_stops_where_the_loss_has_blown_up():
    """Labels by chance: a large rate makes the network sure, and wrong."""
    data = splits()
    chance = torch.randint(0, 2, (90,), generator=torch.Generator().manual_seed(0))
    data = replace(data, train=replace(data.train, labels=chance))
    found = find_learning_rate(plain(), data, EXACT, lowest=0.1, highest=1e6, steps=60)
    assert 3 < len(found.losses) == len(found.rates) < 50
    assert max(found.losses) <= 4 * found.losses[0] and np.isfinite(found.losses).all()


def test_a_loss_that_is_not_finite_ends_the_search_but_not_at_its_first_step():
    found = find_learning_rate(small(), splits(), EXACT, lowest=1.0, highest=1e38, steps=10)
    assert 1 <= len(found.losses) < 10
    broken = plain()
    nn.init.constant_(broken[1].weight, torch.nan)
    with pytest.raises(CatdogError, match=r"^The loss became nan"):
        find_learning_rate(broken, splits(), EXACT)


def test_smoothing_takes_the_noise_and_does_not_shift_the_minimum():
    rates = tuple(np.geomspace(1e-6, 10, 100).tolist())
    valley = (np.arange(100) - 60.0) ** 2
    generator = np.random.default_rng(0)
    clean = np.array(RateSearch(rates, tuple(valley)).smoothed)
    assert clean.argmin() == 60
    for _ in range(20):
        noise = 20 * generator.standard_normal(100)
        smoothed = np.array(RateSearch(rates, tuple(valley + noise)).smoothed)
        assert np.std(smoothed - clean) < np.std(noise) / 2


def test_the_suggestion_is_a_third_of_where_the_fall_ends():
    rates = tuple(np.geomspace(1e-6, 10, 100).tolist())
    steps = np.arange(100)
    falls_and_stays = 1 - 1 / (1 + np.exp(-(steps - 50) / 4.0))
    found = RateSearch(rates, tuple(falls_and_stays))
    expected = rates[int(np.argmax(np.array(found.smoothed) < 0.1 * found.smoothed[0]))] / 3
    assert rates[55] / 3 < found.suggestion < rates[63] / 3
    assert found.suggestion == pytest.approx(expected)
    rises_again = falls_and_stays + np.maximum(0, steps - 70) ** 2 / 50
    again = RateSearch(rates, tuple(rises_again)).suggestion
    assert again == pytest.approx(found.suggestion, rel=0.3)


def test_both_by_hand():
    """The loss falls slowly, so that a little more or less of its fall moves the suggestion."""
    losses = [2 + 18 / (1 + step / 4) for step in range(40)]
    rates = [1.1**step for step in range(40)]
    smoothed = []
    for centre in range(40):
        weights = [math.exp(-(((step - centre) / 3) ** 2) / 2) for step in range(40)]
        shares = [weight * loss for weight, loss in zip(weights, losses, strict=True)]
        smoothed.append(sum(shares) / sum(weights))
    enough = smoothed[-1] + 0.1 * (smoothed[0] - smoothed[-1])
    step = next(step for step, loss in enumerate(smoothed) if loss <= enough)
    found = RateSearch(tuple(rates), tuple(losses))
    assert found.smoothed == pytest.approx(smoothed)
    assert found.suggestion == pytest.approx(rates[step] / 3)


def answering(monkeypatch, losses):
    """Let each step of training answer with logits of the next of these losses."""
    left = iter(losses)

    def step(trainer, images, labels):
        surplus = -math.log(math.expm1(next(left)))  # the loss is log(1 + exp(−surplus))
        return surplus * F.one_hot(labels, 2).double()

    monkeypatch.setattr(Trainer, "step", step)


def test_what_comes_after_it_has_blown_up_does_not_count(monkeypatch):
    answering(monkeypatch, [1.0, 0.5, 3.9, 4.1, 0.5, *[1.0] * 5])
    found = find_learning_rate(plain(), splits(), EXACT, steps=10)
    assert found.losses == pytest.approx([1.0, 0.5, 3.9])
    assert len(found.rates) == 3


def test_it_takes_a_hundred_steps_in_training_mode_and_compiles_nothing(monkeypatch):
    modes, trained = [], Trainer.step

    def step(trainer, images, labels):
        modes.append(trainer.model.training)
        return trained(trainer, images, labels)

    monkeypatch.setattr(Trainer, "step", step)
    monkeypatch.setattr(torch, "compile", lambda model: pytest.fail("compiled"))
    find_learning_rate(plain().eval(), splits(), replace(EXACT, compile=True), highest=1e-3)
    assert modes == 100 * [True]


def test_images_have_the_size_of_the_first_epoch(monkeypatch):
    sizes = set()

    def step(trainer, images, labels):
        sizes.add(tuple(images.shape[2:]))
        return torch.zeros(len(labels), 2)

    monkeypatch.setattr(Trainer, "step", step)
    recipe = replace(EXACT, epochs=2, augment=("flip_and_crop",), train_sizes=(8, 16))
    find_learning_rate(plain(), splits(), recipe, steps=10)
    assert sizes == {(8, 8)}


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"lowest": 0.0}, r"^lowest is 0.0 and highest 10.0; give two rates above 0"),
        ({"lowest": 2.0, "highest": 1.0}, r"^lowest is 2.0 and highest 1.0; give"),
        ({"highest": float("nan")}, r"^lowest is 1e-06 and highest nan; give"),
        ({"steps": 9}, r"^steps is 9; a search needs 10 or more"),
        ({"device": "gpu"}, r"^There is no device 'gpu'"),
    ],
)
def test_what_makes_no_sense_is_refused(settings, words):
    with pytest.raises(CatdogError, match=words):
        find_learning_rate(small(), splits(), EXACT, **settings)


def test_it_is_refused_under_torchrun(monkeypatch):
    together = DistributedContext(rank=0, size=2)
    monkeypatch.setattr("catdog_lib.training.lr_finder.dist_context", lambda: together)
    with pytest.raises(CatdogError, match="takes one process"):
        find_learning_rate(small(), splits(), EXACT)


def test_the_plot_marks_the_suggestion():
    found = RateSearch((1e-3, 1e-2, 1e-1, 1.0), (0.9, 0.5, 0.3, 0.4))
    axes = plots.learning_rates({"a": found}).axes[0]
    marks = [line.get_xdata() for line in axes.lines if line.get_marker() == "o"]
    assert [float(x) for x in np.ravel(marks)] == [found.suggestion]


@pytest.mark.cuda
def test_it_runs_on_a_gpu_and_leaves_the_model_where_it_was():
    model = small()
    found = find_learning_rate(model, splits(), replace(EXACT, precision="auto"), device="cuda")
    assert len(found.losses) > 10
    assert next(model.parameters()).device.type == "cpu"


class TestANetworkThatCannotBeTrained:
    def test_says_why_in_a_sentence(self):
        with pytest.raises(CatdogError, match="cannot take images as bytes"):
            find_learning_rate(small()[1:], splits(), EXACT, steps=10)
        with pytest.raises(CatdogError, match="no parameter that can learn"):
            find_learning_rate(small().requires_grad_(False), splits(), EXACT, steps=10)

    def test_a_first_loss_that_is_no_number_says_so(self, monkeypatch):
        """On a GPU a step does not ask for the loss."""
        monkeypatch.setattr(Trainer, "step", lambda self, x, y: torch.full((len(y), 2), math.nan))
        with pytest.raises(CatdogError, match="The loss became nan in epoch 1, batch 1"):
            find_learning_rate(small(), splits(), EXACT, steps=10)


def test_it_starts_where_a_recipe_with_whitening_starts():
    plainly, whitened = (
        find_learning_rate(small(), splits(), replace(EXACT, whiten=wanted), steps=10)
        for wanted in (False, True)
    )
    assert plainly.losses[0] != whitened.losses[0]


def test_without_images_it_ends_with_one_sentence(monkeypatch):
    nothing = splits().train.subset(torch.arange(0))
    # It used to search for ever.
    monkeypatch.setattr("catdog_lib.training.lr_finder.repeat", lambda _: iter(range(3)))
    with pytest.raises(CatdogError, match="There is no image to train on"):
        find_learning_rate(small(), replace(splits(), train=nothing), EXACT)
