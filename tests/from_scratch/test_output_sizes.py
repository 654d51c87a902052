"""The size formulas are PyTorch's, in what they answer and in what they refuse; the shape table
counts as others do.
"""

import random

import pytest
import torch
import torchinfo
import torchvision
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from catdog_lib import models
from catdog_lib.errors import CatdogError
from catdog_lib.from_scratch.output_sizes import (
    conv_output_size,
    pool_output_size,
    same_padding,
    transposed_output_size,
)
from catdog_lib.inspect.shape_table import shape_table


def answer(function, *args, **settings):
    """Return a size, or "refused"."""
    try:
        return function(*args, **settings)
    except CatdogError as error:
        assert str(error).endswith(".") and "\n" not in str(error)
        return "refused"


def pytorchs(function, *args, **settings):
    try:
        size = function(*args, **settings).shape[2]
    except RuntimeError:
        return "refused"
    return size or "refused"  # in single precision it may give a map of no rows


def column(size):
    return torch.zeros(1, 1, size, 1, dtype=torch.float64)


def upright(value, across):
    """Return a setting for the height only, as PyTorch takes it."""
    return (value, across)


def conv_case(rng):
    size, kernel = rng.randint(1, 20), rng.randint(0, 7)
    stride, padding, dilation = rng.randint(0, 5), rng.randint(-1, 4), rng.randint(0, 4)
    ours = answer(conv_output_size, size, kernel, stride, padding, dilation)
    theirs = pytorchs(
        F.conv2d,
        column(size),
        column(kernel),
        None,
        upright(stride, 1),
        upright(padding, 0),
        upright(dilation, 1),
    )
    return (size, kernel, stride, padding, dilation), ours, theirs


