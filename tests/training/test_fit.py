"""Training: what it returns, what it leaves behind, and that it does what the recipe says."""

import inspect
import json
import re
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
import torch
import torch.nn.functional as F
from torchvision.transforms import v2

from catdog_lib import data, models
from catdog_lib.data import augment
from catdog_lib.data.augment import flip_and_crop
from catdog_lib.data.image_set import ImageSet, Splits, preload_to_device
from catdog_lib.errors import CatdogError
from catdog_lib.sparsity import l1_penalty, penalised_weights
from catdog_lib.training import loop, trainer
from catdog_lib.training.ema import EMA
from catdog_lib.training.evaluate import evaluate, predict
from catdog_lib.training.fit import fit
from catdog_lib.training.history import History
from catdog_lib.training.metrics import (
    Evaluation,
    RunningMetrics,
    confusion_matrix,
    most_wrong,
    wilson_interval,
)
from catdog_lib.training.recipe import Recipe
from tests.tiny import copies, images, plain, small, splits


@pytest.fixture
def pets():
    return splits()


LESSON = Path(__file__).parents[2] / "notebooks" / "03_custom_cnn.ipynb"
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


@pytest.mark.parametrize(("keep", "chosen"), [("best", 2), ("last", 3)])
def test_the_weights_of_the_best_or_of_the_last_epoch_are_kept(pets, monkeypatch, keep, chosen):
    scores, seen = iter([0.6, 0.9, 0.7]), []

    def scripted(model, images, dtype, **_):
        seen.append({name: value.clone() for name, value in model.state_dict().items()})
        return Evaluation(0.5, next(scores), len(images))

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


def test_the_average_is_what_is_validated_and_kept(pets, monkeypatch):
    """By hand: the weights of every step, averaged."""
    made, judged, expected = [], [], []

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

    def noted(model, images, dtype, **_):
        judged.append(copies(model.parameters()))
        expected.append(copies(made[0].mine))
        return real(model, images, dtype)

    monkeypatch.setattr("catdog_lib.training.trainer.EMA", Noted)
    monkeypatch.setattr(trainer, "evaluate", noted)
    model = small()
    recipe = replace(FAST, epochs=4, lr=0.02, ema_decay=0.8, keep="last")
    history = fit(model, pets, recipe, progress=False)
    for mine, theirs in zip(expected, judged, strict=True):
        for one, other in zip(mine, theirs, strict=True):
            torch.testing.assert_close(one, other)
    for kept, last in zip(model.parameters(), judged[-1], strict=True):
        assert torch.equal(kept, last)
    found = real(model, pets.validation, torch.float32)
    assert found.loss == pytest.approx(history.epochs[-1].validation_loss, rel=1e-6)
    without = small()
    other = fit(without, pets, replace(recipe, ema_decay=0.0), progress=False)
    assert other.epochs[-1].train_loss == history.epochs[-1].train_loss, "it only looks on"
    assert other.epochs[-1].validation_loss != history.epochs[-1].validation_loss


def test_each_epoch_is_fed_pictures_of_its_size_and_validation_its_own(pets):
    model, seen = plain(), []
    model.register_forward_pre_hook(lambda m, inputs: seen.append((m.training, *inputs[0].shape)))
    recipe = replace(FAST, epochs=4, train_sizes=(12, 9), augment=("flip_and_crop",))
    fit(model, pets, recipe, progress=False)
    fed = [shape for training, *shape in seen if training]
    counts = [32, 32, 26]
    assert fed == [[n, 3, size, size] for size in (12, 12, 9, 9) for n in counts]
    assert {tuple(shape) for training, *shape in seen if not training} == {(40, 3, 8, 8)}


