"""A race of optimizers: each is given its own settings, and goes the way of its rule."""

import pytest
import torch

from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch import optimizers as by_hand
from catdog_lib.from_scratch.loss_surfaces import SURFACES, descend
from catdog_lib.from_scratch.optimizer_race import RACERS, race


def test_a_race_without_settings_takes_a_hundred_steps_with_the_surfaces_own_rates():
    beale = SURFACES["Beale"]
    lr, adaptive_lr = beale.lr, beale.adaptive_lr
    rules = {
        "SGD": by_hand.SGD(lr),
        "momentum": by_hand.Momentum(lr, 0.9),
        "Nesterov": by_hand.Nesterov(lr, 0.9),
        "RMSprop": by_hand.RMSprop(adaptive_lr, 0.99),
        "Adam": by_hand.Adam(adaptive_lr, (0.9, 0.99)),
        "AdamW": by_hand.AdamW(adaptive_lr, (0.9, 0.99), weight_decay=0.0),
    }
    found = race("Beale")
    assert list(found) == list(rules)
    for name, rule in rules.items():
        assert torch.equal(found[name], descend(beale, rule, 100)), name


def test_every_number_of_a_race_is_used():
    base = race("Rosenbrock", steps=20)
    used = {
        "lr": {"SGD", "momentum", "Nesterov"},
        "adaptive_lr": {"RMSprop", "Adam", "AdamW"},
        "momentum": {"momentum", "Nesterov"},
        "beta1": {"Adam", "AdamW"},
        "beta2": {"RMSprop", "Adam", "AdamW"},
        "weight_decay": set(RACERS),
        "start": set(RACERS),
    }
    for name, those in used.items():
        other = race("Rosenbrock", steps=20, **{name: (0.5, 0.5) if name == "start" else 0.0007})
        changed = {one for one in RACERS if not torch.equal(base[one], other[one])}
        assert changed == those, name


def test_every_optimizer_gets_down_from_every_start_and_sgd_is_the_last_one():
    """Check what the lesson shows with the surfaces' own rates: none diverges, and SGD is slow."""
    for name, surface in SURFACES.items():
        start = surface.value(*surface.start)
        bottom = surface.value(*surface.minima[0])
        paths = race(name, steps=300)
        assert all(len(path) == 301 for path in paths.values()), name
        ends = {one: float(surface.value(*path[-1])) - bottom for one, path in paths.items()}
        assert all(end < 0.2 * (start - bottom) for end in ends.values()), (name, ends)
    for name in ("plateau", "Rosenbrock", "saddle"):
        value, paths = SURFACES[name].value, race(name, steps=60)
        assert max(paths, key=lambda one: value(*paths[one][-1])) == "SGD", name


def test_racers_keep_their_order_and_unknown_names_are_refused():
    assert list(race("bowl", ["Adam", "SGD"], steps=1)) == ["SGD", "Adam"]
    with pytest.raises(CatdogError, match=r"^optimizers names 'Lion'; use some of SGD, momentum"):
        race("bowl", ["Lion"])
    with pytest.raises(CatdogError, match=r"^surface is 'hill'; use one of bowl, ravine"):
        race("hill")
