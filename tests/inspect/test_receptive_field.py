"""Receptive fields by formula are those of the published tables."""

import math

import pytest
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

from catdog_lib import inspect
from catdog_lib.errors import CatdogError
from catdog_lib.inspect.effective_field import (
    effective_receptive_field,
    receptive_field_by_gradient,
)
from catdog_lib.inspect.receptive_field import Box, receptive_field
from tests.inspect.examples import network, random_images


def test_two_and_three_small_kernels_see_what_one_large_one_sees():
    def stack(*kernels):
        return receptive_field(
            nn.Sequential(*(nn.Conv2d(1, 1, k) for k in kernels)), torch.zeros(1, 1, 20, 20)
        )[-1]

    assert stack(3, 3).size == stack(5).size == 5
    assert stack(3, 3, 3).size == stack(7).size == 7


# From the table of the authors of the Distill article (tensorflow/contrib/receptive_field,
# resolution None or 224): end point: size, stride (jump), padding (pixels by which the first unit's
# field begins before the photo).
INCEPTION = {
    "Conv2d_1a_3x3": (3, 2, 0), "Conv2d_2a_3x3": (7, 2, 0), "Conv2d_2b_3x3": (11, 2, 2),
    "maxpool1": (15, 4, 2), "Conv2d_4a_3x3": (23, 4, 2), "maxpool2": (31, 8, 2),
    "Mixed_5b": (63, 8, 18), "Mixed_5c": (95, 8, 34), "Mixed_5d": (127, 8, 50),
    "Mixed_6a": (159, 16, 58), "Mixed_6b": (351, 16, 154), "Mixed_6c": (543, 16, 250),
    "Mixed_6d": (735, 16, 346), "Mixed_6e": (927, 16, 442),
    "Mixed_7a": (1055, 32, 490), "Mixed_7b": (1183, 32, 554), "Mixed_7c": (1311, 32, 618),
}  # fmt: skip # as compact as the published table
VGG_16 = {
    "0": (3, 1, 1), "4": (6, 2, 2), "5": (10, 2, 4), "9": (16, 4, 6), "10": (24, 4, 10),
    "12": (32, 4, 14), "16": (44, 8, 18), "17": (60, 8, 26), "19": (76, 8, 34), "23": (100, 16, 42),
    "24": (132, 16, 58), "26": (164, 16, 74), "30": (212, 32, 90),
}  # fmt: skip # as compact as the published table
VGG_A = {
    "0": (3, 1, 1), "2": (4, 2, 1), "3": (8, 2, 3), "5": (10, 4, 3), "6": (18, 4, 7),
    "8": (26, 4, 11), "10": (30, 8, 11), "11": (46, 8, 19), "13": (62, 8, 27), "15": (70, 16, 27),
    "16": (102, 16, 43), "18": (134, 16, 59), "20": (150, 32, 59),
}  # fmt: skip # as compact as the published table
# The table's AlexNet does not pad its first convolution; torchvision's pads it by 2, so each
# padding is 2 more.
ALEXNET = {
    "0": (11, 4, 2), "2": (19, 8, 2), "3": (51, 8, 18), "6": (99, 16, 34), "8": (131, 16, 50),
    "10": (163, 16, 66), "12": (195, 32, 66),
}  # fmt: skip # as compact as the published table


@pytest.mark.parametrize(
    ("network", "part", "table"),
    [
        ("alexnet", "features.", ALEXNET),
        ("vgg11", "features.", VGG_A),
        ("vgg16", "features.", VGG_16),
        ("inception_v3", "", INCEPTION),
    ],
)
def test_torchvisions_networks_have_the_published_fields(network, part, table):
    with torch.device("meta"):
        settings = {"init_weights": False} if "inception" in network else {}
        model = torchvision.models.get_model(network, weights=None, **settings)
        rows = receptive_field(model, torch.zeros(1, 3, 299, 299))
    for name, published in table.items():
        # A block of several branches sees what they see together.
        block = [r for r in rows if r.name == part + name or r.name.startswith(part + name + ".")]
        jump = block[-1].jump
        ends = [row.pixels(0) for row in block if row.jump == jump]
        first, last = min(end[0] for end in ends), max(end[1] for end in ends)
        assert (last - first + 1, jump, -first) == published, name


