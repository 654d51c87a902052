"""Single checks at their limits: what they must not mistake for a defect, and what they refuse."""

from __future__ import annotations

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib import models
from catdog_lib.data.check import perceptual_hash
from catdog_lib.diagnose import (
    FLOOR,
    accumulated_gradients,
    augmented_test_images,
    dead_units,
    drifting_weights,
    labels_off_by_one,
    last_batch_only,
    leaked_images,
    loss_floor,
    missing_gradients,
    moved_statistics,
    other_weights,
    unequal_batches,
    unstable_predictions,
    untrained_weights,
    unusual_first_loss,
    unusual_learning_rate,
)
from catdog_lib.errors import CatdogError
from catdog_lib.sketches import draw_images
from catdog_lib.training.lr_finder import RateSearch, find_learning_rate
from catdog_lib.training.recipe import Recipe
from tests import tiny


class TestLosses:
    def test_the_floor_is_the_loss_of_the_best_that_two_softmaxes_allow(self):
        certain = torch.tensor([[1.0, 0.0]])
        assert F.cross_entropy(certain, torch.tensor([0])).item() == pytest.approx(FLOOR)

    @pytest.mark.parametrize(
        ("losses", "accuracies"),
        [
            ([0.6, 0.5, 0.42, 0.36], [0.7, 0.8, 0.9, 0.95]),  # still falling
            ([0.5, 0.37, 0.36, 0.36], [0.8, 0.9, 0.9, 0.9]),  # about what its accuracy allows
            ([0.5, 0.45, 0.44, 0.44], [0.8, 0.86, 0.87, 0.87]),  # its accuracy says too little
            ([0.5, 0.2, 0.35, 0.35], [0.8, 0.95, 0.96, 0.96]),  # it has been below the floor
            ([0.36, 0.36, 0.36], [0.96, 0.96, 0.96]),  # too few epochs
        ],
    )
    def test_a_loss_that_is_in_order_has_no_floor(self, losses, accuracies):
        assert not loss_floor(losses, accuracies)

    def test_a_first_loss_that_is_not_finite_has_advice_of_its_own(self):
        (found,) = unusual_first_loss(math.nan)
        assert "division by 0" in found.advice and found.certainty == "likely"

    def test_ten_classes_expect_ln_10(self):
        assert not unusual_first_loss(2.3, classes=10)


class TestAccuracies:
    def test_batches_of_one_size_are_in_order(self):
        assert not unequal_batches([0.8125], 64, 32)

    def test_a_loader_that_drops_the_last_batch_is_in_order(self):
        assert not unequal_batches([100 / 128], 150, 32)

    def test_rounded_accuracies_are_no_evidence_where_rounding_hides_the_count(self):
        mean = (4 * 0.9375 + 20 / 22) / 5
        assert unequal_batches([mean], 150, 32)
        assert not unequal_batches([round(mean, 2)], 150, 32, decimals=2)

    def test_the_cause_is_named_if_the_mean_over_batches_explains_it(self):
        (found,) = unequal_batches([(4 * 0.9375 + 20 / 22) / 5], 150, 32)
        assert found.numbers["explained"] == 1
        (found,) = unequal_batches([0.90501], 150, 32)
        assert found.numbers["explained"] == 0 and "Count the images" in found.advice

    def test_accuracies_that_are_0_or_1_say_nothing_about_the_last_batch(self):
        assert not last_batch_only([0.0, 1.0, 1.0, 1.0, 1.0], 150, 32)
        assert not last_batch_only([0.5] * 20, 150, 32), "one value, many times, is one value"

    def test_percent_are_refused(self):
        with pytest.raises(CatdogError, match="between 0 and 1"):
            unequal_batches([84.0], 150, 32)
        with pytest.raises(CatdogError, match="batch_size 0"):
            last_batch_only([0.5], 150, 0)


