"""The networks are those of the sources, and accept the images that they promise to accept."""

import pytest
import torch
from torchinfo import summary

from catdog_lib import models
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.shape_table import shape_table

# From the sources: 2,668,418 tied and 9,750,914 untied parameters,
# 13.62 G multiply-adds (torchinfo's count) at 224 pixels.
SOURCES = [
    (models.SixBlockCNN(tied=True), 224, 2_668_418, 13.62),
    (models.SixBlockCNN(tied=False), 224, 9_750_914, 13.62),
    (models.FiveConvCNN(), 256, 2_205_602, 0.26),
]
# tests/models/test_transfer.py covers "transfer".
OWN = [name for name in models.MODELS if name != "transfer"]


@pytest.mark.parametrize(("model", "size", "parameters", "giga"), SOURCES)
def test_parameters_and_multiply_adds_by_three_counts(model, size, parameters, giga):
    assert models.count_parameters(model) == parameters
    info = summary(model, (1, 3, size, size), verbose=0)
    assert info.total_params == parameters
    assert round(info.total_mult_adds / 1e9, 2) == giga
    uses = shape_table(model, torch.zeros(1, 3, size, size))
    assert sum(use.parameters for use in uses) == parameters
    counted = sum(use.multiply_adds for use in uses) / 1e9
    assert counted == pytest.approx(giga, abs=0.011)  # torchinfo adds the biases


def test_six_block_shapes_are_the_sources_table():
    uses = shape_table(models.SixBlockCNN(), torch.zeros(1, 3, 224, 224))
    pooled = [use.shape_out for use in uses if use.kind == "MaxPool2d"]
    assert pooled == [
        (64, 112, 112),
        (512, 56, 56),
        (512, 28, 28),
        (512, 14, 14),
        (512, 7, 7),
        (512, 3, 3),
    ]
    assert [use.shape_out for use in uses if use.kind in ("Flatten", "Linear")] == [(4608,), (2,)]


def test_five_conv_has_the_sources_layers():
    kinds = [use.kind for use in shape_table(models.FiveConvCNN(), torch.zeros(1, 3, 256, 256))]
    count = {kind: kinds.count(kind) for kind in set(kinds)}
    assert [count[kind] for kind in ("Conv2d", "BatchNorm2d", "ReLU", "MaxPool2d")] == [5, 5, 5, 4]
    assert (count["Linear"], count["Tanh"]) == (4, 3)


def test_tied_blocks_are_one_block():
    tied, untied = models.SixBlockCNN(64, 8, tied=True), models.SixBlockCNN(64, 8, tied=False)
    assert (len(tied.deep), len(untied.deep)) == (1, 4)
    for block in untied.deep:  # untied with equal weights computes what tied does
        block.load_state_dict(tied.deep[0].state_dict())
    for name in ("block1", "block2", "classifier"):
        getattr(untied, name).load_state_dict(getattr(tied, name).state_dict())
    images = torch.rand(2, 3, 64, 64)
    assert torch.allclose(tied.eval()(images), untied.eval()(images), atol=1e-6)


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("size", [64, 65, 96, 130])
def test_any_size_from_64_and_any_width(name, size):
    images = torch.randint(0, 256, (2, 3, size, size), dtype=torch.uint8)
    logits = models.build(name, size=size, width=3)(images)
    assert logits.shape == (2, 2) and logits.dtype == torch.float32


@pytest.mark.parametrize("name", OWN)
def test_bytes_and_floats_give_the_same_logits(name):
    model = models.build(name, size=64, width=4).eval()
    images = torch.randint(0, 256, (3, 3, 64, 64), dtype=torch.uint8)
    assert torch.allclose(model(images), model(images.float() / 255), atol=1e-6)


def test_normalize_brings_imagenets_mean_to_zero():
    image = torch.tensor(models.layers.IMAGENET_MEAN).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    assert models.Normalize()(image).abs().max() < 1e-6
    one_up = image + torch.tensor(models.layers.IMAGENET_STD).view(1, 3, 1, 1)
    assert torch.allclose(models.Normalize()(one_up), torch.ones(1, 3, 4, 4))


@pytest.mark.parametrize(
    ("name", "smallest"), [("six_block", 64), ("five_conv", 64), ("residual", 16)]
)
def test_settings_that_cannot_work_say_why(name, smallest):
    models.build(name, size=smallest, width=2)
    with pytest.raises(CatdogError, match=f"size={smallest}"):
        models.build(name, size=smallest - 1)
    with pytest.raises(CatdogError, match="width"):
        models.build(name, size=64, width=0)


class TestResidual:
    def test_its_size_and_its_maps(self):
        model = models.ResidualCNN()
        assert models.count_parameters(model) == 1_209_026
        sizes = []
        for part in (model.stem, *model.stages):
            part.register_forward_hook(lambda _, __, maps: sizes.append(tuple(maps.shape[1:])))
        model(torch.rand(1, 3, 64, 64))
        assert sizes == [(32, 32, 32), (64, 16, 16), (128, 8, 8), (256, 4, 4)]

    def test_one_network_takes_images_of_any_size(self):
        model = models.ResidualCNN(width=2).eval()
        for size in (16, 40, 65, 96):
            assert model(torch.rand(1, 3, size, size)).isfinite().all()

    def test_a_block_is_its_convolutions_plus_its_shortcut_and_starts_as_the_shortcut(self):
        block = models.residual.ResidualBlock(3, 5).train()
        maps = torch.randn(4, 3, 9, 9)
        pooled = torch.nn.functional.max_pool2d(maps, 2, ceil_mode=True)
        assert torch.allclose(block(maps), block.shortcut(pooled).relu(), atol=1e-6)
        torch.nn.init.uniform_(block.convolutions[-1].weight)
        block.eval()
        expected = (block.convolutions(pooled) + block.shortcut(pooled)).relu()
        assert torch.allclose(block(maps), expected, atol=1e-6)
        assert not torch.allclose(expected, block.shortcut(pooled).relu(), atol=1e-2)


def test_a_setting_that_a_model_does_not_have_is_refused():
    with pytest.raises(CatdogError, match="transfer has no setting 'width'; it has backbone, head"):
        models.build("transfer", width=8)


def test_an_unknown_model_is_told_which_there_are():
    with pytest.raises(CatdogError, match="six_block, five_conv"):
        models.build("resnet")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.bfloat16])
def test_images_of_any_float_type_are_normalized_in_the_type_of_the_mean(dtype):
    images = torch.rand(2, 3, 4, 4).to(dtype)
    normalized = models.Normalize()(images)
    assert normalized.dtype == torch.float32
    assert torch.equal(normalized, models.Normalize()(images.float()))
    assert models.Normalize().double()(images).dtype == torch.float64
    in_integers = models.Normalize((0, 0, 0), (1, 1, 1))(images)
    assert torch.equal(in_integers, models.Normalize((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))(images))
    assert in_integers.dtype == torch.float32


def test_integers_that_are_not_bytes_are_not_taken_for_fractions():
    with pytest.raises(CatdogError, match=r"images is torch\.int64; give uint8, or float in"):
        models.Normalize()(torch.full((1, 3, 2, 2), 200))
