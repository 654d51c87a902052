"""What only a GPU can show; ``make test-gpu`` runs these tests and all others that need one."""

import re
import warnings
from contextlib import contextmanager
from dataclasses import replace

import pytest
import torch
from torch import nn

from catdog_lib import explain, inspect, models
from catdog_lib.data import augment
from catdog_lib.data.image_set import Splits, batches, preload_to_device
from catdog_lib.device import choose_device, describe, fast_dtype
from catdog_lib.errors import CatdogError
from catdog_lib.training.evaluate import evaluate, predict
from catdog_lib.training.fit import fit
from catdog_lib.training.metrics import RunningMetrics
from catdog_lib.training.precision import MixedPrecision
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from catdog_lib.transfer import features
from tests.tiny import image_set, small

pytestmark = pytest.mark.cuda
CPU, GPU = torch.device("cpu"), torch.device("cuda")
EVERYTHING = dict(
    lr=0.05,
    momentum=0.9,
    weight_decay=0.01,
    schedule="one_cycle",
    label_smoothing=0.1,
    l1=1e-5,
    max_grad_norm=1.0,
    ema_decay=0.9,
    accumulation_steps=2,
    batch_size=16,
)


@pytest.fixture
def exact():
    """Compute in true float32; a GPU's own choice is TF32, with 10 bits in place of 23."""
    before = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = False
    yield
    torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32 = before


@contextmanager
def no_waiting():
    """An error wherever the program would wait for the GPU."""
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        yield
    finally:
        torch.cuda.set_sync_debug_mode("default")


def network(seed=0, size=32) -> nn.Module:
    torch.manual_seed(seed)
    return models.build("residual", size=size, width=8)


def make_trainer(device, dtype=None, model=None, **recipe) -> Trainer:
    recipe = Recipe(**{"optimizer": "sgd", **recipe})
    trainer = Trainer((model or network()).train(), recipe, None, device, 10)
    if dtype is not None:
        trainer.precision = MixedPrecision(device, dtype)
    return trainer


def splits(size=32) -> Splits:
    return Splits(image_set(120, 0, size), image_set(40, 1, size), image_set(40, 2, size), "test")


def test_it_is_chosen_and_computes_in_the_format_that_it_is_made_for():
    assert choose_device().type == "cuda" and describe(GPU) == torch.cuda.get_device_name()
    newest = torch.cuda.get_device_capability() >= (8, 0)
    assert fast_dtype(GPU) == (torch.bfloat16 if newest else fast_dtype(GPU))
    trainer, inside = make_trainer(GPU), []
    trainer.model.stem[0].register_forward_hook(lambda _, inputs, maps: inside.append(maps))
    photos = image_set(16, 0, 32).to(GPU)
    logits = trainer.step(*photos[:])
    assert (
        inside[0].dtype == trainer.precision.dtype == fast_dtype(GPU)
        and logits.dtype == torch.float32
    )
    assert inside[0].is_contiguous(memory_format=torch.channels_last)
    assert {p.dtype for p in trainer.model.parameters()} == {torch.float32}
    assert {p.device.type for p in trainer.model.parameters()} == {"cuda"}


def test_the_optimizer_is_fused():
    for name in ("sgd", "Adam", "AdamW"):
        trainer = make_trainer(GPU, optimizer=name)
        assert trainer.optimizer.defaults["fused"], name
        trainer.step(*image_set(8, 0, 32).to(GPU)[:])


class TestPreload:
    def test_images_go_to_the_gpus_memory_if_they_fit(self):
        photos = image_set(30, 0)
        there = preload_to_device(photos, GPU)
        assert there.store.device.type == there.labels.device.type == "cuda"
        assert torch.equal(there.store.cpu(), photos.store) and there.names == photos.names

    def test_and_stay_where_they_are_if_not(self, monkeypatch):
        photos = image_set(30, 0)
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (30 * 192 * 2, 10**12))
        assert preload_to_device(photos, GPU) is photos

    @pytest.mark.parametrize("where", [CPU, GPU], ids=["main memory", "resident"])
    def test_batches_are_the_same_either_way(self, where):
        photos = image_set(30, 0)
        order = [torch.Generator().manual_seed(3) for _ in range(2)]
        ours = list(batches(photos.to(where), 8, shuffle=order[0], device=GPU))
        theirs = list(batches(photos, 8, shuffle=order[1]))
        for (some, labels), (expected, true_labels) in zip(ours, theirs, strict=True):
            assert some.device.type == labels.device.type == "cuda"
            assert torch.equal(some.cpu(), expected) and torch.equal(labels.cpu(), true_labels)
            assert some.is_contiguous(memory_format=torch.channels_last)