def test_the_pictures_are_augmented_in_the_order_of_the_recipe(pets, monkeypatch):
    calls = []
    for name in ("colour_jitter", "random_flip"):

        def change(pictures, generator, name=name):
            calls.append((name, pictures.dtype))
            return pictures.float() / 255 if pictures.dtype == torch.uint8 else pictures

        monkeypatch.setattr(augment, name, change)
    fit(plain(), pets, replace(FAST, epochs=1, augment=("random_flip", "colour_jitter")),
        progress=False)  # fmt: skip
    assert calls == 3 * [("random_flip", torch.uint8), ("colour_jitter", torch.float32)]


def test_the_crop_is_as_small_as_the_recipe_allows_and_no_smaller(pets, monkeypatch):
    seen = []

    def noted(pictures, generator, smallest=None, size=None):
        seen.append((smallest, size))
        return pictures.float() / 255

    monkeypatch.setattr(augment, "flip_and_crop", noted)
    for change in ({"min_crop": 0.9}, {"min_crop": 0.7, "train_sizes": (9,)}):
        fit(plain(), pets, replace(FAST, epochs=1, augment=("flip_and_crop",), **change),
            progress=False)  # fmt: skip
    assert seen == 3 * [(0.9, None)] + 3 * [(0.7, 9)]


def test_with_mirror_validation_is_answered_with_the_mean_of_both(pets):
    """The network gives a picture and its mirror image different logits."""
    model = plain()
    recipe = replace(FAST, epochs=1, test_flip=True)
    (epoch,) = fit(model, pets, recipe, progress=False).epochs
    pictures, labels = pets.validation[:]
    with torch.no_grad():
        one, other = model(pictures), model(pictures.flip(3))
    expected = F.cross_entropy((one + other) / 2, labels).item()
    assert epoch.validation_loss == pytest.approx(expected, rel=1e-5)
    assert epoch.validation_loss != pytest.approx(F.cross_entropy(one, labels).item(), rel=1e-5)


def test_with_test_sizes_it_is_answered_with_the_mean_over_them(pets):
    """As torchvision would resize; each size counts the same, mirrored or not."""
    model = plain()
    recipe = replace(FAST, epochs=1, test_flip=True, test_sizes=(9, 12))
    (epoch,) = fit(model, pets, recipe, progress=False).epochs
    pictures, labels = pets.validation[:]
    values = pictures.float() / 255
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
    """So it can be compared with the validation loss. The rate is so small that the weights
    stay.
    """
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

    def scripted(model, images, dtype, **_):
        return Evaluation(0.5, next(scores), len(images))

    monkeypatch.setattr(trainer, "evaluate", scripted)
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
        tally = RunningMetrics()
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
        # Newcombe, Statistics in Medicine 17 (1998) 857-872, table I: 81/263, 15/148, 0/20, 1/29 by
        # the score method.
        for hits, count, low, high in (
            (81, 263, 0.2553, 0.3662),
            (15, 148, 0.0624, 0.1605),
            (0, 20, 0, 0.1611),
            (1, 29, 0.0061, 0.1718),
        ):
            assert wilson_interval(hits, count) == pytest.approx((low, high), abs=6e-5)


