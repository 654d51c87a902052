"""Deletion and insertion curves."""

import pytest
import torch
from torch import nn

from catdog_lib import explain
from tests.explain.examples import Colours, red_and_blue
from tests.inspect.examples import SIZE, network, random_images


def test_curves_run_from_the_whole_image_to_the_empty_one():
    model, x = network("five_conv"), random_images(2)
    heatmaps = explain.saliency(model, x)
    grey = torch.full((2, 3, SIZE, SIZE), 0.25)
    for target in (None, 0, torch.tensor([1, 0])):
        chosen = model(x).argmax(1) if target is None else torch.as_tensor(target).expand(2)
        whole, empty = (model(p).softmax(1)[[0, 1], chosen].detach() for p in (x, grey))
        deletion = explain.deletion_curve(model, x, heatmaps, target, steps=4, fill=0.25)
        insertion = explain.insertion_curve(model, x, heatmaps, target, steps=4, fill=0.25)
        assert deletion.shape == insertion.shape == (2, 5)
        assert torch.allclose(deletion[:, 0], whole) and torch.allclose(deletion[:, -1], empty)
        assert torch.allclose(insertion[:, 0], empty) and torch.allclose(insertion[:, -1], whole)


def test_curves_take_the_hottest_pixels_first():
    x, red, _ = red_and_blue()
    model, heatmaps = Colours(), red.float()
    step = 256 // 16  # the square has 16 pixels: all of it goes with the first step
    logits = model(x)
    without = torch.tensor([[0.0, logits[0, 1].item()]]).softmax(1)[0, 0].item()
    deletion = explain.deletion_curve(model, x, heatmaps, 0, steps=step, fill=0.0)[0]
    insertion = explain.insertion_curve(model, x, heatmaps, 0, steps=step, fill=0.0)[0]
    assert deletion[1].item() == pytest.approx(without)
    alone = torch.tensor([[logits[0, 0].item(), 0.0]]).softmax(1)[0, 0].item()
    assert insertion[1].item() == pytest.approx(alone) and insertion[0].item() == pytest.approx(0.5)
    coldest = explain.deletion_curve(model, x, -heatmaps, 0, steps=step, fill=0.0)[0]
    assert explain.area_under(deletion[None]) < explain.area_under(coldest[None])


def test_the_area_under_a_line():
    curves = torch.tensor([[1.0, 0.5, 0.0], [1, 1, 1], [0, 1, 0]])
    assert explain.area_under(curves).tolist() == [0.5, 1.0, 0.5]


class UpperLeft(nn.Module):
    """Nothing counts but the upper left pixel."""

    def forward(self, x):
        return torch.stack([8 * x[:, 0, 0, 0], torch.zeros(len(x))], dim=1)


def test_of_equal_heat_the_upper_left_comes_first_in_both():
    model, x, flat = UpperLeft(), torch.ones(1, 3, 4, 4), torch.ones(1, 4, 4)
    deletion = explain.deletion_curve(model, x, flat, 0, steps=16, fill=0.0)[0]
    insertion = explain.insertion_curve(model, x, flat, 0, steps=16, fill=0.0)[0]
    assert deletion[0] != deletion[1] and (deletion[1:] == deletion[1]).all()
    assert insertion[0] != insertion[1] and (insertion[1:] == insertion[1]).all()
