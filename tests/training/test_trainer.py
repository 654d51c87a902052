"""One step of training is what the recipe says: loss, gradients, clipping, update, average."""

import math
import shutil

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib.errors import CatdogError
from catdog_lib.sparsity import l1_penalty
from catdog_lib.training.ema import EMA
from catdog_lib.training.precision import MixedPrecision
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.schedules import SCHEDULES
from catdog_lib.training.trainer import Trainer
from tests.tiny import batch, copies, image_set, plain, small

CPU = torch.device("cpu")


def make_trainer(model, steps_in_epoch=3, optimizer=None, **recipe) -> Trainer:
    recipe = Recipe(**{"optimizer": "sgd", "lr": 0.1, "precision": "float32", **recipe})
    return Trainer(model, recipe, optimizer, CPU, steps_in_epoch)


def gradients(model) -> list[torch.Tensor]:
    return copies(p.grad for p in model.parameters())


def assert_close(found, expected, **tolerances) -> None:
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.detach(), other.detach(), **tolerances)


def by_hand(model, loss_of, lr=0.1):
    """The network's weights after a plain step down the gradient of the loss, and the gradient."""
    images, labels = batch(10)
    loss_of(model, images, labels).backward()
    found = gradients(model)
    return [p.detach() - lr * g for p, g in zip(model.parameters(), found, strict=True)], found


class TestLoss:
    def test_a_plain_step_goes_down_the_mean_cross_entropy(self):
        expected, _ = by_hand(small(), lambda m, x, y: F.cross_entropy(m(x), y))
        model = small()
        model.train()
        make_trainer(model).step(*batch(10))
        assert_close(model.parameters(), expected)

    def test_the_gradients_of_the_last_step_do_not_count_again(self):
        model, mine = plain(), plain()
        trainer, optimizer = make_trainer(model), torch.optim.SGD(mine.parameters(), lr=0.1)
        for seed in range(3):
            trainer.step(*batch(10, seed))
            images, labels = batch(10, seed)
            optimizer.zero_grad()
            F.cross_entropy(mine(images), labels).backward()
            optimizer.step()
        assert_close(model.parameters(), mine.parameters())

    def test_it_returns_the_logits_from_before_the_update(self):
        model = plain()
        before = model(batch(10)[0]).detach()
        logits = make_trainer(model, lr=1.0).step(*batch(10))
        assert not logits.requires_grad and logits.dtype == torch.float32
        assert_close([logits], [before])
        assert not torch.allclose(logits, model(batch(10)[0]), atol=1e-3)

    def test_label_smoothing_spreads_a_share_of_the_certainty(self):
        """Target: 1 − ε + ε/2 for the true class, ε/2 for the other."""

        def loss(model, images, labels):
            target = 0.7 * F.one_hot(labels, 2) + 0.3 / 2
            return -(target * model(images).log_softmax(1)).sum(1).mean()

        expected, _ = by_hand(plain(), loss)
        model = plain()
        make_trainer(model, label_smoothing=0.3).step(*batch(10))
        assert_close(model.parameters(), expected)

    def test_l1_adds_the_signs_of_the_weights(self):
        def loss(model, images, labels):
            return F.cross_entropy(model(images), labels) + 0.05 * l1_penalty(model)

        expected, _ = by_hand(plain(), loss)
        model = plain()
        make_trainer(model, l1=0.05).step(*batch(10))
        assert_close(model.parameters(), expected)

    def test_gradient_all_makes_biases_and_batchnorm_pay_as_well(self):
        def loss(model, images, labels):
            everything = torch.cat([p.flatten() for p in model.parameters()])
            return F.cross_entropy(model(images), labels) + 0.05 * everything.abs().sum()

        expected, _ = by_hand(plain(), loss)
        model = plain()
        make_trainer(model, l1=0.05, penalty="gradient_all").step(*batch(10))
        assert_close(model.parameters(), expected)


