"""Training: what it returns, what it leaves, and that it does what the recipe says."""

import copy
import json
import os
import signal
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torchvision.transforms import v2

from catdog_lib import models
from catdog_lib.data import augment
from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.errors import CatdogError
from catdog_lib.sparsity import l1_penalty, penalized_weights
from catdog_lib.training import trainer
from catdog_lib.training.ema import EMA
from catdog_lib.training.evaluate import evaluate
from catdog_lib.training.fit import fit
from catdog_lib.training.history import History
from catdog_lib.training.metrics import (
    Evaluation,
)
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.unfit_networks import require_sizes
from tests.tiny import copies, plain, small, splits


@pytest.fixture
def pets():
    return splits()


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
        images, labels = pets.train[which]
        loss = F.cross_entropy(mine(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(labels)
    assert history.epochs[0].train_loss == pytest.approx(total / 90, rel=1e-5)
    for (name, value), (_, theirs) in zip(
        mine.state_dict().items(), model.state_dict().items(), strict=True
    ):
        assert torch.allclose(value, theirs, atol=1e-5), name


@pytest.mark.parametrize(("keep", "chosen"), [("best", 2), ("last", 3)])
def test_the_weights_of_the_best_or_of_the_last_epoch_are_kept(pets, monkeypatch, keep, chosen):
    scores, seen = iter([0.6, 0.9, 0.7]), []

    def scripted(model, dataset, dtype, **_):
        seen.append({name: value.clone() for name, value in model.state_dict().items()})
        return Evaluation(0.5, next(scores), len(dataset))

    monkeypatch.setattr(trainer, "evaluate", scripted)
    model = small()
    history = fit(model, pets, replace(FAST, keep=keep), progress=False)
    assert history.best.epoch == 2
    for name, value in model.state_dict().items():
        assert torch.equal(value, seen[chosen - 1][name]), name
    assert not torch.equal(seen[1]["1.weight"], seen[2]["1.weight"])


@pytest.mark.parametrize("keep", ["best", "last"])
def test_a_failing_epoch_never_takes_the_kept_weights_away(pets, keep):
    model, calls = small(), []

    def poison(module, inputs, logits):
        calls.append(1)
        return logits * float("nan") if module.training and len(calls) > 4 else logits

    model.register_forward_hook(poison)  # three batches and a validation make the first epoch
    first = small()
    fit(first, pets, replace(FAST, epochs=1), progress=False)
    with pytest.raises(CatdogError, match="nan in epoch 2, batch 1 of 3"):
        fit(model, pets, replace(FAST, keep=keep), progress=False)
    assert not model.training
    for mine, theirs in zip(model.parameters(), first.parameters(), strict=True):
        assert torch.equal(mine, theirs)


def test_the_moving_average_is_what_is_validated_and_kept(pets, monkeypatch):
    """By hand: the weights of every step, averaged."""
    made, validated, expected = [], [], []

    class Noted(EMA):
        def __init__(self, model, decay):
            super().__init__(model, decay)
            self.mine = copies(model.parameters())
            made.append(self)

        def update(self, model):
            super().update(model)
            share = min(self.decay, self.count / (self.count + 10))
            for mine, new in zip(self.mine, model.parameters(), strict=True):
                mine.mul_(share).add_(new.detach(), alpha=1 - share)

    real = trainer.evaluate

    def noted(model, dataset, dtype, **_):
        validated.append(copies(model.parameters()))
        expected.append(copies(made[0].mine))
        return real(model, dataset, dtype)

    monkeypatch.setattr("catdog_lib.training.state.EMA", Noted)
    monkeypatch.setattr(trainer, "evaluate", noted)
    model = small()
    recipe = replace(FAST, epochs=4, lr=0.02, ema_decay=0.8, keep="last")
    history = fit(model, pets, recipe, progress=False)
    for mine, theirs in zip(expected, validated, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            torch.testing.assert_close(one, other)
    for kept, last in zip(model.parameters(), validated[-1], strict=True):
        assert torch.equal(kept, last)
    found = real(model, pets.validation, torch.float32)
    assert found.loss == pytest.approx(history.epochs[-1].validation_loss, rel=1e-6)
    without = small()
    other = fit(without, pets, replace(recipe, ema_decay=0.0), progress=False)
    assert other.epochs[-1].train_loss == history.epochs[-1].train_loss, "it only looks on"
    assert other.epochs[-1].validation_loss != history.epochs[-1].validation_loss


def test_each_epoch_is_fed_images_of_its_size_and_validation_its_own(pets):
    model, seen = plain(), []
    model.register_forward_pre_hook(lambda m, inputs: seen.append((m.training, *inputs[0].shape)))
    recipe = replace(FAST, epochs=4, train_sizes=(12, 9), augment=("flip_and_crop",))
    fit(model, pets, recipe, progress=False)
    fed = [shape for training, *shape in seen if training]
    counts = [32, 32, 26]
    assert fed == [[n, 3, size, size] for size in (12, 12, 9, 9) for n in counts]
    assert {tuple(shape) for training, *shape in seen if not training} == {(40, 3, 8, 8)}


def test_the_images_are_augmented_in_the_order_of_the_recipe(pets, monkeypatch):
    calls = []
    for name in ("colour_jitter", "random_flip"):

        def change(images, generator, name=name):
            calls.append((name, images.dtype))
            return images.float() / 255 if images.dtype == torch.uint8 else images

        monkeypatch.setattr(augment, name, change)
    fit(
        plain(),
        pets,
        replace(FAST, epochs=1, augment=("random_flip", "colour_jitter")),
        progress=False,
    )
    assert calls == 3 * [("random_flip", torch.uint8), ("colour_jitter", torch.float32)]


def test_the_crop_is_as_small_as_the_recipe_allows_and_no_smaller(pets, monkeypatch):
    seen = []

    def noted(images, generator, smallest=None, size=None):
        seen.append((smallest, size))
        return images.float() / 255

    monkeypatch.setattr(augment, "flip_and_crop", noted)
    for change in ({"min_crop": 0.9}, {"min_crop": 0.7, "train_sizes": (9,)}):
        fit(
            plain(),
            pets,
            replace(FAST, epochs=1, augment=("flip_and_crop",), **change),
            progress=False,
        )
    assert seen == 3 * [(0.9, None)] + 3 * [(0.7, 9)]


def test_with_test_flip_validation_averages_both_views(pets):
    """The network gives an image and its mirror image different logits."""
    model = plain()
    recipe = replace(FAST, epochs=1, test_flip=True)
    (epoch,) = fit(model, pets, recipe, progress=False).epochs
    images, labels = pets.validation[:]
    with torch.no_grad():
        one, other = model(images), model(images.flip(3))
    expected = F.cross_entropy((one + other) / 2, labels).item()
    assert epoch.validation_loss == pytest.approx(expected, rel=1e-5)
    assert epoch.validation_loss != pytest.approx(F.cross_entropy(one, labels).item(), rel=1e-5)


def test_with_test_sizes_validation_averages_over_them(pets):
    """As torchvision would resize; each size counts the same, mirrored or not."""
    model = plain()
    recipe = replace(FAST, epochs=1, test_flip=True, test_sizes=(9, 12))
    (epoch,) = fit(model, pets, recipe, progress=False).epochs
    images, labels = pets.validation[:]
    values = images.float() / 255
    small, large = (v2.functional.resize(values, [s, s], antialias=True) for s in (9, 12))
    with torch.no_grad():
        logits = [model(view) for view in (small, large, small.flip(3), large.flip(3))]
    expected = F.cross_entropy(torch.stack(logits).mean(0), labels).item()
    assert epoch.validation_loss == pytest.approx(expected, rel=1e-5)
    for part in (logits[0::2], logits[1::2], logits[:2]):
        other = F.cross_entropy(torch.stack(part).mean(0), labels).item()
        assert epoch.validation_loss != pytest.approx(other, rel=1e-5)


@pytest.mark.parametrize("change", [{"label_smoothing": 0.4}, {"l1": 0.5}])
def test_the_training_loss_is_the_cross_entropy_alone(pets, change):
    """As the validation loss is. The rate is so small that the weights stay."""
    model = plain()
    expected = F.cross_entropy(model(pets.train[:][0]), pets.train.labels).item()
    recipe = replace(FAST, epochs=1, optimizer="sgd", lr=1e-12, **change)
    (epoch,) = fit(model, pets, recipe, progress=False).epochs
    assert epoch.train_loss == pytest.approx(expected, rel=1e-5)


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

    def scripted(model, dataset, dtype, **_):
        return Evaluation(0.5, next(scores), len(dataset))

    monkeypatch.setattr(trainer, "evaluate", scripted)
    history = fit(small(), pets, Recipe(epochs=5, patience=2, precision="float32"), progress=False)
    assert (len(history.epochs), history.best.epoch) == (4, 2)


def test_the_test_set_is_never_looked_at(pets):
    class Sealed(ImageSet):
        def __getitem__(self, which):
            raise AssertionError("fit opened the test set")

    sealed = Sealed(pets.test.store, pets.test.rows, pets.test.labels, pets.test.names)
    fit(small(), Splits(pets.train, pets.validation, sealed, "test"), FAST, progress=False)


def interrupting(model, batches_before: int) -> list:
    """Interrupt training after so many batches, those of validations counted as well."""
    seen = []

    def interrupt(*_):
        seen.append(1)
        if model.training and len(seen) > batches_before:
            raise KeyboardInterrupt

    model.register_forward_hook(interrupt)
    return seen


def test_interrupting_returns_the_history_so_far_and_a_usable_model(pets):
    model = small()
    seen = interrupting(model, batches_before=4)
    history = fit(model, pets, FAST, progress=False)
    assert history.interrupted and not model.training
    assert len(history.epochs) == 1  # three batches and a validation make an epoch
    seen.clear()
    found = evaluate(model, pets.validation, torch.float32)
    assert found.loss == pytest.approx(history.best.validation_loss, rel=1e-5)


def test_interrupting_the_first_epoch_is_passed_on_and_leaves_the_weights_from_before(pets):
    """A lesson's cell then ends there, and has no empty history to draw."""
    model = small()
    before = copies(model.state_dict().values())
    interrupting(model, batches_before=2)
    with pytest.raises(KeyboardInterrupt):
        fit(model, pets, FAST, progress=False)
    assert not model.training
    assert all(torch.equal(a, b) for a, b in zip(before, model.state_dict().values(), strict=True))


def test_a_second_ctrl_c_does_not_leave_the_weights_of_the_moment(pets, monkeypatch):
    """It comes while the kept weights are put back."""
    model, kept = small(), {}
    put_back = model.load_state_dict

    def interrupted_again(weights):
        kept.update(copy.deepcopy(weights))
        os.kill(os.getpid(), signal.SIGINT)
        return put_back(weights)

    def interrupt(record):
        monkeypatch.setattr(model, "load_state_dict", interrupted_again)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit(model, pets, FAST, progress=False, on_epoch=interrupt)
    assert kept and not model.training
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())


def test_a_loss_that_is_not_finite_stops_with_one_sentence(pets):
    model = small()
    with torch.no_grad():
        model[1].weight.fill_(float("nan"))
    with pytest.raises(
        CatdogError, match=r"nan in epoch 1, batch 1 of 3, at a learning rate of 0\.001"
    ):
        fit(model, pets, FAST, progress=False)


def test_a_validation_loss_that_is_not_finite_stops_it_too(pets):
    """The last step of an epoch may ruin the weights: no later batch would show it."""
    recipe = Recipe(epochs=1, optimizer="SGD", lr=1e38, precision="float32", batch_size=90)
    with pytest.raises(CatdogError, match="nan in epoch 1, batch 1 of 1"):
        fit(small(), pets, recipe, progress=False)


def test_an_optimizer_of_your_own_keeps_its_learning_rates(pets):
    """The recipe's rate, decay and momentum are not for it."""
    model = plain()
    rates = {"1.weight": 0.0, "1.bias": 0.0, "5.weight": 0.3, "5.bias": 0.02}
    groups = [{"params": [p], "lr": rates[name]} for name, p in model.named_parameters()]
    optimizer = torch.optim.SGD(groups)
    before = copies(model.parameters())
    recipe = Recipe(epochs=1, lr=5.0, weight_decay=0.5, precision="float32")
    history = fit(model, pets, recipe, optimizer=optimizer, device="cpu", progress=False)
    for (name, p), start in zip(model.named_parameters(), before, strict=True):
        assert torch.equal(p, start) == (rates[name] == 0), name
    assert [group["lr"] for group in optimizer.param_groups] == list(rates.values())
    assert history.epochs[0].learning_rate == 0.0


def test_fit_follows_the_schedule_to_its_end(pets):
    recipe = Recipe(epochs=3, schedule="one_cycle", lr=0.01, precision="float32")
    rates = [record.learning_rate for record in fit(small(), pets, recipe, progress=False).epochs]
    assert rates[0] > rates[1] > rates[2] > 0 and rates[2] < 0.01 / 6


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
        assert len(penalized_weights(models.SixBlockCNN(64, 2, tied=True))) == 4
        assert len(penalized_weights(models.SixBlockCNN(64, 2, tied=False))) == 7

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
    def test_json_brings_back_an_equal_history_and_pandas_its_epochs(self, pets):
        history = fit(small(), pets, FAST, progress=False)
        assert History.from_json(history.to_json()) == history
        assert json.loads(history.to_json())["epochs"][0]["epoch"] == 1
        table = history.to_pandas()
        assert list(table.epoch) == [1, 2, 3]
        assert table.to_dict("records") == [vars(epoch) for epoch in history.epochs]


def headless(outputs: int) -> torch.nn.Sequential:
    return torch.nn.Sequential(
        models.Normalize(),
        torch.nn.AdaptiveAvgPool2d(1),
        torch.nn.Flatten(),
        torch.nn.Linear(3, outputs),
    )


@pytest.mark.parametrize(
    ("model", "batch_size", "says"),
    [
        (headless(2)[1:], 8, "cannot take images as bytes"),
        (headless(1), 8, "does not return two logits"),
        (headless(1).append(torch.nn.Flatten(0)), 8, "does not return two logits"),
        (headless(2)[:1].append(torch.nn.Conv2d(3, 2, 3)), 8, "does not return two logits"),
        (headless(2).requires_grad_(False), 8, "no parameter that can learn"),
        (
            torch.nn.Sequential(models.Normalize(), torch.nn.MaxPool2d(99), *headless(2)[1:]),
            8,
            "maps smaller than one pixel",
        ),
        (torch.nn.Sequential(headless(2), torch.nn.BatchNorm1d(2)), 1, "BatchNorm cannot"),
        (
            torch.nn.Sequential(headless(5), torch.nn.Linear(4, 2)),
            8,
            "gets 5 values and takes 4; flatten the maps before it, let it take 5, or",
        ),
        (
            torch.nn.Sequential(models.Normalize(), torch.nn.Conv2d(1, 2, 3)),
            8,
            "gets 3 channels and takes 1; let it take 3",
        ),
    ],
)
def test_a_network_that_cannot_be_trained_is_one_sentence(pets, model, batch_size, says):
    with pytest.raises(CatdogError, match=says) as error:
        fit(model, pets, replace(FAST, batch_size=batch_size), progress=False)
    assert error.value.__cause__ is not None  # for those who know PyTorch


def test_a_single_image_left_over_does_not_stop_a_network_with_batchnorm(pets):
    """The 90 images leave one over in batches of 89; the last batch has it in addition."""
    model = torch.nn.Sequential(headless(2), torch.nn.BatchNorm1d(2))
    # With a schedule that ends exactly at the last step.
    recipe = replace(FAST, batch_size=89, schedule="one_cycle", ema_decay=0.5)
    assert len(fit(model, pets, recipe, progress=False).epochs) == 3
    assert model[1].num_batches_tracked == 3


def test_another_mistake_in_a_network_keeps_its_own_error(pets):
    model = torch.nn.Sequential(headless(2), torch.nn.Unflatten(1, (5,)))
    with pytest.raises(RuntimeError, match="unflatten"):
        fit(model, pets, FAST, progress=False)


@pytest.mark.parametrize("name", ["train", "validation"])
def test_a_set_without_images_is_one_sentence(name):
    data = splits()
    nothing = getattr(data, name).subset(torch.arange(0))
    with pytest.raises(CatdogError, match="There is no image to"):
        fit(small(), replace(data, **{name: nothing}), Recipe(epochs=1), progress=False)


def test_whitening_a_network_that_takes_no_bytes_is_the_same_sentence():
    bare = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 3), torch.nn.Flatten(), torch.nn.Linear(8, 2))
    with pytest.raises(CatdogError, match="cannot take images as bytes"):
        fit(bare, splits(), Recipe(epochs=1, whiten=True), progress=False)