class SlimUnit(nn.Module):
    """A bottleneck of the table's ResNets, in one channel."""

    def __init__(self, stride):
        super().__init__()
        self.conv1, self.conv3 = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1)
        self.conv2 = nn.Conv2d(1, 1, 3, stride, 1)
        self.shortcut = nn.MaxPool2d(1, stride)

    def forward(self, x):
        return self.shortcut(x) + self.conv3(self.conv2(self.conv1(x)).relu()).relu()


@pytest.mark.parametrize(
    ("units", "sizes"),
    [
        ((3, 4, 6, 3), (35, 99, 291, 483)),
        ((3, 4, 23, 3), (35, 99, 835, 1027)),
        ((3, 8, 36, 3), (35, 163, 1315, 1507)),
    ],
)
def test_resnets_50_101_and_152_have_the_published_fields(units, sizes):
    """The table's ResNets have the stride in a block's last unit, torchvision's in the first."""
    layers = [nn.Conv2d(3, 1, 7, 2, 3), nn.MaxPool2d(3, 2, 1)]
    for block, count in enumerate(units):
        layers += [SlimUnit(1) for _ in range(count - 1)] + [SlimUnit(2 if block < 3 else 1)]
    rows = receptive_field(nn.Sequential(*layers), torch.zeros(1, 3, 96, 96))
    ends = [1 + sum(units[: block + 1]) for block in range(4)]
    found = {row.name: (row.size, row.jump) for row in rows}
    assert [found[f"{end}.conv3"] for end in ends] == list(zip(sizes, (8, 16, 32, 32), strict=True))


def test_torchvisions_resnets_with_the_stride_in_the_first_unit():
    with torch.device("meta"):
        for name, size in (("resnet18", 435), ("resnet50", 427)):
            rows = receptive_field(torchvision.models.get_model(name), torch.zeros(1, 3, 224, 224))
            assert (rows[-2].size, rows[-2].jump) == (size, 32)
            assert rows[-1].kind == "AdaptiveAvgPool2d" and rows[-1].size == size + 6 * 32


def test_mobilenet_v1_has_the_published_fields():
    layers = [nn.Conv2d(3, 4, 3, 2, 1)]
    for stride in (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1):
        layers += [nn.Conv2d(4, 4, 3, stride, 1, groups=4), nn.Conv2d(4, 4, 1)]
    rows = receptive_field(nn.Sequential(*layers), torch.zeros(1, 3, 64, 64))
    sizes = [3, 7, 11, 19, 27, 43, 59, 91, 123, 155, 187, 219, 251, 315]
    assert [row.size for row in rows[::2]] == sizes
    assert rows[-1].jump == 32


def test_the_field_of_the_next_unit_lies_a_jump_further_on():
    rows = receptive_field(nn.Sequential(nn.Conv2d(1, 1, 5, stride=3)), torch.zeros(1, 1, 32, 32))
    assert [rows[-1].pixels(unit) for unit in range(3)] == [(0, 4), (3, 7), (6, 10)]


def test_rows_and_columns_are_told_apart():
    model = nn.Sequential(nn.Conv2d(3, 1, (3, 7)), nn.Flatten(), nn.Linear(30 * 26, 2))
    images = torch.zeros(2, 3, 32, 32)
    sizes = [receptive_field(model, images, side)[0].size for side in ("height", "width")]
    assert sizes == [3, 7]
    box = inspect.UnitFields.of(model, images, "0").box(1, 2, images[0])
    assert tuple(box) == (1, 3, 2, 8)
    with pytest.raises(CatdogError, match=r"^There is no side='depth'; use"):
        receptive_field(model, images, "depth")
    with pytest.raises(CatdogError, match=r"^images has the shape \(3, 32, 32\), but .* N×C×H×W"):
        receptive_field(model, images[0])
    with pytest.raises(CatdogError, match=r"^The model has no layer '7'; model.named_modules"):
        inspect.UnitFields.of(model, images, "7")
    with pytest.raises(CatdogError, match=r"^The units of '1' have no places in the image"):
        inspect.UnitFields.of(model, images, "1")


class Gate(nn.Module):
    """Squeeze and excitation: the mean of the whole map scales each channel."""

    def __init__(self):
        super().__init__()
        self.conv, self.gate, self.last = nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 1), nn.Conv2d(2, 1, 3)

    def forward(self, x):
        x = self.conv(x)
        return self.last(x * self.gate(F.adaptive_avg_pool2d(x, 1)).sigmoid())


