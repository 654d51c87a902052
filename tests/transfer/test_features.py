"""Features: extracted fast, equal to the backbone's, cached under the right key; and heads."""

from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib.data.image_set import ImageSet
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.hooks import named_calls
from catdog_lib.models import TransferClassifier, backbone
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer
from catdog_lib.transfer import features as extraction
from catdog_lib.transfer import inference
from catdog_lib.transfer.features import features_of
from catdog_lib.transfer.inference import fold, optimize_for_inference
from catdog_lib.transfer.linear_probe import fit_head, linear_probe

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("CATDOG_CACHE", str(tmp_path))


@pytest.fixture(scope="module")
def lite():
    return backbone()


def image_set(count=5, size=64, seed=0) -> ImageSet:
    generator = torch.Generator().manual_seed(seed)
    store = torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=generator)
    rows = torch.arange(count)
    return ImageSet(store, rows, rows % 2, tuple(map(str, range(count))))


def shaken(name: str):
    """A backbone whose BatchNorm statistics and scales are not those of the start."""
    torch.manual_seed(0)
    network = backbone(name, pretrained=False)
    for layer in network.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.1)
            layer.running_var.uniform_(0.5, 2)
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, 0, 0.1)
    return network


class TestFastCopy:
    @pytest.mark.parametrize("size", [64, 75, 97])
    def test_it_gives_the_features_of_the_offline_default(self, lite, size):
        images = image_set(size=size)[:][0]
        with torch.no_grad():
            fast = optimize_for_inference(lite, size, CPU, torch.float32)
            assert torch.allclose(fast(images), lite(images), atol=1e-4)

    @pytest.mark.parametrize(
        ("name", "norms"),
        [
            ("resnet18", 0),
            ("vgg11_bn", 0),
            ("googlenet", 0),
            ("mobilenet_v2", 0),
            ("squeezenet1_1", 0),
            ("shufflenet_v2_x0_5", 0),
            ("densenet121", 62),
        ],
    )
    def test_it_gives_the_features_of_every_kind_of_network(self, name, norms):
        """DenseNet's BatchNorm stands before its convolutions, and half of it cannot be folded."""
        network, images = shaken(name), image_set(2, 64)[:][0]
        with torch.no_grad():
            fast = optimize_for_inference(network, 64, CPU, torch.float32)
            found, expected = fast(images), network(images)
        assert torch.allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.abs().max())
        assert sum(isinstance(layer, nn.BatchNorm2d) for layer in fast.modules()) == norms

    @pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
    def test_each_stage_computes_as_many_images_at_once_as_a_cache_holds(
        self, lite, monkeypatch, dtype
    ):
        largest = 32 * 32 * 96  # of stage1, the expanded maps of 64 pixels; of stage6, 1152·2²
        monkeypatch.setattr(inference, "CACHE", 3 * largest * dtype.itemsize)
        fast = optimize_for_inference(lite, 64, CPU, dtype)
        images, given = image_set(8)[:][0], {}

        def note(stage, inputs):
            given.setdefault(stage, []).append(len(inputs[0]))

        for stage in dict(fast[1].stages.named_children()).values():
            stage.register_forward_pre_hook(note)
        with torch.no_grad():
            found = fast(images)
            assert list(given.values())[1] == [3, 3, 2] and list(given.values())[-2] == [8]
            monkeypatch.setattr(inference, "CACHE", 1)  # not even one map fits
            one_by_one = optimize_for_inference(lite, 64, CPU, dtype)
            assert set(one_by_one[1].counts.values()) == {1}
            expected = one_by_one(images)
        assert torch.allclose(found, expected, rtol=0.02, atol=0.02 * expected.abs().max())

    def test_the_original_stays_as_it_was(self, lite):
        before = {key: value.clone() for key, value in lite.state_dict().items()}
        optimize_for_inference(lite, 64, CPU, torch.bfloat16)
        for key, value in lite.state_dict().items():
            assert torch.equal(value, before[key])
        assert all(parameter.requires_grad for parameter in lite.parameters())

    def test_bfloat16_is_near(self, lite):
        images = image_set()[:][0]
        with torch.no_grad():
            expected = lite(images)
            found = optimize_for_inference(lite, 64, CPU, torch.bfloat16)(images).float()
        assert (found - expected).norm() < 0.15 * expected.norm()

    def test_what_is_used_twice_or_follows_something_else_is_not_folded(self):
        class Odd(nn.Module):
            def __init__(self):
                super().__init__()
                self.first, self.twice = nn.Conv2d(3, 3, 3), nn.Conv2d(3, 3, 3)
                self.norm, self.late = nn.BatchNorm2d(3), nn.BatchNorm2d(3)
                self.relu = nn.ReLU(inplace=True)

            def forward(self, maps):
                maps = self.late(self.relu(self.first(maps)))  # an activation between
                return self.norm(self.twice(self.twice(maps)))

        torch.manual_seed(0)
        network = Odd()
        images = torch.rand(4, 3, 12, 12)
        network(images)
        network.eval()
        with torch.no_grad():
            expected = network(images)
            fold(network, named_calls(network, images))
            assert torch.allclose(network(images), expected, atol=1e-5)
        assert isinstance(network.late, nn.BatchNorm2d) and isinstance(network.norm, nn.BatchNorm2d)