class TestSameAsCpu:
    @pytest.mark.parametrize("name", ["five_conv", "six_block", "residual"])
    def test_forward(self, name, exact):
        torch.manual_seed(0)
        model = models.build(name, size=64, width=8)
        photos = image_set(20, 0, 64)
        here = predict(model, photos, torch.float32)
        there = predict(model.to(GPU), photos, torch.float32)
        torch.testing.assert_close(there, here, atol=1e-4, rtol=1e-4)
        fast = predict(model, photos)
        torch.testing.assert_close(fast, here, atol=0.05, rtol=0.05)

    @pytest.mark.parametrize("optimizer", ["sgd", "muon"])
    def test_a_step_with_everything(self, optimizer, exact):
        photos, runs = image_set(16, 0, 32), []
        for device in (CPU, GPU):
            trainer = make_trainer(device, torch.float32, optimizer=optimizer, **EVERYTHING)
            for _ in range(3):
                images, labels = photos.to(device)[:]
                logits = trainer.step(images, labels)
            runs.append((logits, *trainer.model.parameters(), *trainer.ema.model.buffers()))
        # Muon brings the weakest directions to the strength of the others, and with them what
        # rounding did.
        error = 2e-3 if optimizer == "sgd" else 2e-2
        for here, there in zip(*runs, strict=True):
            torch.testing.assert_close(there.cpu(), here, atol=error, rtol=error)

    @pytest.mark.parametrize("name", augment.__all__)
    def test_augmentations(self, name):
        images, _ = image_set(16, 0, 32)[:]
        change = getattr(augment, name)
        here = change(images, torch.Generator().manual_seed(1))
        there = change(images.to(GPU), torch.Generator().manual_seed(1))
        # A pixel that lies between two may be rounded to the other one (trivial_augment's
        # "nearest").
        assert ((there.cpu() - here).abs() > 1e-3).float().mean() < 0.01


class TestNoWaiting:
    @pytest.mark.parametrize("name", augment.__all__)
    def test_no_augmentation_waits(self, name):
        images = image_set(16, 0, 32).to(GPU).store
        getattr(augment, name)(images, torch.Generator().manual_seed(0))  # sets things up
        with no_waiting():
            getattr(augment, name)(images, torch.Generator().manual_seed(0))

    @pytest.mark.parametrize("where", [CPU, GPU], ids=["main memory", "resident"])
    def test_no_batch_waits(self, where):
        photos = image_set(20, 0, 32).to(where)
        with no_waiting():
            for _ in batches(photos, 8, shuffle=torch.Generator(), device=GPU):
                pass

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
    @pytest.mark.parametrize("optimizer", ["sgd", "adamw", "muon"])
    def test_no_step_waits(self, optimizer, dtype):
        if (optimizer, dtype) == ("muon", torch.float16):
            pytest.skip("the scaler asks before each step of an optimizer that is not fused")
        settings = {**EVERYTHING, "momentum": None if optimizer == "adamw" else 0.9}
        trainer = make_trainer(GPU, dtype, optimizer=optimizer, **settings)
        images, labels = image_set(16, 0, 32).to(GPU)[:]
        metrics = RunningMetrics()
        for _ in range(2):  # the first makes the optimizer's averages
            trainer.step(images, labels)
        with no_waiting():
            for _ in range(2):
                metrics.add(trainer.step(images, labels), labels)
        assert trainer.steps_taken == 4 and metrics.result().count == 32

    def test_an_epoch_waits_only_when_it_ends(self, monkeypatch):
        trainer = make_trainer(GPU, augment=("flip_and_crop",), **EVERYTHING)
        photos = preload_to_device(image_set(120, 0, 32), GPU)
        trainer.train_epoch(photos)
        asked = RunningMetrics.all_reduce

        def at_the_end(self, context):
            torch.cuda.set_sync_debug_mode("default")
            return asked(self, context)

        monkeypatch.setattr(RunningMetrics, "all_reduce", at_the_end)
        with no_waiting():
            train_metrics = trainer.train_epoch(photos)
        assert train_metrics.count == 120

    def test_the_alarm_works(self):
        with no_waiting(), pytest.raises(RuntimeError, match="synchroniz"):
            torch.ones(3, device=GPU).sum().item()


