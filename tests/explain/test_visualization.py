"""Gradient ascent ends at an image that the score is high for; jitter and blur make it smooth."""

import pytest
import torch

from catdog_lib import explain
from catdog_lib.errors import CatdogError


def roughness(image):
    """The mean difference between neighbouring pixels."""
    down, along = image.diff(dim=1).abs(), image.diff(dim=2).abs()
    return (down.mean() + along.mean()).item()


def test_a_detector_of_red_likes_red():
    image = explain.optimize_image(lambda x: (2 * x[:, 0] - x[:, 1] - x[:, 2]).mean((1, 2)), 8)
    red, green, blue = image.mean((1, 2)).tolist()
    assert red > 0.95 and green < 0.05 and blue < 0.05
    assert image.shape == (3, 8, 8) and image.min() >= 0 and image.max() <= 1


def test_the_score_rises_and_smoothing_makes_the_image_smooth():
    weights = torch.randn(3, 32, 32, generator=torch.Generator().manual_seed(1))

    def score(x):
        return (weights * x).sum((1, 2, 3))

    start = explain.optimize_image(score, 32, steps=1, step_size=0.0)
    plain = explain.optimize_image(score, 32, steps=30, jitter=0, blur=0.0)
    smooth = explain.optimize_image(score, 32, steps=30, jitter=0)
    assert score(plain[None]) > score(smooth[None]) > score(start[None])
    assert roughness(smooth) < roughness(plain)
    moved = explain.optimize_image(score, 32, steps=30)
    assert not torch.equal(moved, smooth)
    assert torch.equal(moved, explain.optimize_image(score, 32, steps=30))


@pytest.mark.parametrize("wrong", [{"steps": 0}, {"jitter": -1}, {"blur": 1.5}])
def test_what_cannot_be_is_one_sentence(wrong):
    with pytest.raises(CatdogError, match="use at least 1 step"):
        explain.optimize_image(lambda x: x.mean((1, 2, 3)), 8, **wrong)
