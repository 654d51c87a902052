"""The number format is measured once, and everything follows: no processor has to emulate one."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from catdog_lib import models
from catdog_lib.cli import hardware as doctor
from catdog_lib.device import number_format as machine
from catdog_lib.training.evaluate import evaluate, predict
from catdog_lib.training.fit import fit
from catdog_lib.training.lr_finder import find_learning_rate
from catdog_lib.training.presets import RECIPES
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.whitening import whiten
from catdog_lib.transfer.features import features_of
from catdog_lib.transfer.linear_probe import fit_head, linear_probe
from tests.tiny import image_set, splits

CPU = torch.device("cpu")
SHORT = (torch.bfloat16, torch.float16)
# All that a recipe can ask for at once; Muon's matrix products among it.
EVERYTHING = replace(
    RECIPES["champion"].recipe,
    epochs=1,
    train_sizes=(32,),
    test_sizes=(24, 32),
    ema_decay=0.9,
    max_grad_norm=1.0,
)


@pytest.fixture
def choose_format(monkeypatch):
    """Set by hand what the measurement finds, so that the choice is the same everywhere."""

    def choose(dtype: torch.dtype) -> None:
        share = 0.5 if dtype == torch.bfloat16 else 5.0
        monkeypatch.setattr(machine, "bfloat16_time", lambda: share)
        machine.fast_dtype.cache_clear()
        assert machine.fast_dtype(CPU) == dtype

    yield choose
    machine.fast_dtype.cache_clear()


class ShortNumbers(TorchDispatchMode):
    """Collects the names of operations on numbers of 16 bits, in the backward pass, too."""

    def __init__(self):
        super().__init__()
        self.seen: set[str] = set()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        result = operation(*args, **(kwargs or {}))
        values = torch.utils._pytree.tree_leaves((args, kwargs, result))
        if any(isinstance(value, torch.Tensor) and value.dtype in SHORT for value in values):
            self.seen.add(str(operation))
        return result


def pets():
    small = splits()
    return replace(
        small,
        train=image_set(40, 0, 32),
        validation=image_set(20, 1, 32),
        test=image_set(20, 2, 32),
    )


def residual():
    torch.manual_seed(0)
    return models.build("residual", size=32, width=4)


WORK = {
    "train with everything": lambda: fit(
        residual(), pets(), EVERYTHING, device="cpu", progress=False
    ),
    "train with Adam": lambda: fit(
        residual(), pets(), Recipe(epochs=1), device="cpu", progress=False
    ),
    "evaluate": lambda: evaluate(residual(), pets().test),
    "predict": lambda: predict(residual(), pets().test, flip=True, sizes=(24, 32)),
    "find a learning rate": lambda: find_learning_rate(
        residual(), pets(), EVERYTHING, steps=10, device="cpu"
    ),
    "features": lambda: features_of(
        models.backbone(pretrained=False), pets().test, cache=False, device="cpu", progress=False
    ),
}
ALWAYS_FLOAT32 = {
    "whiten": lambda: whiten(residual(), pets().train[:][0]),
    "linear probe": lambda: linear_probe(torch.randn(20, 6), torch.arange(20) % 2),
}


@pytest.mark.parametrize("work", {**WORK, **ALWAYS_FLOAT32})
def test_where_float32_is_chosen_nothing_computes_in_16_bits(work, choose_format):
    choose_format(torch.float32)
    with ShortNumbers() as watch:
        {**WORK, **ALWAYS_FLOAT32}[work]()
    assert watch.seen == set()


@pytest.mark.parametrize("work", WORK)
def test_where_bfloat16_is_chosen_the_convolutions_compute_in_it(work, choose_format):
    """And so the test above can fail: its watch sees them."""
    choose_format(torch.bfloat16)
    with ShortNumbers() as watch:
        WORK[work]()
    assert any("aten.conv" in name for name in watch.seen)


def test_muon_follows(choose_format):
    for dtype in (torch.float32, torch.bfloat16):
        choose_format(dtype)
        with ShortNumbers() as watch:
            fit(residual(), pets(), EVERYTHING, device="cpu", progress=False)
        assert ("aten.addmm.default" in watch.seen) == (dtype == torch.bfloat16)


def test_a_recipe_that_asks_for_float32_gets_it_wherever_it_trains(choose_format):
    choose_format(torch.bfloat16)
    with ShortNumbers() as watch:
        fit(
            residual(),
            pets(),
            replace(EVERYTHING, precision="float32"),
            device="cpu",
            progress=False,
        )
        fit_head(
            torch.randn(20, 6), torch.arange(20) % 2, (4,), Recipe(epochs=1, precision="float32")
        )
    assert watch.seen == set()


@pytest.mark.parametrize(("share", "dtype"), [(0.5, torch.bfloat16), (0.9, torch.float32)])
def test_the_choice_is_measured_once_and_wants_a_fifth_of_the_time(share, dtype, monkeypatch):
    measured = []
    monkeypatch.setattr(machine, "bfloat16_time", lambda: measured.append(1) or share)
    machine.fast_dtype.cache_clear()
    assert [machine.fast_dtype(CPU) for _ in range(3)] == 3 * [dtype]
    machine.fast_dtype.cache_clear()
    assert len(measured) == 1


def test_measuring_draws_no_random_numbers_and_changes_no_thread():
    torch.manual_seed(0)
    before, threads = torch.get_rng_state(), torch.get_num_threads()
    assert machine.bfloat16_time.__wrapped__() > 0
    assert torch.equal(torch.get_rng_state(), before) and torch.get_num_threads() == threads


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.45, "has bfloat16, which takes 0.5 times as long"),
        (0.97, "no faster"),
        (5.4, "has no bfloat16, and imitating it takes 5 times as long"),
    ],
)
def test_the_doctor_says_what_the_processor_is_and_what_it_means(share, words, monkeypatch):
    monkeypatch.setattr(doctor, "fastest_device", lambda: CPU)  # also where there is a GPU
    monkeypatch.setattr(doctor, "bfloat16_time", lambda: share)
    finding = doctor.device()
    assert words in finding.text and torch.backends.cpu.get_cpu_capability() in finding.text
