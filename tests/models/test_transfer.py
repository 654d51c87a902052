"""Freezing, the transfer classifier and its learning rates, with random weights."""

import copy
import gc
import pickle
import weakref
from dataclasses import replace

import pytest
import torch
from torch import nn

from catdog_lib import models
from catdog_lib.errors import CatdogError
from catdog_lib.models import TransferClassifier, freeze, unfreeze
from catdog_lib.models.backbones import efficientnet_lite
from catdog_lib.runs import run_folder as runs
from catdog_lib.training.fit import fit
from catdog_lib.training.optimizers import make_optimizer
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from tests import tiny
from tests.models.members import MEMBERS


class TestFrozenBackbone:
    @pytest.mark.parametrize("name", MEMBERS)
    def test_a_frozen_backbone_is_the_same_bit_for_bit_after_a_step_and_the_head_is_not(self, name):
        size = MEMBERS[name]
        torch.manual_seed(0)
        classifier = TransferClassifier(name, pretrained=False)
        before = copy.deepcopy(classifier.state_dict())
        recipe = Recipe(lr=0.1, optimizer="SGD", precision="float32")
        training = Trainer(classifier, recipe, None, torch.device("cpu"), 1)
        classifier.train()
        pictures = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)
        logits = training.step(pictures, torch.tensor([0, 1]))
        assert logits.shape == (2, 2)
        after = classifier.state_dict()
        changed = {key for key in before if not torch.equal(before[key], after[key])}
        assert changed == {key for key in before if key.startswith("head.")}


def with_norm() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5)),
        nn.Sequential(nn.Flatten(), nn.Linear(144, 2)),
    )


class TestFreezing:
    def test_train_leaves_a_frozen_part_in_evaluation_mode(self):
        model = with_norm()
        assert freeze(model[0]) is model[0]
        model.train()
        assert not any(part.training for part in model[0].modules())
        assert model[1][1].training
        assert not any(p.requires_grad for p in model[0].parameters())

    def test_the_trap_moves_the_statistics_and_freezing_does_not(self):
        images = torch.rand(8, 3, 8, 8) + 5
        for statistics in (True, False):
            model = with_norm()
            freeze(model[0], statistics=statistics)
            model.train()
            model(images)
            moved = model[0][1].running_mean.abs().sum() > 0
            assert moved == (not statistics)

    def test_the_trap_after_freezing_is_a_trap_again(self):
        model = freeze(with_norm()[0])
        freeze(model, statistics=False).train()
        assert model[1].training

    def test_a_copy_is_frozen_by_itself(self):
        model = with_norm()
        freeze(model[0])
        other = copy.deepcopy(model)
        unfreeze(model[0])
        other.train()
        model.train()
        assert not other[0][1].training and model[0][1].training

    def test_a_part_of_what_is_frozen_can_be_unfrozen(self):
        model = freeze(with_norm())
        unfreeze(model[1])
        model.train()
        assert model[1][1].training and not model[0][1].training
        assert model[1][1].weight.requires_grad and not model[0][0].weight.requires_grad

    def test_it_leaves_the_memory_with_its_last_name(self):
        model = freeze(with_norm())
        alive = weakref.ref(model)
        gc.disable()  # which would find it, some time later
        try:
            del model
            assert alive() is None
        finally:
            gc.enable()

    def test_a_pickled_copy_is_frozen_by_itself(self):
        model = freeze(with_norm())
        other = pickle.loads(pickle.dumps(model))
        unfreeze(model).train()
        assert not any(layer.training for layer in other.train().modules())
        assert all(layer.training for layer in model.modules())

    def test_unfrozen_it_is_as_if_it_had_never_been_frozen(self):
        model = unfreeze(freeze(with_norm()))
        assert not model[0][1].training  # nobody has asked for training yet
        model.train()
        assert all(p.requires_grad for p in model.parameters()) and model[0][1].training
        model.eval()
        assert not model[0][1].training


