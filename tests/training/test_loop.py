"""The loop that lesson 03 shows: it is short, plain, and the one that ``fit`` runs."""

from __future__ import annotations

import ast
import inspect
import re
from functools import partial
from pathlib import Path

import nbformat
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib.data.image_set import batches
from catdog_lib.training import evaluate as evaluation
from catdog_lib.training import loop
from catdog_lib.training.fit import fit
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from catdog_lib.training.whitening import whiten
from tests.tiny import batch, plain, small, splits

LESSON = Path(__file__).parents[2] / "notebooks" / "03_custom_cnn.ipynb"
OPTIMIZERS = {
    "sgd": lambda model: torch.optim.SGD(model.parameters(), lr=0.1),
    "momentum": lambda model: torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9),
    "adam": lambda model: torch.optim.Adam(model.parameters(), lr=0.01),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fit_equals_a_loop_of_these_functions_bit_for_bit(name):
    """On one CPU process, in float32; the loss is the sum over the batch, divided by its size."""
    pets, epochs = splits(), 3
    by_fit = small()
    history = fit(
        by_fit,
        pets,
        Recipe(epochs=epochs, precision="float32", keep="last"),
        optimizer=OPTIMIZERS[name](by_fit),
        device="cpu",
        progress=False,
    )
    model = small()
    model.to(memory_format=torch.channels_last)  # other orders in memory round differently
    optimizer = OPTIMIZERS[name](model)
    order = torch.Generator().manual_seed(0)
    step = partial(loop.train_step, model, optimizer)
    for record in history.epochs:
        train_batches = batches(pets.train, 32, shuffle=order)
        train_metrics = loop.train_epoch(model, train_batches, step).result()
        validation = loop.evaluate(model, batches(pets.validation, 128))
        assert (record.train_loss, record.train_accuracy) == (
            train_metrics.loss,
            train_metrics.accuracy,
        )
        assert (record.validation_loss, record.validation_accuracy) == (
            validation.loss,
            validation.accuracy,
        )
    for name, value in model.state_dict().items():
        assert torch.equal(value, by_fit.state_dict()[name]), name


def test_it_is_the_only_loop(monkeypatch):
    """What ``fit`` does goes through each of its functions."""
    called = []
    for name in ("train_step", "train_epoch", "predict", "evaluate"):
        real = getattr(loop, name)

        def noted(*args, real=real, name=name, **kwargs):
            called.append(name)
            return real(*args, **kwargs)

        monkeypatch.setattr(loop, name, noted)
    fit(small(), splits(), Recipe(epochs=2, precision="float32"), device="cpu", progress=False)
    assert called == 2 * ["train_epoch", *3 * ["train_step"], "evaluate", "predict"]


def code_lines(source: str) -> int:
    """Return the number of lines that are neither blank, nor a comment, nor in a docstring."""
    lines = source.splitlines()
    skipped = {i for i, line in enumerate(lines, 1) if re.match(r"\s*(#|$)", line)}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.update(range(node.lineno, node.end_lineno + 1))
    return len(lines) - len(skipped)


def test_it_is_short_and_plain():
    source = inspect.getsource(loop)
    assert code_lines(source) <= 80 and len(source.splitlines()) <= 100
    for word in ("process", "rank", "autocast", "scaler", "checkpoint"):
        assert word not in source.lower(), word


def test_callbacks_come_between_the_backward_pass_and_the_update_and_after_the_metrics():
    model = plain()
    before = [p.detach().clone() for p in model.parameters()]
    seen = []

    def on_backward_end():
        changed = any(
            not torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)
        )
        seen.append(("backward", all(p.grad is not None for p in model.parameters()), changed))

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    step = partial(loop.train_step, model, optimizer, on_backward_end=on_backward_end)
    metrics = loop.train_epoch(model, [batch(10)], step, lambda: seen.append("batch"))
    assert seen == [("backward", True, False), "batch"]
    assert metrics.result().count == 10


def test_a_callback_of_ones_own_is_called_with_the_trainer():
    trainer = Trainer(plain(), Recipe(precision="float32"), None, torch.device("cpu"), 3)
    seen = []
    trainer.callbacks["on_batch_end"].append(lambda t: seen.append((t.steps_taken, t.batch_size)))
    trainer.train_epoch(splits().train)
    assert seen == [(1, 32), (2, 32), (3, 26)]


class TestMode:
    """Evaluation mode ends with each module as it was, also when an error ends it."""

    def network(self) -> nn.Sequential:
        model = small().train()
        model[2].eval()  # as a frozen BatchNorm is
        return model

    def modes(self, model: nn.Module) -> list[bool]:
        return [module.training for module in model.modules()]

    @pytest.mark.parametrize(
        "work",
        [
            lambda model: evaluation.predict(model, splits().test),
            lambda model: evaluation.evaluate(model, splits().test),
            lambda model: loop.evaluate(model, batches(splits().test, 8)),
            lambda model: whiten(model, splits().train[:][0]),
        ],
        ids=["predict", "evaluate", "loop.evaluate", "whiten"],
    )
    def test_a_frozen_batch_norm_stays_frozen(self, work):
        model = self.network()
        before = self.modes(model)
        work(model)
        assert self.modes(model) == before and before[3] is False

    @pytest.mark.parametrize(
        "work",
        [
            lambda model: evaluation.predict(model, splits().test),
            lambda model: whiten(model, splits().train[:][0]),
        ],
        ids=["predict", "whiten"],
    )
    def test_after_an_error_too(self, work):
        model = self.network()
        before = self.modes(model)

        def fail(module, inputs, logits):
            assert not module.training
            raise ValueError

        model[5].register_forward_hook(fail)
        with pytest.raises(ValueError):
            work(model)
        assert self.modes(model) == before


def test_an_epoch_is_trained_in_training_mode():
    model, modes = plain().eval(), []
    step = partial(loop.train_step, model, OPTIMIZERS["sgd"](model))

    def noting(images, targets):
        modes.append(model.training)
        return step(images, targets)

    loop.train_epoch(model, [batch(10), batch(10, 1)], noting)
    assert modes == [True, True]


def test_accuracy_is_the_share_of_the_images_that_are_right():
    logits = torch.tensor([[2.0, 1.0], [0.0, 1.0], [3.0, 0.0], [5.0, 4.0]])
    targets = torch.tensor([0, 1, 0, 1])
    result = loop.evaluate(nn.Identity(), [(logits[:3], targets[:3]), (logits[3:], targets[3:])])
    assert (result.accuracy, result.count) == (0.75, 4)
    assert result.loss == pytest.approx(F.cross_entropy(logits, targets).item())


def test_predict_returns_logits_and_targets_in_order():
    model, dataset = small().eval(), splits().test
    logits, targets = loop.predict(model, batches(dataset, 7))
    assert torch.equal(targets, dataset.labels) and not logits.requires_grad
    with torch.no_grad():
        torch.testing.assert_close(logits, model(dataset[:][0]))
    found = loop.evaluate(model, batches(dataset, 7))
    assert found.loss == pytest.approx(F.cross_entropy(logits, targets).item())


def test_the_lines_that_lesson_03_points_at_are_there():
    lesson = nbformat.read(LESSON, as_version=4)
    (table,) = (cell.source for cell in lesson.cells if cell.id == "03-loop-equal")
    source = inspect.getsource(loop)
    rows = [row for row in table.splitlines() if row.startswith("| `")]
    theirs = [re.findall("`([^`…]+)", row.split("|")[2])[0] for row in rows]
    assert len(theirs) == 7
    for line in theirs:
        assert line in source, line