class TestFeaturesOf:
    def test_rows_are_in_the_order_of_the_set_in_whatever_batches(self, lite, monkeypatch):
        monkeypatch.setattr(extraction, "fast_dtype", lambda device: torch.float32)
        some = image_set(7).subset(torch.tensor([6, 0, 3, 3, 1]))
        with torch.no_grad():
            expected = lite(some[:][0])
        for count in (1, 2, 128):
            monkeypatch.setattr(extraction, "prediction_batch", lambda device, size, n=count: n)
            found = features_of(lite, some, cache=False, device="cpu", progress=False)
            assert found.dtype == torch.float32 and found.shape == (5, 1280)
            assert torch.allclose(found, expected, atol=1e-4)

    def test_the_second_time_it_is_read_and_not_computed(self, lite, monkeypatch):
        first = features_of(lite, image_set(), device="cpu", progress=False)

        def never(*_):
            raise AssertionError("computed again")

        monkeypatch.setattr(extraction, "optimize_for_inference", never)
        again = features_of(lite, image_set(), device="cpu", progress=False)
        assert torch.equal(first, again)
        again.zero_()  # what the caller does with them changes nothing on disk
        assert torch.equal(first, features_of(lite, image_set(), device="cpu", progress=False))

    def test_other_pixels_order_size_weights_or_format_are_not_taken_for_these(
        self, lite, monkeypatch
    ):
        computed = []

        def spy(*args):
            computed.append(args)
            return optimize_for_inference(*args)

        monkeypatch.setattr(extraction, "optimize_for_inference", spy)

        def ask(network, some):
            before = len(computed)
            features_of(network, some, device="cpu", progress=False)
            return len(computed) > before

        base = image_set()
        assert ask(lite, base)
        pixel = base.store.clone()
        pixel[3, 1, 5, 5] ^= 1
        assert ask(lite, replace(base, store=pixel))
        assert ask(lite, base.subset(torch.tensor([1, 0, 2, 3, 4])))
        assert ask(lite, base.subset(torch.arange(4)))
        assert ask(lite, image_set(size=65))
        torch.manual_seed(0)
        assert ask(backbone(pretrained=False), base)
        other = torch.float32 if computed[0][3] == torch.bfloat16 else torch.bfloat16
        monkeypatch.setattr(extraction, "fast_dtype", lambda device: other)
        assert ask(lite, base)
        assert not ask(lite, base)

    def test_the_head_that_was_cut_off_plays_no_part(self, lite, monkeypatch):
        """A TransferClassifier has the features of the one it was made from; names differ."""
        with_head = features_of(lite, image_set(), device="cpu", progress=False)
        without = features_of(
            TransferClassifier().backbone, image_set(), device="cpu", progress=False
        )
        assert torch.equal(with_head, without)

    def test_without_cache_nothing_is_written(self, lite, tmp_path):
        features_of(lite, image_set(2), cache=False, device="cpu", progress=False)
        assert not list(tmp_path.iterdir())

    def test_an_unknown_device_is_refused(self, lite):
        with pytest.raises(CatdogError, match="no device 'tpu'"):
            features_of(lite, image_set(2), device="tpu")


