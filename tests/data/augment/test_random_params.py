"""The random parameters of the augmentations are distributed as those of torchvision."""

import math
from collections import Counter

import pytest
import torch
from torchvision.transforms import v2

from catdog_lib.data.augment import (
    random_flip,
    random_rotation,
    random_translation,
)
from catdog_lib.data.augment import transforms as transforms_module
from catdog_lib.data.augment.random_params import sample_crops, sample_erase_boxes, sample_jitter
from catdog_lib.data.augment.trivial_augment import NAMES, sample_operations
from tests.data.augment.torchvision_reference import (
    MANY,
    TORCHVISION_NAMES,
    assert_same_distribution,
    seeded,
    spy,
    torchvision_erasing_params,
    torchvision_params,
    torchvision_strength,
)


def test_the_comparison_of_distributions_sees_small_differences():
    sample, other = torch.rand(2, MANY, generator=seeded())
    assert_same_distribution(sample, other)
    for changed in (other * 1.1, other + 0.06, other.square()):
        with pytest.raises(AssertionError):
            assert_same_distribution(sample, changed)


class TestRandomParams:
    """The random numbers are distributed as torchvision's."""

    @pytest.mark.parametrize(
        ("shape", "area", "ratio"),
        [
            ((64, 64), (0.08, 1), (3 / 4, 4 / 3)),
            ((40, 56), (0.3, 0.9), (1, 2)),
            ((30, 110), (0.25, 0.9), (3 / 4, 4 / 3)),
            ((110, 30), (0.25, 0.9), (3 / 4, 4 / 3)),
        ],
    )
    def test_crops(self, shape, area, ratio):
        """Compare boxes; in the last two shapes all ten tries often fail."""
        ours = sample_crops((MANY, 3, *shape), area, ratio, seeded()).unbind(1)
        transform = v2.RandomResizedCrop(64, area, ratio)
        theirs = torchvision_params(transform, shape, "top", "left", "height", "width")
        for mine, its in zip(ours, theirs, strict=True):
            assert_same_distribution(mine, its)
        assert_same_distribution(ours[2] * ours[3], theirs[2] * theirs[3])
        assert_same_distribution(ours[2] / ours[3], theirs[2] / theirs[3])
        assert_same_distribution(
            ours[0] / (1 + shape[0] - ours[2]), theirs[0] / (1 + shape[0] - theirs[2])
        )

    @pytest.mark.parametrize(
        ("shape", "area", "ratio"),
        [((64, 64), (0.02, 0.33), (0.3, 3.3)), ((24, 90), (0.3, 0.9), (0.2, 1))],
    )
    def test_covers(self, shape, area, ratio):
        """Compare boxes; in the second shape all ten tries often fail, and nothing is covered."""
        ours = sample_erase_boxes((MANY, 3, *shape), 1, area, ratio, seeded())
        transform = v2.RandomErasing(1, area, ratio)
        *theirs, values = torchvision_erasing_params(transform, shape)
        covered, erased = ours[:, 2] > 0, values
        assert_same_distribution(covered.float(), erased.float())
        for mine, its in zip(ours[covered].T, theirs, strict=True):
            assert_same_distribution(mine, its[erased])

    def test_nothing_is_covered_in_the_rest(self):
        boxes = sample_erase_boxes((MANY, 3, 32, 32), 0.3, (0.02, 0.33), (0.3, 3.3), seeded())
        assert ((boxes[:, 2] > 0) == (boxes[:, 3] > 0)).all()
        assert 0.27 < (boxes[:, 2] > 0).double().mean() < 0.33

    def test_angles(self, monkeypatch):
        calls = spy(monkeypatch, transforms_module, "rotations")
        random_rotation(torch.zeros(MANY, 3, 2, 2), seeded(), degrees=25)
        (theirs,) = torchvision_params(v2.RandomRotation(25), (2, 2), "angle")
        assert_same_distribution(calls[0][0], theirs)

    def test_translations(self, monkeypatch):
        calls = spy(monkeypatch, transforms_module, "translations")
        random_translation(torch.zeros(MANY, 3, 30, 50), seeded(), share=0.2)
        (theirs,) = torchvision_params(v2.RandomAffine(0, (0.2, 0.2)), (30, 50), "translate")
        for mine, its in zip(calls[0], theirs.T, strict=True):
            assert_same_distribution(mine, its)
            assert (mine == mine.round()).all()

    def test_jitter(self):
        strengths = dict(brightness=0.4, contrast=1.5, saturation=0.2, hue=0.3)
        factors, order = sample_jitter(MANY, strengths, seeded())
        names = [f"{name}_factor" for name in strengths]
        theirs = torchvision_params(v2.ColorJitter(**strengths), (2, 2), *names)
        for mine, its in zip(factors.T, theirs, strict=True):
            assert_same_distribution(mine, its)
        assert sorted(order.tolist()) == [0, 1, 2, 3]
        generator = seeded()
        orders = Counter(
            tuple(sample_jitter(1, strengths, generator)[1].tolist()) for _ in range(2400)
        )
        assert len(orders) == 24 and min(orders.values()) > 60 and max(orders.values()) < 145

    def test_flips(self):
        arrows = torch.tensor([0.0, 1.0]).expand(MANY, 3, 1, 2)
        for probability in (0, 0.3, 1):
            changed = random_flip(arrows, seeded(), probability=probability)[:, 0, 0, 0]
            assert abs(changed.mean() - probability) < 0.03
        assert changed.all()

    def test_trivial(self, monkeypatch):
        """Check that each operation is as frequent, with the same strengths, to the last one."""
        theirs = []
        monkeypatch.setattr(
            v2.TrivialAugmentWide,
            "_apply_image_or_video_transform",
            lambda self, image, name, strength, **_: theirs.append((name, strength)) or image,
        )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            transform, image = v2.TrivialAugmentWide(), torch.zeros(3, 64, 64, dtype=torch.uint8)
            for _ in range(3 * MANY):
                transform(image)
        operation, strength = sample_operations(3 * MANY, seeded())
        for number, name in enumerate(NAMES):
            its = torch.tensor([s for n, s in theirs if n == TORCHVISION_NAMES[name]])
            mine = torchvision_strength(name, strength[operation == number])
            assert abs(len(mine) - len(its)) < 5 * math.sqrt(2 * 3 * MANY / 14)
            assert_same_distribution(mine.round(decimals=4), its.round(decimals=4))
            torch.testing.assert_close(mine.unique(), its.unique(), atol=1e-5, rtol=0)