def test_a_given_optimizer_can_be_used_again_at_another_rate():
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    rates = []
    for rate in (0.1, 1e-5):
        optimizer.param_groups[0]["lr"] = rate
        recipe = Recipe(epochs=1, schedule="cosine")
        history = fit(model, splits(), recipe, optimizer=optimizer, progress=False)
        rates.append(history.epochs[0].learning_rate)
        assert optimizer.param_groups[0] == {**optimizer.param_groups[0], "lr": rate}
    assert rates[1] == pytest.approx(rates[0] * 1e-4)


def test_without_a_compiler_compiling_is_one_sentence(monkeypatch):
    def compile(model):
        def forward(*_):
            raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found in ...")

        return forward

    monkeypatch.setattr(torch, "compile", compile)
    with pytest.raises(CatdogError, match=r"needs a C\+\+ compiler"):
        fit(small(), splits(), Recipe(epochs=1, compile=True), progress=False)


@pytest.mark.parametrize("scheduled", [False, True])
def test_a_given_optimizer_trains_at_the_rate_that_it_has_now(pets, scheduled, tmp_path):
    """Not at its rate before a fit that failed, or before a scheduler's first step."""
    model = small()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    if scheduled:
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.1)
        optimizer.step()
        scheduler.step()
    else:
        (tmp_path / "damaged.pt").write_bytes(b"no checkpoint")
        with pytest.raises(CatdogError, match="damaged"):
            fit(model, pets, optimizer=optimizer, checkpoint=tmp_path / "damaged.pt")
        optimizer.param_groups[0]["lr"] = 0.01
    history = fit(model, pets, replace(FAST, epochs=1), optimizer=optimizer, progress=False)
    assert history.epochs[0].learning_rate == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda model: torch.optim.LBFGS(model.parameters()), "LBFGS needs a closure or sparse"),
        (lambda model: torch.optim.SGD(small().parameters(), lr=0.1), "SGD holds no parameter of"),
    ],
)
def test_an_optimizer_that_cannot_train_this_network_is_one_sentence(pets, make, says):
    model = small()
    with pytest.raises(CatdogError, match=says):
        fit(model, pets, FAST, optimizer=make(model), progress=False)


