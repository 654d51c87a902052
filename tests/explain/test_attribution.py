"""Saliency, SmoothGrad and occlusion equal captum's and leave no trace."""

import copy

import captum.attr as captum
import pytest
import torch
from torch import nn

from catdog_lib import explain
from tests.explain.examples import METHODS, Colours, red_and_blue, relative
from tests.inspect.examples import LAST_FEATURE_MAPS, SIZE, hook_count, network, random_images
from tests.tiny import image_set, plain, small


@pytest.mark.parametrize("name", LAST_FEATURE_MAPS)
def test_saliency_is_captums(name):
    model, x = network(name), random_images()
    target = model(x).argmax(1)
    theirs = captum.Saliency(model).attribute((x / 255).requires_grad_(), target).amax(1)
    assert relative(explain.saliency(model, x), theirs) < 1e-5
    assert relative(explain.saliency(model, x, 1 - target), theirs) > 1e-3


def test_saliency_is_what_a_small_change_does():
    model, x = plain().double(), random_images(2, 6) / 255
    heatmaps = explain.saliency(model, x, 1)
    for n, row, column in ((0, 2, 3), (0, 5, 0), (1, 4, 4)):
        slopes = []
        for colour in range(3):
            step = torch.zeros(x.shape, dtype=torch.float64)
            step[n, colour, row, column] = 1e-6
            slopes.append((model(x + step)[n, 1] - model(x - step)[n, 1]).item() / 2e-6)
        assert heatmaps[n, row, column].item() == pytest.approx(max(map(abs, slopes)), rel=1e-4)


def test_smooth_grad_averages_the_gradient_before_it_takes_the_size():
    class Waves(nn.Module):  # for s = sin(ωx) the mean of s′(x + ε) is ω cos(ωx) exp(−ω²σ²/2)
        def __init__(self):
            super().__init__()
            self.omega = nn.Parameter(torch.tensor(9.0))

        def forward(self, x):
            waves = (self.omega * x).sin().sum((1, 2, 3))
            return torch.stack([waves, -waves], 1)

    x = torch.linspace(0, 1, 12).view(1, 1, 3, 4)
    heatmaps = explain.smooth_grad(Waves(), x, 0, samples=2000, noise=0.2)
    expected = (9 * (9 * x).cos() * torch.tensor(-0.5 * (9 * 0.2) ** 2).exp()).abs()[:, 0]
    assert torch.allclose(heatmaps, expected, atol=0.45)  # 3 standard errors of a mean of 2000
    mean_of_sizes = 9 * 2 / torch.pi
    assert heatmaps.mean() < 0.5 * mean_of_sizes

    model = plain()
    assert torch.equal(
        explain.smooth_grad(model, random_images(2), noise=0.0, samples=1),
        explain.saliency(model, random_images(2)),
    )
    first, second, third = (explain.smooth_grad(model, random_images(2), seed=s) for s in (1, 1, 2))
    assert torch.equal(first, second) and not torch.equal(first, third)


@pytest.mark.parametrize("patch, stride", [(5, 5), (6, 4), (7, 3)])
def test_occlusion_is_captums(patch, stride):
    model, x = plain().eval(), random_images(2, 20)
    theirs = captum.Occlusion(model).attribute(
        x / 255, (3, patch, patch), (3, stride, stride), baselines=0.5, target=1
    )
    ours = explain.occlusion(model, x, 1, patch=patch, stride=stride)
    assert relative(ours, theirs[:, 0].float().detach()) < 1e-5


@pytest.mark.parametrize("method", METHODS)
def test_heat_lies_where_the_network_looks(method):
    x, red, blue = red_and_blue()
    model = Colours()
    options = {}
    if method is explain.occlusion:
        options = {"patch": 1, "fill": 0.0}
    if method is explain.smooth_grad:
        options = {"noise": 0.01}
    for target, mask in ((0, red), (1, blue)):
        heatmaps = method(model, x, target, **options)
        inside, outside = heatmaps[mask], heatmaps[~mask]
        assert inside.min() > 0.99 * inside.max() > 0, "as much at each pixel of the square"
        noisy = method is explain.smooth_grad  # noise can be red, too
        assert outside.mean() < 0.6 * inside.mean() if noisy else (outside == 0).all()
        assert explain.pointing_game(heatmaps, mask) == 1
    assert torch.equal(method(model, x, **options), method(model, x, 0, **options)), "it says red"


@pytest.mark.parametrize("name", [*LAST_FEATURE_MAPS, "transfer"])
def test_every_method_works_on_every_network_and_leaves_it_as_it_was(name):
    model, x = network(name), random_images(2)
    model.train()
    modes = [module.training for module in model.modules()]
    before = copy.deepcopy(model.state_dict())
    for parameter in model.parameters():
        parameter.grad = torch.ones_like(parameter)
    all_heatmaps = [explain.saliency(model, x), explain.grad_cam(model, x)]
    all_heatmaps.append(explain.smooth_grad(model, x, samples=2))
    all_heatmaps.append(explain.occlusion(model, x, patch=32))
    with torch.no_grad():
        assert torch.equal(explain.grad_cam(model, x), all_heatmaps[1])
    for heatmaps in all_heatmaps:
        assert heatmaps.shape == (2, SIZE, SIZE) and heatmaps.isfinite().all()
    assert (all_heatmaps[0] > 0).any() and min(heatmaps.min() for heatmaps in all_heatmaps[:3]) >= 0
    assert explain.deletion_curve(model, x, all_heatmaps[0], steps=2).shape == (2, 3)
    assert modes == [module.training for module in model.modules()] and hook_count(model) == 0
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert all((p.grad == 1).all() for p in model.parameters())


def test_many_images_are_explained_as_one_by_one():
    model, x = network("five_conv"), random_images(35)
    target = torch.arange(35) % 2
    heatmaps = explain.saliency(model, x, target)
    assert relative(heatmaps[34:], explain.saliency(model, x[34:], target[34:])) < 1e-4
    curve = explain.deletion_curve(model, x, heatmaps, target, steps=3)
    one = explain.deletion_curve(model, x[34:], heatmaps[34:], target[34:], steps=3)
    assert torch.allclose(curve[34:], one, atol=1e-6)
    assert (
        relative(explain.grad_cam(model, x / 255, target), explain.grad_cam(model, x, target))
        < 1e-5
    )


def test_smooth_grads_noise_does_not_depend_on_what_is_explained_together():
    model, images = small().eval(), image_set(5, 0)[:][0] / 255
    together = explain.smooth_grad(model, images, 0, samples=3)
    alone = torch.cat([explain.smooth_grad(model, image[None], 0, samples=3) for image in images])
    assert torch.allclose(together, alone, rtol=1e-3, atol=1e-6)