class TestGradientAccumulation:
    @pytest.mark.parametrize("micro_batches", [3, 10, 99])
    def test_it_gives_the_gradients_of_the_batch_as_one(self, micro_batches):
        settings = dict(
            label_smoothing=0.1, l1=0.01, max_grad_norm=0.5, weight_decay=0.1, momentum=0.9
        )
        models, sizes = [plain(), plain()], []
        models[1].register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])))
        trainers = [
            make_trainer(model, accumulation_steps=n, **settings)
            for model, n in zip(models, (1, micro_batches), strict=True)
        ]
        for seed in range(3):
            one, other = (t.step(*batch(10, seed)) for t in trainers)
            assert_close([one], [other])
        assert_close(models[0].parameters(), models[1].parameters(), atol=1e-6, rtol=1e-5)
        if micro_batches == 3:
            assert sizes == [4, 3, 3] * 3, "it really was cut"
        else:
            assert sizes == [1] * 30, "no part is empty"


class TestGradientClipping:
    @staticmethod
    def norm(tensors):
        return math.sqrt(sum(t.double().square().sum().item() for t in tensors))

    def test_a_longer_gradient_is_scaled_down_to_the_norm(self):
        start = copies(plain().parameters())
        _, whole = by_hand(plain(), lambda m, x, y: F.cross_entropy(m(x), y))
        limit = self.norm(whole) / 4
        clipped = make_trainer(plain(), max_grad_norm=limit)
        clipped.step(*batch(10))
        assert self.norm(gradients(clipped.model)) == pytest.approx(limit, rel=1e-4)
        expected = [w - 0.1 * g / 4 for w, g in zip(start, whole, strict=True)]
        assert_close(clipped.model.parameters(), expected, atol=1e-6, rtol=1e-4)

    def test_a_shorter_one_is_left_alone(self):
        expected, whole = by_hand(plain(), lambda m, x, y: F.cross_entropy(m(x), y))
        clipped = make_trainer(plain(), max_grad_norm=1.01 * self.norm(whole))
        clipped.step(*batch(10))
        assert_close(clipped.model.parameters(), expected)


class TestLearningRate:
    @pytest.mark.parametrize("schedule", SCHEDULES)
    def test_it_follows_the_schedule_step_by_step(self, schedule):
        trainer = make_trainer(plain(), steps_in_epoch=3, epochs=4, lr=0.2, schedule=schedule)
        seen = []
        for _ in range(12):
            trainer.step(*batch(4))
            seen.append(trainer.optimizer.param_groups[0]["lr"])
        assert seen == pytest.approx([0.2 * SCHEDULES[schedule](i / 12) for i in range(12)])
        assert (trainer.steps_taken, trainer.epoch) == (12, 5)

    def test_a_passed_optimizers_own_rates_keep_their_ratio(self):
        model = plain()
        optimizer = torch.optim.SGD(
            [{"params": model[1].parameters(), "lr": 0.3}, {"params": model[5].parameters()}],
            lr=0.02,
        )
        trainer = make_trainer(model, 2, optimizer, epochs=2, lr=7.0, schedule="cosine")
        for i in range(4):
            trainer.step(*batch(4))
            factor = SCHEDULES["cosine"](i / 4)
            rates = [group["lr"] for group in optimizer.param_groups]
            assert rates == pytest.approx([0.3 * factor, 0.02 * factor])

    def test_muons_two_rates_follow_together(self):
        trainer = make_trainer(plain(), 2, optimizer=None, epochs=2, lr=0.1, schedule="cosine")
        muon = Trainer(
            plain(), Recipe(epochs=2, optimizer="muon", lr=0.1, schedule="cosine"), None, CPU, 2
        )
        for _ in range(3):
            trainer.step(*batch(4))
            muon.step(*batch(4))
        ((one, _), (matrices, vectors)) = (
            [group["lr"] for group in t.optimizer.param_groups] for t in (trainer, muon)
        )
        assert matrices == one and vectors == pytest.approx(16 * one)