def clouds(count: int, seed: int, features: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    labels = torch.arange(count) % 2
    x = torch.randn(count, features, generator=generator) * torch.tensor([1, 1, 1, 1, 1, 0.01])
    return 3 + x + labels[:, None] * torch.tensor([1.0, 0.5, 0, 0, 0, 0]), labels


class TestLinearProbe:
    @pytest.mark.parametrize("decay", [1e-4, 1e-2, 1.0])
    def test_it_stands_at_the_minimum_that_it_promises(self, decay):
        x, y = clouds(60, 0)
        head = linear_probe(x, y, weight_decay=decay)
        mean, spread = x.double().mean(0), x.double().var(0, correction=0).mean().sqrt()
        weight = (head.weight.detach().double() * spread).requires_grad_()
        bias = head.bias.detach().double() + head.weight.detach().double() @ mean
        bias = bias.requires_grad_()
        loss = F.cross_entropy(F.linear((x.double() - mean) / spread, weight, bias), y)
        (loss + decay / 2 * weight.square().sum()).backward()
        assert weight.grad.abs().max() < 1e-5 and bias.grad.abs().max() < 1e-5

    def test_the_same_features_give_the_same_layer(self):
        x, y = clouds(40, 2)
        torch.manual_seed(1)
        first = linear_probe(x, y)
        torch.manual_seed(2)
        assert torch.equal(first.weight, linear_probe(x, y).weight)

    def test_a_constant_feature_and_images_that_are_all_alike_do_no_harm(self):
        x, y = clouds(40, 3)
        x[:, 2] = 7
        head = linear_probe(x, y)
        assert head.weight[:, 2].abs().max() < 1e-6
        assert linear_probe(torch.ones(4, 3), y[:4])(torch.ones(1, 3)).isfinite().all()

    def test_no_decay_is_refused(self):
        with pytest.raises(CatdogError, match="weight_decay is 0"):
            linear_probe(*clouds(4, 0), weight_decay=0)

    def test_it_fits_a_classifier(self):
        classifier = TransferClassifier(pretrained=False)
        x, y = clouds(20, 4, 6)
        probe = linear_probe(x.repeat(1, 214)[:, :1280], y)
        classifier.head.load_state_dict(probe.state_dict())


class TestFitHead:
    def test_a_head_with_hidden_layers_learns_what_a_single_layer_cannot(self):
        generator = torch.Generator().manual_seed(0)
        x = torch.randn(400, 2, generator=generator)
        y = (x[:, 0] * x[:, 1] > 0).long()  # no line parts these
        recipe = Recipe(epochs=40, batch_size=50, lr=1e-2, seed=1)
        deep, flat = fit_head(x, y, (16, 8), recipe), fit_head(x, y, (), recipe)
        hits = [(head(x).argmax(1) == y).float().mean().item() for head in (deep, flat)]
        assert hits[0] > 0.9 and hits[1] < 0.7
        assert not deep.training

    def test_the_seed_decides(self):
        x, y = clouds(40, 5)
        heads = [fit_head(x, y, (4,), Recipe(epochs=2, seed=seed)) for seed in (0, 0, 1)]
        assert torch.equal(heads[0][0].weight, heads[1][0].weight)
        assert not torch.equal(heads[0][0].weight, heads[2][0].weight)

    def test_a_single_feature_left_over_joins_the_batch_before_as_in_fit(self, monkeypatch):
        sizes, step = [], Trainer.step

        def noted(trainer, x, y):
            sizes.append(len(y))
            return step(trainer, x, y)

        monkeypatch.setattr(Trainer, "step", noted)
        fit_head(*clouds(101, 0), (4,), Recipe(epochs=1, batch_size=100))
        assert sizes == [101]

    def test_the_moving_average_is_what_is_returned(self):
        recipe = Recipe(epochs=3, batch_size=20, lr=0.1)
        heads = [
            fit_head(*clouds(60, 0), (), replace(recipe, ema_decay=decay)) for decay in (0, 0.9)
        ]
        assert not torch.equal(*(next(head.parameters()) for head in heads))

    def test_augmentation_is_refused(self):
        with pytest.raises(CatdogError, match="augment"):
            fit_head(*clouds(4, 0), (), Recipe(augment=("flip_and_crop",)))


def test_a_probe_draws_no_random_numbers():
    features, labels = torch.randn(20, 3), torch.arange(20) % 2
    before = torch.get_rng_state()
    linear_probe(features, labels)
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("solve", [linear_probe, fit_head])
@pytest.mark.parametrize(
    ("labels", "says"),
    [
        ([0, 1, 0, 5], "labels holds the class 5, which is outside 0 to 1"),
        ([0, 1, 0, -1], "labels holds the class -1"),
        ([0, 1, 0, -100], "labels holds the class -100"),  # PyTorch's cross-entropy leaves it out
        ([0, 1, 0], "one class for each of the 4 images"),
    ],
)
def test_labels_that_are_no_classes_are_one_sentence(solve, labels, says):
    with pytest.raises(CatdogError, match=says):
        solve(torch.randn(4, 3), torch.tensor(labels))