class TestBatches:
    def test_they_come_in_channels_last_order(self, pets):
        pictures, _ = next(data.batches(pets.train, 8))
        assert pictures.is_contiguous(memory_format=torch.channels_last)

    def test_each_picture_comes_once_with_its_label(self, pets):
        some = pets.train.subset(torch.tensor([7, 3, 80, 4, 0, 11, 5]))
        found = list(data.batches(some, 3, shuffle=torch.Generator().manual_seed(1)))
        assert [len(labels) for _, labels in found] == [3, 3, 1]
        pictures, labels = (torch.cat(parts) for parts in zip(*found, strict=True))
        order = torch.randperm(7, generator=torch.Generator().manual_seed(1))
        assert order.tolist() != list(range(7))
        assert torch.equal(pictures, some[order][0]) and torch.equal(labels, some[order][1])

    def test_a_set_moved_to_a_device_gives_the_same_ones(self, pets):
        """As `preload_to_device` moves it: a store of its own, without the rows that others use."""
        some = pets.train.subset(torch.tensor([7, 3, 80, 4]))
        moved = some.to(torch.device("cpu"))
        assert len(moved.store) == 4 and moved.names == some.names
        pairs = zip(
            *(data.batches(each, 3, shuffle=torch.Generator().manual_seed(1)) for each in (some, moved)),
            strict=True,
        )  # fmt: skip
        for (pictures, labels), (same, theirs) in pairs:
            assert torch.equal(pictures, same) and torch.equal(labels, theirs)

    def test_on_a_cpu_nothing_is_copied(self, pets):
        assert preload_to_device(pets.train, torch.device("cpu")) is pets.train

    @pytest.mark.cuda
    def test_on_a_gpu_the_pictures_live_there(self, pets):
        device = torch.device("cuda")
        moved = preload_to_device(pets.train, device)
        assert moved.store.device.type == moved.rows.device.type == "cuda"
        theirs = data.batches(moved, 32, shuffle=torch.Generator().manual_seed(1), device=device)
        mine = data.batches(pets.train, 32, shuffle=torch.Generator().manual_seed(1))
        for (pictures, labels), (same, true) in zip(theirs, mine, strict=True):
            assert torch.equal(pictures.cpu(), same) and torch.equal(labels.cpu(), true)


class TestTally:
    def test_the_first_batch_without_a_number_is_named(self):
        tally = RunningMetrics()
        for value in (0.0, 1.0, float("inf"), float("nan")):
            tally.add(torch.tensor([[value, 0.0]]), torch.tensor([1]))
        assert tally.first_non_finite() == 3

    def test_with_numbers_only_there_is_none(self):
        tally = RunningMetrics()
        tally.add(torch.tensor([[60.0, -60.0]]), torch.tensor([1]))
        assert tally.first_non_finite() is None
        assert (tally.result().loss, tally.result().accuracy) == (120, 0)


def test_flip_and_crop_to_a_size_equals_cropping_by_a_grid_of_that_size():
    """And a crop of the whole picture equals resizing it."""
    pictures = images(12, 4, size=20).store[:, :, :16].float() / 255  # 16 high, 20 wide
    ours = flip_and_crop(pictures, torch.Generator().manual_seed(3), 0.5, size=13)
    generator = torch.Generator().manual_seed(3)
    side = 0.5 + 0.5 * torch.rand(12, generator=generator)
    mirror = torch.randint(2, (12,), generator=generator) * 2 - 1
    offset = (2 * torch.rand(12, 2, generator=generator) - 1) * (1 - side)[:, None]
    affine = torch.zeros(12, 2, 3)
    affine[:, 0, 0], affine[:, 1, 1], affine[:, :, 2] = side * mirror, side, offset
    grid = F.affine_grid(affine, [12, 3, 13, 13], align_corners=False)
    theirs = F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=0)

    generator = torch.Generator().manual_seed(3)
    whole = flip_and_crop(pictures, generator, 1.0, size=13)
    resized = F.interpolate(pictures, (13, 13), mode="bilinear", align_corners=False)
    mirrored = (mirror < 0).view(-1, 1, 1, 1)
    expected = torch.where(mirrored, resized.flip(3), resized)
    torch.testing.assert_close(whole, expected, atol=2e-5, rtol=0)


def test_without_a_size_flip_and_crop_keeps_the_pictures_own():
    pictures = images(6, 4, size=20)[:][0]
    free, fixed = (
        flip_and_crop(pictures, torch.Generator().manual_seed(3), size=size) for size in (None, 20)
    )
    assert free.shape == pictures.shape and torch.equal(free, fixed)


def test_the_lines_that_lesson_03_points_at_are_there():
    lesson = nbformat.read(LESSON, as_version=4)
    (table,) = (cell.source for cell in lesson.cells if cell.id == "03-loop-equal")
    source = inspect.getsource(loop)
    rows = [row for row in table.splitlines() if row.startswith("| `")]
    theirs = [re.findall("`([^`…]+)", row.split("|")[2])[0] for row in rows]
    assert len(theirs) == 7
    for line in theirs:
        assert line in source, line