def test_a_learning_rate_that_is_a_tensor_is_a_number_in_the_history(pets):
    model = small()
    optimizer = torch.optim.Adam(model.parameters(), lr=torch.tensor(0.25), foreach=False)
    history = fit(model, pets, replace(FAST, epochs=1), optimizer=optimizer, progress=False)
    assert History.from_json(history.to_json()).epochs[0].learning_rate == 0.25


def test_a_network_with_three_outputs_is_one_sentence_and_keeps_its_weights(pets):
    model = headless(3)
    start = copies(model.parameters())
    with pytest.raises(CatdogError, match="does not return two logits"):
        fit(model, pets, FAST, progress=False)
    assert all(torch.equal(a, b) for a, b in zip(start, model.parameters(), strict=True))


def test_a_checkpoint_of_as_many_other_images_is_refused(pets, tmp_path):
    path = tmp_path / "a.pt"
    fit(small(), pets, replace(FAST, epochs=1), checkpoint=path, progress=False)
    validation = replace(pets.validation, names=tuple("other" + n for n in pets.validation.names))
    train = replace(pets.train, names=tuple("other" + name for name in pets.train.names))
    for others in (replace(pets, validation=validation), replace(pets, train=train)):
        with pytest.raises(CatdogError, match="begun with other images, though as many; give"):
            fit(small(), others, replace(FAST, epochs=1), checkpoint=path, progress=False)
    fit(small(), pets, replace(FAST, epochs=1), checkpoint=path, progress=False)


def test_looking_for_unfit_sizes_leaves_a_batchnorm_frozen_by_hand():
    model = small().train()
    model[2].eval()
    require_sizes(model, [8])
    assert model.training and not model[2].training