class TestTransferClassifier:
    def test_the_sources_head(self):
        with torch.device("meta"):
            classifier = TransferClassifier("resnet50", head=(270, 90), pretrained=False)
        sizes = [m.weight.shape[::-1] for m in classifier.head if isinstance(m, nn.Linear)]
        assert sizes == [(2048, 270), (270, 90), (90, 2)]
        assert (
            models.count_parameters(classifier)
            == 577_802
            == sum(a * b + b for a, b in [(2048, 270), (270, 90), (90, 2)])
        )

    def test_gradual_unfreezing_goes_from_the_head_down(self):
        classifier = TransferClassifier("mnasnet0_5", pretrained=False)
        count = len(classifier.backbone.stages)
        trainable = []
        for stage in range(count, -1, -1):
            classifier.freeze_up_to(stage)
            classifier.train()
            for number, (_, layers) in enumerate(classifier.stages):
                norms = [m for m in layers.modules() if isinstance(m, nn.BatchNorm2d)]
                assert all(norm.training == (number >= stage) for norm in norms)
            trainable.append(models.count_parameters(classifier))
        assert trainable == sorted(trainable) and trainable[0] == 2 * 1280 + 2
        assert trainable[-1] == sum(p.numel() for p in classifier.parameters())
        for wrong in (-1, count + 1):
            with pytest.raises(CatdogError, match=f"use 0 to {count}"):
                classifier.freeze_up_to(wrong)

    def test_a_head_without_units_is_refused(self):
        with pytest.raises(CatdogError, match=r"\(270, 90\)"):
            TransferClassifier(head=(0,), pretrained=False)

    def test_asked_for_imagenets_classes_it_says_that_they_were_cut_off(self):
        classifier = TransferClassifier("squeezenet1_1", pretrained=False)
        with pytest.raises(CatdogError, match="was cut off"):
            classifier.backbone.imagenet(torch.rand(1, 3, 64, 64))

    def test_a_run_is_read_back_without_the_imagenet_weights(self, tmp_path, monkeypatch):
        torch.manual_seed(0)
        classifier = TransferClassifier(head=(3,), frozen=7)
        larger = replace_size(tiny.splits(), 32)
        history = fit(classifier, larger, Recipe(epochs=1), device="cpu", progress=False)
        config = {"model": "transfer", "settings": classifier.settings}
        config["data"] = {"source": "sketches", "size": 64, "resize": "squash"}
        config["recipe"] = {"epochs": 1}
        with runs.RunFolder(tmp_path / "run") as folder:
            folder.begin(config)
            (tmp_path / "run" / "checkpoint.pt").write_bytes(b"")
            folder.finish(runs.Run(classifier, {**config, "result": {}}, history), b"")

        def never():
            raise AssertionError("the weights of ImageNet were read")

        monkeypatch.setattr(efficientnet_lite, "imagenet_state_dict", never)
        loaded = runs.load_run(tmp_path / "run").model
        assert loaded.settings["head"] == [3] and loaded.settings["frozen"] == 7
        images = torch.rand(2, 3, 64, 64)
        with torch.no_grad():
            assert torch.allclose(loaded(images), classifier(images), atol=1e-6)


def replace_size(splits, size):
    """Return the tiny images, made larger, and few."""

    def larger(images):
        store = images.store.repeat_interleave(size // 8, 2).repeat_interleave(size // 8, 3)
        return replace(images, store=store).subset(torch.arange(8))

    return replace(
        splits,
        train=larger(splits.train),
        validation=larger(splits.validation),
        test=larger(splits.test),
    )


class TestLowerRates:
    def test_each_stage_has_a_fraction_of_the_learning_rate_above_it(self):
        classifier = TransferClassifier("mnasnet0_5", pretrained=False, frozen=0)
        optimizer = make_optimizer("SGD", classifier, 0.8, weight_decay=0.1, lr_decay=0.5)
        rates = {p: group["lr"] for group in optimizer.param_groups for p in group["params"]}
        decay = {
            p: group["weight_decay"] for group in optimizer.param_groups for p in group["params"]
        }
        assert len(rates) == len(list(classifier.parameters()))
        for depth, (_, layers) in enumerate(reversed(classifier.stages)):
            for parameter in layers.parameters():
                assert rates[parameter] == pytest.approx(0.8 * 0.5**depth)
                assert decay[parameter] == (0.1 if parameter.ndim > 1 else 0)
        assert optimizer.param_groups[0]["lr"] == 0.8  # what the history notes is the head's

    @pytest.mark.parametrize("name", ["Adam", "AdamW", "muon"])
    def test_frozen_stages_and_other_optimizers(self, name):
        classifier = TransferClassifier("mnasnet0_5", pretrained=False, frozen=6)
        recipe = Recipe(optimizer=name, lr=1e-3, lr_decay=0.5, precision="float32")
        training = Trainer(classifier, recipe, None, torch.device("cpu"), 10)
        classifier.train()
        before = copy.deepcopy(classifier.state_dict())
        training.step(torch.rand(4, 3, 64, 64), torch.tensor([0, 1, 0, 1]))
        after = classifier.state_dict()
        names = {key for key in before if not torch.equal(before[key], after[key])}
        assert names and all(key.startswith(("head", "backbone.body.stage7")) for key in names)

    def test_a_network_without_stages_says_so(self):
        with pytest.raises(CatdogError, match=r"lr_decay is 0.5.*Sequential.*leave it at 1"):
            make_optimizer("Adam", tiny.small(), 1e-3, lr_decay=0.5)

    @pytest.mark.parametrize("wrong", [0, 1.5, -1])
    def test_a_recipe_refuses_other_shares(self, wrong):
        with pytest.raises(CatdogError, match="lr_decay"):
            Recipe(lr_decay=wrong)
