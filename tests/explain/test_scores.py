"""A mistake in what is to be explained is answered in one sentence."""

import pytest
import torch

from catdog_lib import explain, inspect
from catdog_lib.errors import CatdogError
from tests.inspect.examples import random_images
from tests.tiny import image_set, small

ERRORS = {
    "N×3×H×W": lambda m, x: explain.saliency(m, x[0]),
    "give uint8, or float in": lambda m, x: explain.grad_cam(m, x.float()),
    "one class for each": lambda m, x: explain.saliency(m, x, torch.tensor([0, 1])),
    "outside 0 to 1": lambda m, x: explain.occlusion(m, x, 2),
    "at least 1": lambda m, x: explain.smooth_grad(m, x, samples=0),
    "use a smaller one": lambda m, x: explain.occlusion(m, x, patch=9),
    "from 1 to patch=2": lambda m, x: explain.occlusion(m, x, patch=2, stride=3),
    "no layer 'nose'": lambda m, x: explain.grad_cam(m, x, layer="nose"),
    "before flatten": lambda m, x: explain.grad_cam(m, x, layer="5"),
    "the number of a call": lambda m, x: explain.grad_cam(m, x, layer="1#7"),
    "outside torch.no_grad": lambda m, x: no_gradient(m, x),
    "one value for each pixel": lambda m, x: explain.deletion_curve(m, x, torch.zeros(1, 4, 4)),
    "steps is 65": lambda m, x: explain.insertion_curve(m, x, torch.zeros(3, 8, 8), steps=65),
    "layers is 3": lambda m, x: explain.randomize_weights(m, layers=3),
    "both must be": lambda m, x: explain.heat_by_part(torch.zeros(1, 4, 4), torch.zeros(2, 4, 4)),
    "must be N×H×W": lambda m, x: explain.similarity(torch.zeros(2, 3), torch.zeros(2, 3)),
    "channel is 4": lambda m, x: inspect.top_activations(m, image_set(2, 0), "3", 4),
    "has no places": lambda m, x: inspect.top_activations(m, image_set(2, 0), "5", 0),
}


def no_gradient(model, x):
    with inspect.Recorder(model, gradients=True) as recorder, torch.no_grad():
        recorder.backward(model(x).sum())


@pytest.mark.parametrize("words", ERRORS)
def test_a_mistake_raises_an_error_in_one_sentence(words):
    with pytest.raises(CatdogError, match=words):
        ERRORS[words](small().eval(), random_images(3, 8))