def pool_case(rng):
    size, kernel = rng.randint(1, 16), rng.randint(0, 6)
    stride = rng.choice([None, *range(7)])
    # Negative padding is always refused, so little of it; most of it within half the kernel.
    padding = rng.choice([-1, 0, 0, kernel // 2, kernel // 2, 2])
    dilation = rng.choice([0, 1, 1, 2, 3])
    ceil_mode = rng.random() < 0.6
    ours = answer(pool_output_size, size, kernel, stride, padding, dilation, ceil_mode)
    theirs = pytorchs(
        F.max_pool2d,
        column(size),
        upright(kernel, 1),
        upright(kernel if stride is None else stride, 1),
        upright(padding, 0),
        upright(dilation, 1),
        ceil_mode,
    )
    if dilation == 1:
        average = pytorchs(
            F.avg_pool2d,
            column(size),
            upright(kernel, 1),
            upright(kernel if stride is None else stride, 1),
            upright(padding, 0),
            ceil_mode,
        )
        assert average == theirs
    return (size, kernel, stride, padding, dilation, ceil_mode), ours, theirs


def transposed_case(rng):
    size, kernel = rng.randint(1, 8), rng.randint(0, 5)
    stride, padding = rng.randint(0, 4), rng.randint(-1, 4)
    output_padding, dilation = rng.choice([-1, 0, 0, 0, 1, 2, 3]), rng.choice([0, 1, 1, 1, 2, 3])
    ours = answer(transposed_output_size, size, kernel, stride, padding, output_padding, dilation)
    theirs = pytorchs(
        F.conv_transpose2d,
        column(size),
        column(kernel),
        None,
        upright(stride, 1),
        upright(padding, 0),
        upright(output_padding, 0),
        1,
        upright(dilation, 1),
    )
    return (size, kernel, stride, padding, output_padding, dilation), ours, theirs


@pytest.mark.parametrize("case", [conv_case, pool_case, transposed_case])
def test_a_thousand_random_settings_have_pytorchs_size_or_are_refused_by_both(case):
    rng = random.Random(2)
    seen = [case(rng) for _ in range(1000)]
    wrong = [(settings, ours, theirs) for settings, ours, theirs in seen if ours != theirs]
    assert not wrong, f"{len(wrong)} differ, (settings, ours, PyTorch's): {wrong[:5]}"
    refused = sum(theirs == "refused" for _, _, theirs in seen)
    assert 200 < refused < 800  # both kinds are there in number
    assert len({theirs for _, _, theirs in seen}) > 8


def test_the_odd_rule_of_ceil_mode_occurs():
    # Windows of 2 pixels begin at −1 and 3. Of 4 pixels, number 3 is the last; of 3 pixels, it lies
    # past them all.
    assert pool_output_size(4, 2, stride=4, padding=1, ceil_mode=True) == 2
    assert pool_output_size(3, 2, stride=4, padding=1, ceil_mode=True) == 1  # and not ⌈3/4⌉ + 1 = 2
    assert F.max_pool2d(torch.zeros(1, 1, 3, 3), 2, 4, 1, ceil_mode=True).shape[2:] == (1, 1)


def test_ceil_mode_differs_from_the_floor_often():
    differ = [
        size
        for size in range(4, 30)
        if pool_output_size(size, 3, 2) != pool_output_size(size, 3, 2, ceil_mode=True)
    ]
    assert differ == list(range(4, 30, 2))


def test_six_blocks_by_formula():
    sizes = [224]
    for _ in range(6):
        sizes.append(pool_output_size(conv_output_size(sizes[-1], 3, padding=1), 2))
    assert sizes == [224, 112, 56, 28, 14, 7, 3]


@pytest.mark.parametrize("kernel", range(1, 12))
@pytest.mark.parametrize("dilation", range(1, 5))
def test_same_padding_keeps_the_size_or_says_that_it_cannot(kernel, dilation):
    if dilation * (kernel - 1) % 2:
        with pytest.raises(CatdogError, match="odd kernel"):
            same_padding(kernel, dilation)
    else:
        padding = same_padding(kernel, dilation)
        for size in (1, 7, 60):
            assert conv_output_size(size, kernel, 1, padding, dilation) == size


def test_a_transposed_convolution_undoes_the_size_and_output_padding_chooses_among_the_sizes():
    for size in range(10, 40):
        down = conv_output_size(size, 5, stride=3, padding=1)
        back = [transposed_output_size(down, 5, 3, 1, output_padding=o) for o in range(3)]
        assert size in back and len(set(back)) == 3
        assert {conv_output_size(b, 5, stride=3, padding=1) for b in back} == {down}


@pytest.mark.parametrize(
    ("function", "args", "says"),
    [
        (conv_output_size, (4, 5), r"kernel=5.* 4 pixels"),
        (conv_output_size, (8, 3, 1, 1, 5), r"dilation=5 covers 11 pixels.*8 \+ 2·1 = 10"),
        (conv_output_size, (8, 3, 0), "stride=0 .* use 1 or more"),
        (conv_output_size, (8, 3, 1, -1), "padding=-1 .* use 0 or more"),
        (conv_output_size, (8, 3, 1, 1, 0), "dilation=0"),
        (conv_output_size, (8, (3, 3)), "kernel=\\(3, 3\\).*one integer"),
        (conv_output_size, (8, 3, 1, "same"), "padding='same'"),
        (conv_output_size, (8, 2.5), "kernel=2.5"),
        (pool_output_size, (8, 3, 2, 2), "half of kernel=3.*padding=1"),
        (pool_output_size, (2, 3), "kernel=3"),
        (transposed_output_size, (4, 2, 2, 0, 2), "output_padding=2.*use 1 or less"),
        (transposed_output_size, (2, 1, 1, 1), "cuts away all"),
        (same_padding, (2,), "kernel=2.*odd"),
        (same_padding, (0,), "kernel=0"),
    ],
)
def test_bad_settings_are_named_in_one_sentence(function, args, says):
    with pytest.raises(CatdogError, match=says):
        function(*args)


class Odd(nn.Module):
    """All that is unusual: groups, dilation, a shared layer, a tied weight, keywords, its own
    parameter.
    """

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
    yield nn.Sequential(nn.Conv2d(3, 9, 1), nn.BatchNorm2d(9), nn.ReLU(), nn.Conv2d(9, 9, 5, groups=9, padding="same"),
                        nn.MaxPool2d(3, 2, ceil_mode=True), nn.AdaptiveMaxPool2d((2, 3)), nn.Flatten(),
                        nn.Linear(54, 2)), (3, 3, 12, 12)  # fmt: skip
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


def test_parameters_count_once_and_only_where_they_are_used():
    model = Odd()
    uses = shape_table(model, torch.zeros(2, 3, 20, 18))
    counts = {use.name: use.parameters for use in uses}
    assert [use.name for use in uses] == [
        "first", "shared", "shared", "tied", "up", "pool", "each", "",
    ]  # fmt: skip
    assert [use.parameters for use in uses][1:4] == [8 * 2 * 9, 0, 0]
    assert counts[""] == 8  # the model's own parameter
    unused = sum(p.numel() for p in model.never.parameters())
    assert sum(use.parameters for use in uses) == models.count_parameters(model) - unused


def test_the_table_agrees_with_torchinfo_layer_by_layer():
    """Torchinfo adds the bias to each output value of a convolution; a batch of one makes its
    linear layers equal.
    """
    model = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, dilation=2), nn.ReLU(), nn.Conv2d(8, 12, 3, groups=4, bias=False),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(48, 5, bias=False), nn.Linear(5, 2),
    )  # fmt: skip
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


def test_a_model_comes_back_as_it_went_in():
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