class TestLayers:
    def test_gates_that_start_at_0_are_no_defect(self):
        images, labels = tiny.image_set(16, 0, 16)[:]
        assert not missing_gradients(models.ResidualCNN(16, 2), images, labels)

    def test_the_network_and_its_gradients_stay_as_they_are(self):
        model, (images, labels) = tiny.small(), tiny.batch(16)
        before = tiny.copies(model.state_dict().values())
        missing_gradients(model, images, labels)
        dead_units(model, images)
        assert all(map(torch.equal, before, model.state_dict().values()))
        assert model.training and all(p.grad is None for p in model.parameters())

    def test_units_that_died_are_told_from_those_that_never_lived(self):
        model, images = tiny.small(), tiny.batch(16)[0]
        start = copy.deepcopy(model.state_dict())
        nn.init.constant_(model[2].bias[:3], -100.0)  # three of four
        assert not dead_units(model, images)
        assert dead_units(model, images, before=start)[0].certainty == "likely"
        assert not dead_units(model, images, before=model.state_dict())

    def test_frozen_layers_need_no_gradient(self):
        model, (images, labels) = tiny.small(), tiny.batch(16)
        model[1].requires_grad_(False)
        optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], 0.1)
        assert not missing_gradients(model, images, labels, optimizer)

    def test_a_network_without_any_gradient_is_named_whole(self):
        class Cut(nn.Sequential):
            def forward(self, images):
                return super().forward(images).detach()

        (found,) = missing_gradients(Cut(*tiny.plain()), *tiny.batch(8))
        assert found.numbers == {"layers": 2}

    def test_a_layer_that_is_dead_from_the_start_is_certain_and_gets_no_gradient(self):
        model, (images, labels) = tiny.small(), tiny.batch(16)
        nn.init.constant_(model[2].bias, -100.0)
        assert missing_gradients(model, images, labels)[0].numbers == {"layers": 2}
        (found,) = dead_units(model, images)
        assert found.certainty == "certain" and found.numbers["dead"] == 4
        assert "3 (ReLU)" in found.saw


class TestFrozen:
    def test_a_part_that_is_frozen_whole_does_not_move(self):
        model = nn.Sequential(models.freeze(tiny.small()[:-1]), nn.Linear(144, 2)).train()
        before = copy.deepcopy(model.state_dict())
        model(tiny.batch(8)[0])
        assert not moved_statistics(model, before) and not drifting_weights(model, before)

    def test_batchnorm_that_learns_may_move(self):
        model = tiny.small()
        before = copy.deepcopy(model.state_dict())
        model(tiny.batch(8)[0])
        assert not moved_statistics(model, before)
        assert moved_statistics(model, before, frozen=["2"])

    def test_another_networks_state_dict_is_refused(self):
        with pytest.raises(CatdogError, match=r"before has no '0\.mean'"):
            drifting_weights(tiny.small(), {})

    def test_a_module_that_is_not_there_is_refused(self):
        model = tiny.small()
        with pytest.raises(CatdogError, match="no module 'stagez'"):
            moved_statistics(model, model.state_dict(), frozen=["stagez"])
        with pytest.raises(CatdogError, match="no module 'backbone'"):
            drifting_weights(model, model.state_dict(), frozen=["backbone"])


class TestGradients:
    def loop(self, end: bool = False, optimizer=torch.optim.Adam):
        """Return a loop of three steps, with zero_grad() at the end of each step or not at all."""
        model, (images, labels) = tiny.plain(), tiny.batch(8)
        optimizer = optimizer(model.parameters(), 0.01)

        def train():
            for _ in range(3):
                F.cross_entropy(model(images), labels).backward()
                nn.utils.clip_grad_norm_(model.parameters(), 0.1)
                optimizer.step()
                if end:
                    optimizer.zero_grad()

        return train

    @pytest.mark.parametrize("optimizer", [torch.optim.SGD, torch.optim.Adam])
    def test_zero_grad_may_come_at_the_end_of_a_step(self, optimizer):
        assert not accumulated_gradients(self.loop(end=True, optimizer=optimizer))

    def test_nothing_is_left_behind(self):
        from torch.optim.optimizer import _global_optimizer_post_hooks as post
        from torch.optim.optimizer import _global_optimizer_pre_hooks as pre

        with pytest.raises(ZeroDivisionError):
            accumulated_gradients(lambda: self.loop()() or 1 / 0)
        assert not pre and not post


class TestPredictions:
    def test_a_network_keeps_its_mode_and_its_statistics(self):
        model = tiny.small().train()
        before = tiny.copies(model.buffers())
        assert unstable_predictions(model, tiny.batch(16)[0])
        assert model.training and all(map(torch.equal, before, model.buffers()))

    def test_a_function_may_be_asked_as_well(self):
        model = nn.Sequential(tiny.plain(), nn.Dropout(0.5))
        assert unstable_predictions(lambda images: model.train()(images), tiny.batch(16)[0])
        assert not unstable_predictions(lambda images: model.eval()(images), tiny.batch(16)[0])

    def test_passes_of_different_length_are_a_finding(self):
        images = tiny.batch(8)[0]
        assert augmented_test_images(images, images[:6])