def test_after_a_gate_every_unit_sees_everything():
    rows = receptive_field(Gate(), torch.zeros(1, 1, 9, 9))
    assert [(row.name, row.kind, row.size) for row in rows] == [
        ("conv", "Conv2d", 3),
        ("", "mean", 9),
        ("gate", "Conv2d", 9),
        ("last", "Conv2d", math.inf),
    ]
    assert rows[-1].pixels(0) == (-math.inf, math.inf) and rows[-1].jump == 1
    assert receptive_field_by_gradient(Gate(), torch.zeros(1, 1, 9, 9), "last") == Box(0, 8, 0, 8)


def test_the_list_ends_where_units_have_no_place():
    images = torch.zeros(1, 1, 8, 8)
    conv = nn.Conv2d(1, 1, 3, padding=1)
    even, uneven = nn.AdaptiveAvgPool2d(4), nn.AdaptiveAvgPool2d(3)
    tail = [nn.Flatten(), nn.LazyLinear(2)]
    assert [r.size for r in receptive_field(nn.Sequential(conv, even, *tail), images)] == [3, 4]
    assert [r.size for r in receptive_field(nn.Sequential(conv, uneven), images)] == [3]


def test_the_model_is_left_as_it_was():
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.MaxPool2d(2))
    model[1].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    receptive_field(model, torch.rand(2, 3, 8, 8))
    receptive_field_by_gradient(model, torch.rand(2, 3, 8, 8), "2")
    assert [module.training for module in model.modules()] == [True, True, False, True]
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())


class Uneven(nn.Module):
    """A shortcut that has lost a stride, on a map that hides it."""

    def forward(self, x):
        return F.max_pool2d(x, 1, 2)[:, :, :3, :3] + x[:, :, :3, :3]


UP = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ConvTranspose2d(1, 1, 2, 2), nn.Conv2d(1, 1, 3))


PHOTO = torch.zeros(1, 1, 12, 12)


@pytest.mark.parametrize(
    ("function", "args", "says"),
    [
        (receptive_field, (UP, PHOTO[0]), "unsqueeze"),
        (receptive_field, (UP, PHOTO, "depth"), 'use "height" or "width"'),
        (receptive_field, (UP, PHOTO), "cannot follow 'convolution'.* in the layer '2'"),
        (receptive_field, (Uneven(), PHOTO), "jumps of 2 and 1"),
        (effective_receptive_field, (UP, PHOTO, "7"), "no layer '7'"),
        (effective_receptive_field, (UP, PHOTO, "0", (10, 0)), "10×10 map"),
        (effective_receptive_field, (UP, PHOTO, "0", None, 1), "is used 1 times"),
        (effective_receptive_field, (nn.Sequential(nn.Flatten()), PHOTO, "0"), "before flatten"),
        (
            receptive_field_by_gradient,
            (nn.Conv2d(1, 1, 1, padding=1), PHOTO, "", (0, 0)),
            "nothing but padding",
        ),
    ],
)
def test_what_has_no_answer_raises_an_error_in_one_sentence(function, args, says):
    with pytest.raises(CatdogError, match=says) as caught:
        function(*args)
    assert str(caught.value).endswith(".") and "\n" not in str(caught.value)


def test_the_gradient_answers_where_there_is_no_formula():
    assert receptive_field_by_gradient(UP, PHOTO, "2", (4, 4)) == Box(2, 5, 2, 5)


def test_the_field_of_any_layer_is_the_measured_one():
    model, x = network("residual"), random_images(1)
    # A block, whose two paths see differently much.
    fields = inspect.UnitFields.of(model, x, "stages.0")
    measured = receptive_field_by_gradient(model, x, "stages.0", (8, 7))
    assert fields.box(8, 7, x[0]) == measured
    assert fields.box(0, 15, x[0]).top == 0 and fields.box(0, 15, x[0]).right == 63
    six = network("six_block")
    rows = [row for row in receptive_field(six, x) if row.name == "deep.0.0"]
    second = inspect.UnitFields.of(six, x, "deep.0.0#2")
    assert second.vertical.last - second.vertical.first + 1 == rows[1].size


def test_a_convolution_whose_input_is_lost_is_not_left_out():
    model = nn.Sequential(
        nn.Conv2d(3, 4, 3, padding=1, padding_mode="circular"), nn.ReLU(), nn.Conv2d(4, 4, 3)
    )
    with pytest.raises(CatdogError, match="receptive_field"):
        receptive_field(model, torch.zeros(1, 3, 12, 12))
