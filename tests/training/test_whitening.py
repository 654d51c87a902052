"""The first convolution set to what the images are made of."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from catdog_lib import data, models
from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.errors import CatdogError
from catdog_lib.training.fit import fit
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.whitening import FLOOR, whiten


@pytest.fixture(scope="module")
def images():
    return data.sketch_set(80, 64, seed=3, progress=False).images[:][0]


def first_of(model):
    return next(part for part in model.modules() if isinstance(part, nn.Conv2d))


def responses(model, images):
    """What the filters answer to every patch that does not overlap another: filters × patches."""
    conv = first_of(model)
    size = conv.kernel_size[0]
    return F.conv2d(model.normalize(images), conv.weight, stride=size).movedim(1, 0).flatten(1)


@pytest.mark.parametrize("name", ["residual", "five_conv", "six_block"])
def test_its_responses_are_uncorrelated_and_vary_as_the_formula_says(name, images):
    model = models.build(name, size=64, width=8)
    whiten(model, images)
    covariance = torch.cov(responses(model, images).double())
    half = len(covariance) // 2
    own, crossed = covariance[:half, :half], covariance[:half, half:]
    spread = own.diagonal()
    assert (own - spread.diag()).abs().max() < 1e-3 * spread.max()
    # λ / (λ + 0.01) is close to 1 for the strong patterns, and falls for the weak ones.
    assert 0.95 < spread[0] < 1 and torch.all(spread[1:] <= spread[:-1] + 1e-6)
    weights = first_of(model).weight.detach().double().flatten(1)[:half]
    variances = (1 / weights.square().sum(1)) - FLOOR
    assert torch.allclose(spread, variances / (variances + FLOOR), atol=1e-4)
    assert torch.allclose(crossed, -own, atol=1e-6), "the second half are the negatives"


def test_the_strongest_pattern_of_photos_is_brightness(images):
    model = models.ResidualCNN(width=8)
    whiten(model, images)
    strongest = first_of(model).weight[0]
    assert (strongest > 0).all() or (strongest < 0).all()


def test_a_bias_becomes_zero_and_nothing_else_changes(images):
    model = models.FiveConvCNN(64, 8)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    whiten(model, images)
    assert model.training
    changed = {n for n, v in model.state_dict().items() if not torch.equal(v, before[n])}
    assert changed == {"features.0.weight", "features.0.bias"}
    assert not first_of(model).bias.any()


@pytest.mark.parametrize("filters", [7, 56])
def test_filters_that_cannot_come_in_pairs_are_refused(filters, images):
    with pytest.raises(CatdogError, match=f"at most 54.*it has {filters}"):
        whiten(nn.Sequential(models.Normalize(), nn.Conv2d(3, filters, 3)), images)


def test_there_may_be_two_filters_for_each_pattern(images):
    model = nn.Sequential(models.layers.Normalize(), nn.Conv2d(3, 24, 2))
    whiten(model, images)
    weights = model[1].weight.detach().flatten(1)
    assert torch.equal(weights[12:], -weights[:12])
    assert torch.linalg.matrix_rank(weights) == 12


def test_a_network_without_convolution_is_refused(images):
    with pytest.raises(CatdogError, match="none"):
        whiten(nn.Sequential(models.Normalize(), nn.Flatten(), nn.Linear(3, 2)), images)


def test_fit_whitens_before_the_first_step_when_the_recipe_says_so(images):
    labels = torch.arange(len(images)) % 2
    part = ImageSet(images, torch.arange(len(images)), labels, ("",) * len(images))
    for wanted in (False, True):
        model = models.ResidualCNN(64, 4)
        start = first_of(model).weight.detach().clone()
        still = Recipe(epochs=1, lr=1e-12, optimizer="SGD", precision="float32", whiten=wanted)
        fit(model, Splits(part, part, part, "test"), still, device="cpu", progress=False)
        assert torch.allclose(first_of(model).weight, start, atol=1e-6) is not wanted


@pytest.mark.parametrize("stop", [KeyboardInterrupt, CatdogError])
def test_when_training_ends_before_an_epoch_the_weights_are_the_old_ones(images, stop, tmp_path):
    part = ImageSet(images, torch.arange(80), torch.arange(80) % 2, ("",) * 80)
    model = models.ResidualCNN(64, 4)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    recipe = Recipe(epochs=1, precision="float32", whiten=True)
    checkpoint = tmp_path / "checkpoint.pt"
    if stop is KeyboardInterrupt:

        def interrupt(*_):
            raise KeyboardInterrupt

        model.classifier.register_forward_hook(interrupt)
    else:
        checkpoint.write_bytes(b"no checkpoint")
    with pytest.raises(stop):
        fit(model, Splits(part, part, part, "test"), recipe, checkpoint=checkpoint, progress=False)
    assert all(torch.equal(value, start[name]) for name, value in model.state_dict().items())


def test_frozen_filters_are_not_overwritten(images):
    model = models.freeze(models.ResidualCNN(64, 4).eval())
    start = first_of(model).weight.clone()
    with pytest.raises(CatdogError, match=r"overwrite the frozen filters .* 'stem\.0'; set whiten"):
        whiten(model, images)
    assert torch.equal(first_of(model).weight, start)


def test_a_filter_with_gaps_gets_patches_with_the_same_gaps(images):
    model = nn.Sequential(models.Normalize(), nn.Conv2d(3, 4, 3, dilation=4))
    whiten(model, images)
    values = model(images).detach().double().movedim(1, 0).flatten(1)
    assert values[:2].var(1).tolist() == pytest.approx([1, 1], abs=0.15)


class NeverCalled(nn.Module):
    """Its first convolution takes no part."""

    def __init__(self):
        super().__init__()
        self.spare, self.used = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3)
        self.normalize = models.Normalize()

    def forward(self, images):
        return self.used(self.normalize(images))


@pytest.mark.parametrize(
    ("model", "count", "size", "says"),
    [
        (nn.Conv2d(3, 6, 3, groups=3), 8, 8, "has 3 groups; set whiten to False"),
        (NeverCalled(), 8, 8, "'1.spare', and the network never calls it; remove it"),
        (nn.Conv2d(3, 4, 3), 1, 3, "two patches or more of 3×3 pixels"),
        (nn.Conv2d(3, 4, 3, padding=1), 8, 2, "two patches or more of 3×3 pixels"),
        (
            nn.Conv2d(3, 4, (3, 1), dilation=2, padding=(1, 0)),
            8,
            4,
            "two patches or more of 5×1 pixels",
        ),
    ],
)
def test_where_there_are_no_patches_it_says_why(model, count, size, says, images):
    with pytest.raises(CatdogError, match=says):
        whiten(nn.Sequential(models.Normalize(), model), images[:count, :, :size, :size])


def test_two_patches_are_enough(images):
    model = nn.Sequential(models.Normalize(), nn.Conv2d(3, 4, 3))
    whiten(model, images[:2, :, :3, :3])
    assert model[1].weight.isfinite().all() and model[1].weight.any()