class TestImagesAndLabels:
    def test_suspects_carry_their_names(self):
        train, test = tiny.image_set(8, 0)[:][0], tiny.image_set(8, 1)[:][0]
        (found,) = leaked_images(train, torch.cat([test, train[2:3]]), [*"abcdefgh", "rex.jpg"])
        assert "rex.jpg" in found.saw and found.numbers["rows"] == [8]

    def test_every_copy_of_one_of_many_is_counted(self, monkeypatch):
        """Where not every pair is kept, copies are connected through others."""
        monkeypatch.setattr(perceptual_hash, "_PAIRS", 100)
        image = torch.from_numpy(draw_images(1, 64, 0)[0]).int()
        noise = torch.randint(-60, 61, (1, 3, 64, 64), generator=torch.Generator().manual_seed(0))
        noisy = (image + noise).clamp(0, 255).to(torch.uint8)
        (found,) = leaked_images(noisy, image.to(torch.uint8).expand(400, -1, -1, -1))
        assert found.numbers["copies"] == 400

    def test_one_output_too_many_is_only_likely(self):
        (found,) = labels_off_by_one(torch.tensor([1, 2, 2, 1]), torch.zeros(4, 3))
        assert found.certainty == "likely"
        assert not labels_off_by_one(torch.tensor([0, 1, 2, 0]), torch.zeros(4, 3))


class TestWeights:
    def test_one_epoch_is_enough_to_look_trained_to_batchnorm(self):
        model, (images, labels) = tiny.small(), tiny.batch(32)
        optimizer = torch.optim.SGD(model.parameters(), 1e-3)
        F.cross_entropy(model(images), labels).backward()
        optimizer.step()
        assert not untrained_weights(model, tiny.small)

    def test_without_images_and_batchnorm_it_is_only_possible(self):
        assert untrained_weights(tiny.plain(7), fresh_plain)[0].certainty == "possible"

    def test_a_small_change_of_all_weights_shows_at_the_ends_of_their_range(self):
        model = nn.Linear(100, 100)
        assert untrained_weights(model, lambda: nn.Linear(100, 100))
        with torch.no_grad():
            model.weight.mul_(1.02)
        assert not untrained_weights(model, lambda: nn.Linear(100, 100))

    def test_what_was_learned_decides_where_the_weights_look_fresh(self):
        model, (images, labels) = tiny.plain(7), tiny.batch(64)
        optimizer = torch.optim.Adam(model.parameters(), 2e-3)
        for _ in range(10):
            optimizer.zero_grad()
            F.cross_entropy(model(images), labels).backward()
            optimizer.step()
        assert untrained_weights(model, fresh_plain), "a few small weights leave no trace"
        assert not untrained_weights(model, fresh_plain, images, labels)

    def test_a_frozen_network_says_nothing(self):
        model = models.freeze(tiny.plain(7))
        assert not untrained_weights(model, fresh_plain)

    def test_the_random_numbers_stay_as_they_were(self):
        model = tiny.plain(3)
        torch.manual_seed(5)
        expected = torch.rand(1)
        torch.manual_seed(5)
        untrained_weights(model, fresh_plain)
        assert torch.equal(torch.rand(1), expected)

    @pytest.mark.parametrize(("recorded", "found"), [(0.75, 0), (0.74, 0), (0.9, 1)])
    def test_an_accuracy_may_differ_by_a_few_images(self, recorded, found):
        labels = torch.zeros(100, dtype=torch.long)
        outputs = torch.tensor([[1.0, 0.0]] * 75 + [[0.0, 1.0]] * 25)
        assert len(other_weights(recorded, outputs, labels)) == found


def fresh_plain() -> nn.Module:
    return tiny.plain(int(torch.randint(1000, ())))


class TestLearningRate:
    @pytest.mark.parametrize("seed", [0, 1, 2])
    def test_a_rate_of_another_order_is_named_and_the_suggestion_is_not(self, seed):
        search = find_learning_rate(tiny.small(seed), tiny.splits(), Recipe(seed=seed), steps=40)
        assert not unusual_learning_rate(search.suggestion * 3, search)
        assert not unusual_learning_rate(search.suggestion / 3, search)
        for rate, word in ((30 * search.suggestion, "jump"), (search.suggestion / 30, "wastes")):
            (found,) = unusual_learning_rate(rate, search)
            assert found.certainty == "possible" and word in found.advice

    def test_a_search_in_which_nothing_happened_suggests_nothing(self):
        search = RateSearch((1e-4, 1e-3, 1e-2), (0.7, 0.69, 0.7))
        assert not unusual_learning_rate(100.0, search)