class TestScaler:
    def test_float16_learns_what_float32_learns(self, exact):
        photos, runs = image_set(16, 0, 32), []
        for dtype in (torch.float32, torch.float16):
            trainer = make_trainer(GPU, dtype, lr=0.02, momentum=0.9, max_grad_norm=1.0)
            assert trainer.precision.scaler.is_enabled() == (dtype == torch.float16)
            for _ in range(20):
                logits = trainer.step(*photos.to(GPU)[:])
            runs.append(nn.functional.cross_entropy(logits, photos.labels.to(GPU)).item())
        assert runs[1] == pytest.approx(runs[0], abs=0.1)

    def test_an_infinite_gradient_skips_the_update(self):
        trainer = make_trainer(GPU, torch.float16, momentum=0.9)
        photos = image_set(16, 0, 32).to(GPU)
        for _ in range(4):  # the scale of the start may be too large for a step or two
            trainer.step(*photos[:])
        before = [p.detach().clone() for p in trainer.model.parameters()]
        scale = trainer.precision.scaler.get_scale()
        weight = trainer.model.classifier.weight
        handle = weight.register_hook(lambda gradient: gradient * torch.inf)
        trainer.step(*photos[:])
        handle.remove()
        pairs = zip(before, trainer.model.parameters(), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
        assert trainer.precision.scaler.get_scale() == scale / 2


class TestOutOfMemory:
    def test_a_batch_that_is_too_large_is_halved(self):
        """This process may use only so much memory that half of the batch fits, but not all."""
        images = torch.randint(0, 256, (64, 3, 256, 256), dtype=torch.uint8, device=GPU)
        labels = torch.arange(64, device=GPU) % 2
        trainer = make_trainer(GPU, torch.float32, models.build("five_conv", size=256, width=16))
        trainer.step(images[:2], labels[:2])
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
        idle = torch.cuda.memory_allocated()
        trainer.step(images, labels)
        need = torch.cuda.max_memory_allocated() - idle
        torch.cuda.empty_cache()
        total = torch.cuda.get_device_properties(GPU).total_memory
        reserved = torch.cuda.memory_reserved()
        try:
            torch.cuda.set_per_process_memory_fraction((reserved + 0.75 * need) / total)
            with pytest.warns(UserWarning, match=r"cuda is too small .* from (2|4) micro-batches"):
                logits = trainer.step(images, labels)
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                trainer.step(images, labels)
        finally:
            torch.cuda.set_per_process_memory_fraction(1.0)
            torch.cuda.empty_cache()
        assert (
            logits.shape == (64, 2) and logits.isfinite().all() and trainer.micro_batches in (2, 4)
        )

    def test_too_little_for_a_single_image_is_said(self):
        model = small().to(GPU)

        def full(module, inputs):
            torch.empty(2**50, dtype=torch.uint8, device=GPU)

        model.register_forward_pre_hook(full)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(CatdogError, match="The memory of cuda is too small for 1 images"):
                make_trainer(GPU, model=model).step(*image_set(4, 0).to(GPU)[:])


class TestRuns:
    RECIPE = Recipe(
        epochs=4,
        batch_size=16,
        optimizer="sgd",
        lr=0.05,
        momentum=0.9,
        ema_decay=0.9,
        schedule="one_cycle",
        augment=("flip_and_crop",),
    )

    def test_it_learns(self):
        model, pets = network(), splits()
        history = fit(model, pets, self.RECIPE, device="cuda", progress=False)
        assert history.device == "cuda" and evaluate(model, pets.test).accuracy > 0.9

    def test_an_interrupted_run_goes_on_as_if_nothing_had_happened(self, tmp_path, monkeypatch):
        """With dropout, drawn on the GPU. cuDNN's sums may differ in their last bits."""
        pets, epoch, calls = splits(), Trainer.train_epoch, []

        def network_with_dropout():
            model = network()
            model.classifier = nn.Sequential(nn.Dropout(0.5), model.classifier)
            return model

        def run(**settings):
            torch.manual_seed(7)
            model = network_with_dropout()
            history = fit(model, pets, self.RECIPE, device="cuda", progress=False, **settings)
            return model, history

        whole, history = run()

        def interrupted(*arguments):
            calls.append(1)
            if len(calls) == 3:
                raise KeyboardInterrupt
            return epoch(*arguments)

        monkeypatch.setattr(Trainer, "train_epoch", interrupted)
        _, part = run(checkpoint=tmp_path / "c.pt")
        assert part.interrupted and len(part.epochs) == 2
        monkeypatch.setattr(Trainer, "train_epoch", epoch)
        torch.manual_seed(99)
        again = network_with_dropout()
        resumed = fit(
            again, pets, self.RECIPE, device="cuda", progress=False, checkpoint=tmp_path / "c.pt"
        )
        assert [e.train_loss for e in resumed.epochs] == pytest.approx(
            [e.train_loss for e in history.epochs], abs=0.02
        )
        for a, b in zip(whole.parameters(), again.parameters(), strict=True):
            torch.testing.assert_close(a, b, atol=0.02, rtol=0.02)

    def test_a_loss_that_is_not_finite_is_found_when_the_epoch_ends(self):
        recipe = replace(self.RECIPE, lr=1e12, ema_decay=0.0, schedule="constant")
        model = network()
        before = {name: value.clone() for name, value in model.state_dict().items()}
        with pytest.raises(CatdogError, match=r"nan in epoch 1, batch \d+ of 8"):
            fit(model, splits(), recipe, device="cuda", progress=False)
        for name, value in model.state_dict().items():
            assert torch.equal(value.cpu(), before[name]), name


class TestTransfer:
    def test_features_are_those_of_the_cpu(self, exact, monkeypatch):
        backbone, some = models.backbone(), image_set(130, 0, 64)  # more than a batch
        with torch.no_grad():
            expected = backbone(some[:][0])
        for dtype, tolerance in ((torch.float32, 1e-4), (torch.bfloat16, 0.15)):
            monkeypatch.setattr(features, "fast_dtype", lambda device, dtype=dtype: dtype)
            found = features.features_of(backbone, some, cache=False, device="cuda", progress=False)
            assert found.device == CPU and found.dtype == torch.float32
            assert (found - expected).norm() < tolerance * expected.norm()

    def test_a_frozen_backbone_is_the_same_bit_for_bit_after_a_step(self):
        classifier = models.TransferClassifier("mnasnet0_5", pretrained=False)
        trainer = make_trainer(GPU, model=classifier, lr=0.1)
        before = {name: value.clone() for name, value in classifier.state_dict().items()}
        images, labels = image_set(16, 0, 64).to(GPU)[:]
        trainer.step(images, labels)
        changed = {n for n, value in classifier.state_dict().items() if not value.equal(before[n])}
        assert changed == {"head.weight", "head.bias"}


def test_the_bench_measures_a_gpu():
    from catdog_lib.bench import compare

    result = compare("sketches", ["champion"], device="cuda", report=lambda line: None)
    assert result.device == torch.cuda.get_device_name() and result.rows[0].ratio > 0
    assert re.search(r"champion +32 px", str(result))


@pytest.mark.parametrize("name", ["residual", "six_block"])
def test_explanations_are_those_of_the_cpu(name, exact):
    size = 64
    torch.manual_seed(0)
    model = models.build(name, size=size, width=4).eval()
    x, target = image_set(3, 0, size)[:][0], torch.tensor([0, 1, 1])
    there = explain.randomize_weights(model.to(GPU), seed=3)
    here = explain.randomize_weights(model.to(CPU), seed=3)
    for a, b in zip(there.parameters(), here.parameters(), strict=True):
        assert a.device.type == "cuda" and torch.equal(a.cpu(), b)
    for method in (explain.saliency, explain.smooth_grad, explain.occlusion, explain.grad_cam):
        heat, ours = method(here, x, target), method(there, x, target)
        assert ours.device == CPU, "heat comes back to where the images are"
        assert torch.allclose(heat, ours, atol=1e-3 * heat.abs().max().item())
        assert method(there, x.to(GPU), target.to(GPU)).device.type == "cuda"
    heat = explain.saliency(here, x, target)
    curves = [explain.deletion_curve(net, x, heat, target) for net in (here, there)]
    assert torch.allclose(*curves, atol=1e-4)
    parts = torch.ones(3, size, size, dtype=torch.uint8, device=GPU)
    assert explain.heat_by_part(heat.to(GPU), parts)[:, 1].tolist() == [1, 1, 1]
    layer, data = inspect.last_feature_maps(there), image_set(40, 1, size)
    found = [inspect.top_activations(net, data, layer, 0, count=1)[0] for net in (here, there)]
    assert found[0].value == pytest.approx(found[1].value, rel=1e-3)
    rows = [inspect.activation_statistics(net, data)[1] for net in (here, there)]
    assert rows[0].std == pytest.approx(rows[1].std, rel=1e-3)
