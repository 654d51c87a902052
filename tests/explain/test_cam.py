"""Grad-CAM equals captum's."""

import captum.attr as captum
import pytest
import torch
import torch.nn.functional as F

from catdog_lib import explain, inspect
from tests.explain.examples import relative
from tests.inspect.examples import LAST_FEATURE_MAPS, SIZE, network, random_images


@pytest.mark.parametrize("name", LAST_FEATURE_MAPS)
def test_grad_cam_is_captums(name):
    model, x, target = network(name), random_images(), torch.tensor([0, 1, 1])
    layer = inspect.last_feature_maps(model)
    # Of a layer with several uses captum takes the last one.
    module = model.get_submodule(layer.partition("#")[0])
    theirs = captum.LayerGradCam(model, module).attribute(x / 255, target)
    theirs = F.interpolate(theirs.relu(), (SIZE, SIZE), mode="bilinear")[:, 0].detach()
    ours = explain.grad_cam(model, x, target)
    assert ours.dtype == torch.float32 and relative(ours, theirs) < 1e-5
    small_map = explain.grad_cam(model, x, target, layer=layer, size=(5, 7))
    assert small_map.shape == (3, 5, 7)


def test_floats_of_any_precision_are_explained():
    model, x = network("residual"), random_images() / 255
    ours = explain.grad_cam(model, x.double(), 0)
    assert ours.dtype == torch.float32
    assert torch.allclose(ours, explain.grad_cam(model, x.float(), 0), atol=1e-6)
