"""The shape table counts as PyTorch, torchinfo and the published figures do."""

import pytest
import torch
import torchinfo
import torchvision
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from catdog_lib import models
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.shape_table import shape_table


class Odd(nn.Module):
    """All that is unusual: groups, dilation, shared and tied layers, keywords, own parameters."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(8, 1, 1))
        self.first = nn.Conv2d(3, 8, (3, 5), stride=(2, 1), padding=(1, 2), dilation=(2, 1))
        self.shared = nn.Conv2d(8, 8, 3, padding=1, groups=4, bias=False)
        self.tied = nn.Conv2d(8, 8, 3, padding=1, groups=4, bias=False)
        self.tied.weight = self.shared.weight
        self.up = nn.ConvTranspose2d(8, 12, 3, stride=2, padding=1, output_padding=1, groups=2)
        self.pool = nn.AdaptiveAvgPool2d(3)
        self.each = nn.Linear(3, 7)
        self.never = nn.Linear(5, 5)

    def forward(self, x):
        x = self.first(input=x) * self.scale
        x = x + self.tied(self.shared(self.shared(x)))
        return self.each(self.pool(self.up(x)))


def small_nets():
    yield Odd(), (2, 3, 20, 18)
    yield nn.Conv2d(4, 6, 3), (1, 4, 9, 9)
    yield (
        nn.Sequential(
            nn.Conv2d(3, 9, 1),
            nn.BatchNorm2d(9),
            nn.ReLU(),
            nn.Conv2d(9, 9, 5, groups=9, padding="same"),
            nn.MaxPool2d(3, 2, ceil_mode=True),
            nn.AdaptiveMaxPool2d((2, 3)),
            nn.Flatten(),
            nn.Linear(54, 2),
        ),
        (3, 3, 12, 12),
    )
    yield (
        nn.Sequential(nn.ConvTranspose2d(3, 5, 4, 3, dilation=2), nn.Conv2d(5, 2, 3)),
        (1, 3, 6, 7),
    )


@pytest.mark.parametrize(("model", "shape"), list(small_nets()))
def test_multiply_adds_are_those_that_pytorch_itself_counts(model, shape):
    with FlopCounterMode(display=False) as counter:
        model(torch.zeros(shape))
    uses = shape_table(model, torch.zeros(shape))
    # It counts a multiplication and its addition as two operations, and the whole batch.
    assert 2 * shape[0] * sum(use.multiply_adds for use in uses) == counter.get_total_flops()
    assert all(type(use.multiply_adds) is int for use in uses)  # 16.0 would print as "16.0"


def test_parameters_count_once_and_only_where_they_are_used():
    model = Odd()
    uses = shape_table(model, torch.zeros(2, 3, 20, 18))
    counts = {use.name: use.parameters for use in uses}
    assert [use.name for use in uses] == [
        "first",
        "shared",
        "shared",
        "tied",
        "up",
        "pool",
        "each",
        "",
    ]
    assert [use.parameters for use in uses][1:4] == [8 * 2 * 9, 0, 0]
    assert counts[""] == 8  # the model's own parameter
    unused = sum(p.numel() for p in model.never.parameters())
    assert sum(use.parameters for use in uses) == models.count_parameters(model) - unused


def test_the_table_agrees_with_torchinfo_layer_by_layer():
    """Torchinfo adds the bias to each output value; with one image its linear layers are equal."""
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, dilation=2),
        nn.ReLU(),
        nn.Conv2d(8, 12, 3, groups=4, bias=False),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(48, 5, bias=False),
        nn.Linear(5, 2),
    )
    info = torchinfo.summary(model, (1, 3, 30, 30), verbose=0)
    uses = shape_table(model, torch.zeros(1, 3, 30, 30))
    theirs = [layer for layer in info.summary_list if layer.is_leaf_layer]
    assert len(theirs) == len(uses) == 7
    for use, layer in zip(uses, theirs, strict=True):
        assert use.kind == layer.class_name
        assert use.shape_out == tuple(layer.output_size[1:])
        assert use.parameters == max(layer.num_params, 0)
        bias = getattr(layer.module, "bias", None)
        added = 0 if bias is None else torch.Size(use.shape_out).numel()
        assert use.multiply_adds + added == layer.macs


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Dropout())
    model[1].eval()  # as a frozen BatchNorm in transfer learning
    before = {k: v.clone() for k, v in model.state_dict().items()}
    shape_table(model, torch.rand(2, 3, 8, 8))
    assert [module.training for module in model.modules()] == [True, True, False, True]
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert not any(module._forward_hooks for module in model.modules())


def test_a_layer_without_a_tensor_is_named():
    class Word(nn.Module):
        def forward(self, x):
            return "cat"

    with pytest.raises(CatdogError, match="'1' takes or gives a str"):
        shape_table(nn.Sequential(nn.ReLU(), Word()), torch.zeros(1, 3, 4, 4))


class Gives(nn.Module):
    """A layer that gives what a function makes of its input."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def test_of_several_outputs_the_first_tensor_has_the_shape():
    several = Gives(lambda x: ([x.mean((2, 3)), x], x[:, :1]))
    (use,) = shape_table(several, torch.zeros(1, 3, 4, 5))
    assert (use.shape_in, use.shape_out) == ((3, 4, 5), (3,))
    with pytest.raises(CatdogError, match="gives a tuple where"):
        shape_table(Gives(lambda x: ()), torch.zeros(1, 3, 4, 5))


def test_one_image_is_run_whatever_the_batch():
    seen = []
    shape_table(Gives(lambda x: seen.append(len(x)) or x), torch.zeros(5, 3, 4, 4))
    assert seen == [1]


# Parameters and 10⁹ multiply-adds, as torchvision publishes them with its weights.
PUBLISHED = {
    "AlexNet": (61_100_840, 0.714),
    "VGG16": (138_357_544, 15.47),
    "ResNet18": (11_689_512, 1.814),
    "ResNet50": (25_557_032, 4.089),
    "SqueezeNet1_1": (1_235_496, 0.349),
    "DenseNet121": (7_978_856, 2.834),
    "GoogLeNet": (6_624_904, 1.498),
    "ShuffleNet_V2_X1_0": (2_278_604, 0.145),
    "MobileNet_V2": (3_504_872, 0.301),
    "ResNeXt50_32X4D": (25_028_904, 4.23),
    "MNASNet1_0": (4_383_312, 0.314),
    "EfficientNet_B0": (5_288_548, 0.386),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_well_known_networks_have_their_published_figures(name):
    parameters, giga = PUBLISHED[name]
    meta = getattr(torchvision.models, f"{name}_Weights").IMAGENET1K_V1.meta
    assert (meta["num_params"], meta["_ops"]) == (parameters, giga)
    settings = {"init_weights": False} if name == "GoogLeNet" else {}
    with torch.device("meta"):  # shapes without numbers: no memory, no time
        model = torchvision.models.get_model(name, weights=None, **settings)
        uses = shape_table(model, torch.zeros(1, 3, 224, 224))
    assert sum(use.parameters for use in uses) == parameters
    # torchvision rounds to three places
    assert sum(use.multiply_adds for use in uses) / 1e9 == pytest.approx(giga, abs=0.0006)