class TestNonFiniteLoss:
    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_the_step_is_not_taken_and_the_batch_is_named(self, bad):
        model = small()
        trainer = make_trainer(model, 3, optimizer=None, ema_decay=0.9, momentum=0.9, epochs=2)
        for seed in range(4):
            trainer.step(*batch(10, seed))
        state = copies([*model.parameters(), *trainer.ema.model.parameters()])
        speeds = copies(s["momentum_buffer"] for s in trainer.optimizer.state.values())
        handle = model.register_forward_hook(lambda module, inputs, logits: logits * bad)
        with pytest.raises(
            CatdogError, match=r"(nan|inf) in epoch 2, batch 2 of 3, at a learning rate of 0\.1;"
        ):
            trainer.step(*batch(10))
        handle.remove()
        now = [*model.parameters(), *trainer.ema.model.parameters()]
        assert all(torch.equal(a, b) for a, b in zip(state, now, strict=True))
        left = [s["momentum_buffer"] for s in trainer.optimizer.state.values()]
        assert all(torch.equal(a, b) for a, b in zip(speeds, left, strict=True))
        assert trainer.steps_taken == 4

    def test_a_bad_part_of_an_accumulated_batch_is_enough(self):
        model, calls = plain(), []

        def poison(module, inputs, logits):
            calls.append(1)
            return logits * math.nan if len(calls) == 3 else logits

        model.register_forward_hook(poison)
        before = copies(model.parameters())
        with pytest.raises(CatdogError, match="nan in epoch 1, batch 1"):
            make_trainer(model, accumulation_steps=3).step(*batch(9))
        assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_the_average_takes_each_steps_new_weights():
    model = small()
    trainer = make_trainer(model, ema_decay=0.7)
    expected = EMA(small(), 0.7)
    model.train()
    for seed in range(5):
        trainer.step(*batch(10, seed))
        expected.update(model)
    assert trainer.ema.count == 5
    for name, value in expected.model.state_dict().items():
        assert torch.equal(trainer.ema.model.state_dict()[name], value), name


def test_bfloat16_computes_the_convolutions_and_nothing_else():
    model = small()
    trainer = make_trainer(model, momentum=0.9)
    trainer.precision = MixedPrecision(trainer.device, torch.bfloat16)
    inside = []
    model[1].register_forward_hook(lambda module, inputs, maps: inside.append(maps.dtype))
    logits = trainer.step(*batch(10))
    assert inside == [torch.bfloat16] and logits.dtype == torch.float32
    assert {p.dtype for p in model.parameters()} == {torch.float32}
    assert {s["momentum_buffer"].dtype for s in trainer.optimizer.state.values()} == {torch.float32}


@pytest.mark.skipif(
    not (shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")),
    reason="torch.compile needs a C++ compiler",
)
@pytest.mark.slow
def test_compiled_it_learns_the_same(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TORCHINDUCTOR_COMPILE_THREADS", "1")
    torch._dynamo.reset()
    losses, logits, models = [], [], []
    for compiled in (False, True):
        model = nn.Sequential(nn.Flatten(), nn.Linear(192, 4), nn.Tanh(), nn.Linear(4, 2))
        model.load_state_dict(
            {
                "1.weight": torch.linspace(-1, 1, 768).view(4, 192).sin() / 9,
                "1.bias": torch.zeros(4),
                "3.weight": torch.tensor([[1.0, -1, 1, -1], [-1, 1, 1, -1]]),
                "3.bias": torch.zeros(2),
            }
        )
        trainer = make_trainer(model, compile=compiled)
        assert (trainer.wrapped_model is not model) == compiled
        for seed in range(3):
            images, labels = image_set(8, seed)[:]
            logits.append(trainer.step(images.float() / 255, labels))
            losses.append(F.cross_entropy(logits[-1], labels).item())
        models.append(model)
    assert losses[:3] == pytest.approx(losses[3:], rel=1e-4) and losses[0] != losses[1]
    assert_close(models[0].parameters(), models[1].parameters(), atol=1e-5, rtol=1e-4)
