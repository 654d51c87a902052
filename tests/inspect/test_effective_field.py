"""The gradient finds the field that the formula gives, on random networks."""

import random

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from catdog_lib import models
from catdog_lib.inspect.effective_field import (
    effective_receptive_field,
    receptive_field_by_gradient,
)
from catdog_lib.inspect.receptive_field import Box, receptive_field


def random_layer(rng, channels):
    """Return a convolution or pooling with any settings, square or not."""
    kernel = rng.randint(1, 4), rng.randint(1, 4)
    stride = rng.choice([1, 1, 2, (1, 2), 3])
    padding = rng.randint(0, 2), rng.randint(0, 2)
    dilation = rng.choice([1, 1, 2, (2, 1)])
    half = kernel[0] // 2, kernel[1] // 2  # pooling allows no more
    kind = rng.choice(["conv", "conv", "same", "max", "average"])
    if kind == "conv":
        return nn.Conv2d(channels, channels, kernel, stride, padding, dilation)
    if kind == "same":
        mode = rng.choice(["zeros", "reflect"])
        return nn.Conv2d(channels, channels, (3, 2), padding="same", padding_mode=mode)
    if kind == "max":
        return nn.MaxPool2d(kernel, stride, half, dilation, ceil_mode=rng.random() < 0.5)
    return nn.AvgPool2d(kernel, stride, half)


class Paths(nn.Module):
    """Branches that meet: added, or side by side."""

    def __init__(self, rng, channels):
        super().__init__()
        self.stride, self.add = rng.choice([1, 2]), rng.random() < 0.5
        self.wide = nn.Conv2d(channels, channels, 5, self.stride, 2)
        self.twice = nn.Sequential(
            nn.Conv2d(channels, channels, 3, 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, (3, 5), self.stride, (1, 2)),
            nn.BatchNorm2d(channels),
        )
        self.mix = nn.Conv2d(channels if self.add else 2 * channels + 1, channels, 1)

    def forward(self, x):
        if self.add:
            shortcut = x[:, :, :: self.stride, :: self.stride]
            return self.mix(F.relu(shortcut + self.twice(x)))
        pooled = F.max_pool2d(x[:, 1:2], 3, self.stride, 1)
        return self.mix(torch.cat([self.wide(x), pooled, self.twice(x)], dim=1))


def random_net(rng):
    layers = []
    for _ in range(rng.randint(1, 4)):
        layers.append(random_layer(rng, 2) if rng.random() < 0.75 else Paths(rng, 2))
        layers.append(rng.choice([nn.ReLU(), nn.BatchNorm2d(2), nn.Hardswish(), nn.Identity()]))
    return nn.Sequential(*layers)


def by_formula(model, images, layer, unit):
    """First and last row and column, by formula, of a unit of the layer's last use."""
    sides = []
    for side, number in zip(("height", "width"), unit, strict=True):
        rows = [r for r in receptive_field(model, images, side) if r.name == layer]
        sides += rows[-1].pixels(number)
    return Box(*sides)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_formula_and_gradient_agree_on_random_networks():
    rng = random.Random(0)
    inside = cut = 0
    while inside + cut < 180:
        model, images = (
            random_net(rng),
            torch.rand(1, 2, rng.randint(30, 70), rng.randint(30, 70)),
        )
        layer = receptive_field(model, images)[-1].name
        height, width = model.eval()(images).shape[2:]
        somewhere = rng.randrange(height), rng.randrange(width)
        unit = rng.choice([(height // 2, width // 2), somewhere, (0, somewhere[1])])
        formula = by_formula(model, images, layer, unit)
        case = f"{model}\n{tuple(images.shape)} {layer} {unit}: formula {formula}"
        if not within(formula, images):
            if reflects(model):
                continue  # what is reflected at the edge comes from the inside
            if effective_receptive_field(model, images, layer, unit, use=-1).sum() == 0:
                continue  # it sees nothing but padding
        measured = receptive_field_by_gradient(model, images, layer, unit, use=-1)
        case += f", gradient {measured}"
        if within(formula, images):
            assert measured == formula, case
            inside += 1
        else:
            assert formula.top <= measured.top <= measured.bottom <= formula.bottom, case
            assert formula.left <= measured.left <= measured.right <= formula.right, case
            cut += 1
    assert inside > 90 and cut > 40


def within(box, images):
    height, width = images.shape[2:]
    return min(box.top, box.left) >= 0 and box.bottom < height and box.right < width


def reflects(model):
    return any(getattr(module, "padding_mode", "zeros") != "zeros" for module in model.modules())


def test_the_effective_field_counts_paths():
    # Two means of three have 1, 2, 3, 2, 1 paths along each side, of 9.
    model = nn.Sequential(nn.Conv2d(1, 1, 3), nn.MaxPool2d(3, stride=1))
    paths = torch.tensor([0, 1, 2, 3, 2, 1, 0], dtype=torch.float64) / 9
    field = effective_receptive_field(model, torch.zeros(1, 1, 7, 7), "1", unit=(1, 1))
    assert torch.allclose(field, torch.outer(paths, paths))


def test_a_trained_batchnorm_hides_nothing():
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Conv2d(2, 1, 3))
    with torch.no_grad():
        model[1].weight.copy_(torch.tensor([-1.0, 0.0]))
        model[1].running_mean.fill_(9)
    box = receptive_field_by_gradient(model, torch.zeros(1, 1, 9, 9), "3", (2, 2))
    assert box == Box(2, 6, 2, 6)


def test_six_block_by_formula_and_by_gradient():
    model = models.SixBlockCNN(size=224, width=2)
    images = torch.zeros(1, 3, 224, 224, dtype=torch.uint8)
    rows = receptive_field(model, images)
    assert [row.size for row in rows if row.kind == "MaxPool2d"] == [4, 10, 22, 46, 94, 190]
    assert [row.jump for row in rows if row.kind == "MaxPool2d"] == [2, 4, 8, 16, 32, 64]
    assert [row.name for row in rows][4:6] == ["deep.0.0", "deep.0.3"]
    # The tied block is used four times.
    for use, row in enumerate(row for row in rows if row.name == "deep.0.3"):
        unit = (110 // row.jump, 120 // row.jump)
        box = receptive_field_by_gradient(model, images, "deep.0.3", unit, use)
        expected = [min(max(edge, 0), 223) for place in unit for edge in row.pixels(place)]
        assert list(box) == expected


@pytest.mark.parametrize("layer", ["body.stage4", "body.stage5", "body.stage6"])
def test_a_relu6_that_cuts_values_off_hides_no_path(layer):
    model, images = models.backbone(models.OFFLINE), torch.zeros(1, 3, 224, 224)
    assert receptive_field_by_gradient(model, images, layer) == Box(0, 223, 0, 223)
