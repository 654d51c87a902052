"""The answers of a run's network are those that its training was tested with, and come as fast."""

from dataclasses import asdict

import pytest
import torch

from catdog_lib import data, models
from catdog_lib.device import choose_device, fast_dtype
from catdog_lib.runs.answers import answers
from catdog_lib.runs.run_folder import Run
from catdog_lib.training.evaluate import predict
from catdog_lib.training.history import History
from catdog_lib.training.recipe import Recipe


@pytest.fixture(scope="module")
def few():
    return data.load("sketches", size=64, max_train=8, max_test=24, progress=False).test


def run_of(model, **recipe) -> Run:
    return Run(model.eval(), {"recipe": asdict(Recipe(**recipe))}, History())


def transfer_run(**settings) -> Run:
    torch.manual_seed(0)
    return run_of(models.TransferClassifier(size=64, **settings))


def test_a_frozen_backbone_is_asked_once(few, monkeypatch):
    run = transfer_run(head=(8,))
    expected = predict(run.model, few, torch.float32)
    fast = predict(run.model, few, fast_dtype(choose_device()))  # as features are computed
    found = answers(run, few)
    rounding = float((fast - expected).abs().max())
    assert torch.allclose(found, expected, atol=2 * rounding + 1e-4 * float(expected.std()))
    assert rounding < 0.2 * expected.std()
    monkeypatch.setattr(models.Backbone, "forward", None)  # anyone who calls it fails
    monkeypatch.setattr("catdog_lib.transfer.features.optimize_for_inference", None)
    assert torch.equal(answers(run, few), found)


def test_what_will_not_be_asked_again_is_not_kept(few, tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path))
    answers(transfer_run(), few, cache=False)
    assert not list(tmp_path.rglob("*.npy"))
    answers(transfer_run(), few)
    assert list(tmp_path.rglob("*.npy"))


def test_augmentation_at_test_time_is_that_of_the_run(few):
    torch.manual_seed(0)
    model = models.ResidualCNN(64, 2).eval()
    plain, flipped = (answers(run_of(model, test_flip=flip), few) for flip in (False, True))
    assert torch.equal(plain, predict(model, few))
    assert torch.equal(flipped, predict(model, few, flip=True)) and not torch.equal(plain, flipped)


def test_the_network_is_left_as_it_was(few):
    run = transfer_run(head=(8,))
    run.model.head.train()
    before = {name: value.clone() for name, value in run.model.state_dict().items()}
    answers(run, few, cache=False)
    assert run.model.head.training and not run.model.backbone.training
    assert all(torch.equal(before[name], now) for name, now in run.model.state_dict().items())
    assert all(parameter.grad is None for parameter in run.model.parameters())


@pytest.mark.parametrize("model", ["frozen", "whole"])
def test_a_run_in_float32_answers_in_float32(few, model, monkeypatch):
    """Where 16 bits are fast, too: pretend that they are."""
    for module in ("training.evaluate", "transfer.features"):
        monkeypatch.setattr(f"catdog_lib.{module}.fast_dtype", lambda device: torch.bfloat16)
    torch.manual_seed(0)
    network = models.TransferClassifier(size=64) if model == "frozen" else models.ResidualCNN(64, 2)
    exact, short = (
        answers(run_of(network, precision=precision), few, cache=False)
        for precision in ("float32", "auto")
    )
    expected = predict(network, few, torch.float32)
    assert torch.allclose(exact, expected, rtol=1e-3, atol=1e-4 * float(expected.std()))
    assert not torch.allclose(short, expected, rtol=1e-3, atol=1e-4 * float(expected.std()))
