"""Each damage does what it says, the more the stronger."""

import pytest
import torch
from torch.nn import functional as F

from catdog_lib import data
from catdog_lib.errors import CatdogError
from catdog_lib.trust import DAMAGES, damage


@pytest.fixture(scope="module")
def pets():
    return data.example_pair("sketches", size=48)


@pytest.mark.parametrize("kind", DAMAGES)
def test_images_stay_bytes_of_their_size_and_the_given_ones_stay_as_they_are(kind, pets):
    before = pets.clone()
    for strength in DAMAGES[kind].strengths:
        changed = damage(pets, kind, strength)
        assert changed.shape == pets.shape and changed.dtype == torch.uint8
        assert not torch.equal(changed, pets)
    assert torch.equal(pets, before)


@pytest.mark.parametrize("kind", [kind for kind in DAMAGES if kind not in ("crop", "rotation")])
def test_a_stronger_one_changes_more(kind, pets):
    changes = [(damage(pets, kind, s).float() - pets).abs().mean() for s in DAMAGES[kind].strengths]
    assert changes == sorted(changes) and changes[0] > 0.3


def test_a_crop_enlarges_the_middle(pets):
    middle = pets[:, :, 12:36, 12:36].float()
    large = F.interpolate(middle, (48, 48), mode="bilinear", align_corners=False)
    inner = (damage(pets, "crop", 0.5).float() - large)[:, :, 2:-2, 2:-2]
    assert inner.abs().max() <= 1


def test_a_rotation_turns_anticlockwise(pets):
    assert (damage(pets, "rotation", 180).int() - pets.flip(2, 3)).abs().max() <= 1
    assert (damage(pets, "rotation", 90).int() - pets.rot90(1, (2, 3))).abs().max() <= 1


def test_a_blur_keeps_the_mean_and_spreads_a_point_as_wide_as_it_says():
    image = torch.zeros(1, 3, 101, 101, dtype=torch.uint8)
    image[:, :, 50, 50] = 255
    weights = damage(image, "blur", 1)[0, 0].double()
    x = torch.arange(101) - 50
    spread = (weights.sum(0) * x**2).sum() / weights.sum()
    assert spread.sqrt().item() == pytest.approx(1.01, rel=0.05)  # 1% of 101 pixels


def test_noise_and_darkness_have_the_strength_that_they_say():
    grey = torch.full((4, 3, 64, 64), 128, dtype=torch.uint8)
    noisy = damage(grey, "noise", 15).float()
    assert noisy.std().item() == pytest.approx(15, rel=0.03)
    assert noisy.mean().item() == pytest.approx(128, abs=0.5)
    assert damage(grey, "darkness", 0.75).unique().tolist() == [32]


def test_a_line_drawing_is_dark_where_the_brightness_changes():
    image = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    image[:, :, :, 16:] = 200
    drawing = damage(image, "line drawing", 1)[0]
    assert drawing[:, :, :10].min() == 255 and drawing[:, :, 16].max() == 0
    assert torch.equal(drawing[0], drawing[2]), "a pencil has no colour"


def test_another_kind_is_one_sentence(pets):
    with pytest.raises(CatdogError, match="use one of crop, blur"):
        damage(pets, "rain", 1)


@pytest.mark.parametrize("kind", [kind for kind in DAMAGES if kind != "JPEG"])  # 100 rounds, too
def test_a_strength_of_0_leaves_the_image_as_it_is(kind, pets):
    assert torch.equal(damage(pets, kind, 0), pets)


@pytest.mark.parametrize("kind", DAMAGES)
@pytest.mark.parametrize("strength", [-1, 1000, float("nan"), float("inf")])
def test_a_strength_that_does_not_exist_is_one_sentence(kind, strength, pets):
    with pytest.raises(CatdogError, match=f"strength is {strength}; for '{kind}' use 0 to "):
        damage(pets, kind, strength)
