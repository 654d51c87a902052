"""Training: what it returns, what it leaves behind, and that it does what the recipe says."""

import json
import math
from itertools import pairwise

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib import data, models, train
from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.errors import CatdogError
from catdog_lib.evaluate import (
    Evaluation,
    Tally,
    confusion_matrix,
    evaluate,
    most_wrong,
    predict,
    wilson_interval,
)
from catdog_lib.history import History
from catdog_lib.optimizers import make_optimizer
from catdog_lib.schedules import SCHEDULES
from catdog_lib.sparsity import l1_penalty, penalised_weights
from catdog_lib.train import Recipe, fit


def images(count, seed):
    """Pictures that are easy to tell apart: cats are dark, dogs bright, both noisy."""
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    pictures = torch.randint(0, 156, (count, 3, 8, 8), generator=generator) + 100 * labels.view(
        -1, 1, 1, 1
    )
    return ImageSet(
        pictures.to(torch.uint8), torch.arange(count), labels, tuple(map(str, range(count)))
    )


@pytest.fixture
def pets():
    return Splits(images(90, 0), images(40, 1), images(40, 2), "test")


def small(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(
        models.Normalize(),
        nn.Conv2d(3, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(144, 2),
    )


FAST = Recipe(epochs=3, precision="float32")


def test_it_learns_and_ends_in_evaluation_mode(pets):
    model = small()
    before = evaluate(model, pets.test)
    history = fit(model, pets, Recipe(epochs=3, lr=0.01, precision="float32"), progress=False)
    after = evaluate(model, pets.test)
    assert after.accuracy > 0.9 and after.loss < before.loss / 2
    assert not model.training and not history.interrupted
    assert [record.epoch for record in history.epochs] == [1, 2, 3]
    assert history.train_images == 90 and history.images_per_second > 0


def test_the_same_seed_gives_the_same_run_and_another_does_not(pets):
    runs = []
    for seed in (0, 0, 1):
        model = small()
        runs.append(
            fit(
                model,
                pets,
                Recipe(epochs=2, precision="float32", augment=("flip_and_crop",), seed=seed),
                progress=False,
            )
        )
    losses = [[record.train_loss for record in run.epochs] for run in runs]
    assert losses[0] == losses[1] != losses[2]


def test_the_epoch_equals_a_loop_written_by_hand(pets):
    model, mine = small(), small()
    recipe = Recipe(epochs=1, optimizer="sgd", lr=0.1, precision="float32")
    history = fit(model, pets, recipe, device="cpu", progress=False)
    optimizer, order = torch.optim.SGD(mine.parameters(), lr=0.1), torch.Generator().manual_seed(0)
    total = 0.0
    for which in torch.randperm(90, generator=order).split(32):
        pictures, labels = pets.train[which]
        loss = F.cross_entropy(mine(pictures), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    assert history.epochs[0].train_loss == pytest.approx(total / 90, rel=1e-5)
    for (name, value), (_, theirs) in zip(
        mine.state_dict().items(), model.state_dict().items(), strict=True
    ):
        assert torch.allclose(value, theirs, atol=1e-5), name


def test_the_weights_of_the_best_epoch_are_restored(pets, monkeypatch):
    scores, seen = iter([0.6, 0.9, 0.7]), []

    def scripted(model, images, dtype):
        seen.append({name: value.clone() for name, value in model.state_dict().items()})
        return Evaluation(0.5, next(scores), len(images))

    monkeypatch.setattr(train, "evaluate", scripted)
    model = small()
    history = fit(model, pets, FAST, progress=False)
    assert history.best.epoch == 2
    for name, value in model.state_dict().items():
        assert torch.equal(value, seen[1][name]), name
        assert "weight" not in name or not torch.equal(value, seen[2][name]), name


def test_best_is_the_highest_accuracy_and_then_the_lowest_loss(pets):
    history = fit(small(), pets, Recipe(epochs=5, precision="float32"), progress=False)
    top = max(record.validation_accuracy for record in history.epochs)
    assert history.best.validation_accuracy == top
    losses = [
        record.validation_loss for record in history.epochs if record.validation_accuracy == top
    ]
    assert history.best.validation_loss == min(losses)


def test_patience_stops_early(pets, monkeypatch):
    scores = iter([0.6, 0.7, 0.65, 0.66, 0.9])

    def scripted(model, images, dtype):
        return Evaluation(0.5, next(scores), len(images))

    monkeypatch.setattr(train, "evaluate", scripted)
    history = fit(small(), pets, Recipe(epochs=5, patience=2, precision="float32"), progress=False)
    assert (len(history.epochs), history.best.epoch) == (4, 2)


def test_the_test_set_is_never_looked_at(pets):
    class Sealed(ImageSet):
        def __getitem__(self, which):
            raise AssertionError("fit opened the test set")

    sealed = Sealed(pets.test.store, pets.test.rows, pets.test.labels, pets.test.names)
    fit(small(), Splits(pets.train, pets.validation, sealed, "test"), FAST, progress=False)


@pytest.mark.parametrize("batches_before", [0, 4])
def test_interrupting_returns_the_history_so_far_and_a_usable_model(
    pets, monkeypatch, batches_before
):
    model, seen = small(), []

    def interrupt(*_):
        seen.append(1)
        if model.training and len(seen) > batches_before:
            raise KeyboardInterrupt

    model.register_forward_hook(interrupt)
    history = fit(model, pets, FAST, progress=False)
    assert history.interrupted and not model.training
    assert len(history.epochs) == (
        1 if batches_before else 0
    )  # three batches and a validation make an epoch
    seen.clear()
    if history.epochs:
        found = evaluate(model, pets.validation, torch.float32)
        assert found.loss == pytest.approx(history.best.validation_loss, rel=1e-5)


def test_a_loss_that_is_no_number_stops_with_one_sentence(pets):
    model = small()
    with torch.no_grad():
        model[1].weight.fill_(float("nan"))
    with pytest.raises(
        CatdogError, match=r"nan in epoch 1, batch 1 of 3, at a learning rate of 0\.001"
    ):
        fit(model, pets, FAST, progress=False)


def test_a_loss_that_stops_being_a_number_leaves_the_best_weights(pets):
    model, steps = small(), []

    def poison(module, inputs, logits):
        steps.append(1)
        return logits * float("nan") if module.training and len(steps) > 4 else logits

    model.register_forward_hook(poison)  # three batches and a validation make the first epoch
    with pytest.raises(CatdogError, match="nan in epoch 2"):
        fit(model, pets, FAST, progress=False)
    assert not model.training and evaluate(model, pets.validation).loss < 2


class TestOptimizers:
    @pytest.mark.parametrize("name", ["SGD", "adam", "ADAMW", "RMSprop", "NAdam"])
    def test_any_name_of_torch_optim_in_any_case(self, pets, name):
        model = small()
        made = make_optimizer(name, model, 0.01)
        assert type(made).__name__.lower() == name.lower() and made.param_groups[0]["lr"] == 0.01
        assert (
            len(
                fit(
                    model,
                    pets,
                    Recipe(epochs=1, optimizer=name, precision="float32"),
                    progress=False,
                ).epochs
            )
            == 1
        )

    def test_an_instance_is_used_with_its_own_learning_rate(self, pets):
        model = small()
        optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
        before = [p.clone() for p in model.parameters()]
        fit(
            model,
            pets,
            Recipe(epochs=1, lr=5.0, precision="float32"),
            optimizer=optimizer,
            progress=False,
        )
        assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))

    def test_an_unknown_name_is_told_which_there_are(self, pets):
        with pytest.raises(CatdogError, match=r"no optimizer 'Adom'.*Adam,"):
            fit(small(), pets, Recipe(optimizer="Adom"), progress=False)

    @pytest.mark.parametrize("name", ["LBFGS", "Optimizer"])
    def test_one_that_cannot_train_a_cnn_is_refused_in_one_sentence(self, pets, name):
        with pytest.raises(CatdogError, match=f"optimizer '?{name}"):
            fit(small(), pets, Recipe(optimizer=name), progress=False)

    def test_frozen_parameters_stay(self, pets):
        model = small()
        model[1].weight.requires_grad_(False)
        before = model[1].weight.clone()
        fit(model, pets, FAST, progress=False)
        assert torch.equal(before, model[1].weight)


@pytest.mark.parametrize("name", ["constant", "cosine", "one_cycle"])
def test_schedules(name):
    rates = [SCHEDULES[name](step / 1000) for step in range(1001)]
    assert max(rates) == 1 and min(rates) >= 0
    if name == "constant":
        assert set(rates) == {1}
    else:
        assert rates[-1] == pytest.approx(0, abs=1e-12)
        top = rates.index(1)
        assert top == (0 if name == "cosine" else 200)
        assert all(a > b for a, b in pairwise(rates[top:])), "it falls from the top to the end"
        assert all(a <= b for a, b in pairwise(rates[: top + 1])), "and rises before"
    if name == "cosine":
        assert rates[500] == pytest.approx(0.5) and rates[250] == pytest.approx(0.8536, abs=1e-4)


def test_fit_follows_the_schedule_to_its_end(pets):
    recipe = Recipe(epochs=3, schedule="one_cycle", lr=0.01, precision="float32")
    rates = [record.learning_rate for record in fit(small(), pets, recipe, progress=False).epochs]
    assert rates[0] > rates[1] > rates[2] > 0 and rates[2] < 0.01 / 6


@pytest.mark.parametrize(
    ("change", "says"),
    [({"epochs": 0}, "epochs"), ({"lr": -1.0}, "lr"), ({"lr": math.nan}, "lr"), ({"batch_size": 0}, "batch_size"),
     ({"l1": -0.1}, "l1"), ({"schedule": "linear"}, "schedule"), ({"precision": "int8"}, "precision")],
)  # fmt: skip
def test_a_recipe_that_cannot_work_names_the_field(change, says):
    with pytest.raises(CatdogError, match=says):
        Recipe(**change)


def test_an_unknown_device_is_one_sentence(pets):
    with pytest.raises(CatdogError, match="no device 'gpu'"):
        fit(small(), pets, FAST, device="gpu", progress=False)


class TestL1:
    def test_it_sums_weights_of_convolutions_and_linear_layers_alone(self):
        model = small()
        expected = model[1].weight.abs().sum() + model[5].weight.abs().sum()
        assert l1_penalty(model).item() == pytest.approx(expected.item(), rel=1e-6)
        l1_penalty(model).backward()
        assert torch.equal(model[1].weight.grad, model[1].weight.sign())
        assert model[2].weight.grad is None and model[5].bias.grad is None

    def test_tied_weights_are_paid_once(self):
        assert len(penalised_weights(models.SixBlockCNN(64, 2, tied=True))) == 4
        assert len(penalised_weights(models.SixBlockCNN(64, 2, tied=False))) == 7

    def test_fit_with_a_penalty_gets_smaller_weights(self, pets):
        sums = []
        for l1 in (0.0, 0.05):
            model = small()
            history = fit(
                model, pets, Recipe(epochs=6, lr=0.01, l1=l1, precision="float32"), progress=False
            )
            sums.append(l1_penalty(model).item())
            assert history.epochs[0].train_loss < 1.5, "the reported loss is without the penalty"
        assert sums[1] < 0.8 * sums[0]


class TestHistory:
    def test_json_and_pandas_bring_back_an_equal_history(self, pets):
        history = fit(small(), pets, FAST, progress=False)
        assert History.from_json(history.to_json()) == history
        assert json.loads(history.to_json())["epochs"][0]["epoch"] == 1
        table = history.to_pandas()
        assert list(table.epoch) == [1, 2, 3]
        assert History.from_pandas(table).epochs == history.epochs


class TestEvaluate:
    def test_every_picture_counts_the_same_whatever_the_batches(self, pets):
        model = small().eval()
        whole = predict(model, pets.train, torch.float32)
        with torch.no_grad():
            assert torch.allclose(whole, model(pets.train[:][0]), atol=1e-5)
        tally = Tally(torch.device("cpu"))
        for which in (slice(0, 64), slice(64, 89), slice(89, 90)):
            labels = pets.train.labels[which]
            tally.add(whole[which], labels)
        assert tally.result().loss == pytest.approx(
            F.cross_entropy(whole, pets.train.labels).item(), rel=1e-5
        )
        assert (
            tally.result().accuracy == (whole.argmax(1) == pets.train.labels).double().mean().item()
        )

    def test_predict_uses_evaluation_mode_and_puts_the_mode_back(self, pets):
        model = small().train()
        one, all_ = predict(model, pets.test.subset(torch.tensor([0]))), predict(model, pets.test)
        assert model.training
        assert torch.allclose(one[0], all_[0], atol=0.02)

    def test_confusion_matrix_has_truth_in_rows(self):
        labels, answers = torch.tensor([0, 0, 0, 1, 1]), torch.tensor([0, 1, 1, 1, 0])
        assert confusion_matrix(labels, answers).tolist() == [[1, 2], [1, 1]]

    def test_most_wrong_lists_only_mistakes_the_surest_first(self):
        logits = torch.tensor([[0.0, 9.0], [5.0, 0.0], [0.0, 1.0], [0.0, 5.0]])
        assert most_wrong(logits, torch.tensor([1, 1, 0, 0])).tolist() == [1, 3, 2]

    def test_wilson_interval_equals_published_values(self):
        # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I: 81/263, 15/148, 0/20, 1/29 by the score method.
        for hits, count, low, high in (
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ):
            assert wilson_interval(hits, count) == pytest.approx((low, high), abs=6e-5)


def test_batches_come_in_channels_last_order(pets):
    pictures, _ = next(data.batches(pets.train, 8))
    assert pictures.is_contiguous(memory_format=torch.channels_last)
