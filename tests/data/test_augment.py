"""Augmentation of whole batches does to each image what torchvision does to one, as often."""

import math
from collections import Counter
from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as TF

from catdog_lib.data.augment import (
    colour,
    colour_jitter,
    flip_and_crop,
    random_erasing,
    random_flip,
    random_resized_crop,
    random_rotation,
    random_translation,
    trivial_augment,
)
from catdog_lib.data.augment import (
    transforms as changes,
)
from catdog_lib.data.augment.random_params import sample_crops, sample_erase_boxes, sample_jitter
from catdog_lib.data.augment.trivial_augment import NAMES, sample_operations
from catdog_lib.errors import CatdogError

EVERY = (
    flip_and_crop,
    random_flip,
    random_resized_crop,
    random_rotation,
    random_translation,
    colour_jitter,
    random_erasing,
    trivial_augment,
)
MANY = 4000  # draws of a distribution


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_images(count: int, height: int = 36, width: int = 44, seed: int = 0) -> Tensor:
    """Smooth coloured clouds with some noise, uint8; the first two are grey and black."""
    clouds = torch.rand(count, 3, 5, 6, generator=seeded(seed))
    clouds = F.interpolate(clouds, (height, width), mode="bicubic", align_corners=True)
    noise = 0.1 * torch.randn(clouds.shape, generator=seeded(seed + 1))
    images = (255 * (clouds + noise).clamp(0, 1)).round().to(torch.uint8)
    images[0] = images[0, :1]
    images[1] = 0
    return images


def spy(monkeypatch, module, name: str) -> list[tuple]:
    """What the function of this name is called with, from now on."""
    calls, real = [], getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args: calls.append(args) or real(*args))
    return calls


def assert_same_distribution(ours: Tensor, theirs: Tensor) -> None:
    """Two samples of one distribution, by Kolmogorov and Smirnov: a wrong alarm in 1,000 seeds."""
    assert ours.ndim == theirs.ndim == 1 and min(len(ours), len(theirs)) >= 100
    places = torch.cat((ours, theirs)).double().unique()
    below = [
        torch.searchsorted(sample.double().sort().values, places, right=True) / len(sample)
        for sample in (ours, theirs)
    ]
    distance = (below[0] - below[1]).abs().max()
    assert distance < 1.95 * math.sqrt(1 / len(ours) + 1 / len(theirs))


def their_draws(transform, shape: tuple[int, int], *names: str) -> list[Tensor]:
    """MANY draws of a transform of torchvision for an image of this height and width."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        image = torch.zeros(3, *shape)
        draws = [transform.make_params([image]) for _ in range(MANY)]
    return [torch.tensor([draw[name] for draw in draws]) for name in names]


def test_the_comparison_of_distributions_sees_small_differences():
    sample, other = torch.rand(2, MANY, generator=seeded())
    assert_same_distribution(sample, other)
    for changed in (other * 1.1, other + 0.06, other.square()):
        with pytest.raises(AssertionError):
            assert_same_distribution(sample, changed)


class TestDraws:
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
        """In the last two shapes all ten tries often fail."""
        ours = sample_crops((MANY, 3, *shape), area, ratio, seeded()).unbind(1)
        transform = v2.RandomResizedCrop(64, area, ratio)
        theirs = their_draws(transform, shape, "top", "left", "height", "width")
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
        """In the second shape all ten tries often fail, and nothing is covered."""
        ours = sample_erase_boxes((MANY, 3, *shape), 1, area, ratio, seeded())
        transform = v2.RandomErasing(1, area, ratio)
        *theirs, values = their_draws_of_erasing(transform, shape)
        covered, erased = ours[:, 2] > 0, values
        assert_same_distribution(covered.float(), erased.float())
        for mine, its in zip(ours[covered].T, theirs, strict=True):
            assert_same_distribution(mine, its[erased])

    def test_nothing_is_covered_in_the_rest(self):
        boxes = sample_erase_boxes((MANY, 3, 32, 32), 0.3, (0.02, 0.33), (0.3, 3.3), seeded())
        assert ((boxes[:, 2] > 0) == (boxes[:, 3] > 0)).all()
        assert 0.27 < (boxes[:, 2] > 0).double().mean() < 0.33

    def test_angles(self, monkeypatch):
        calls = spy(monkeypatch, changes, "rotations")
        random_rotation(torch.zeros(MANY, 3, 2, 2), seeded(), degrees=25)
        (theirs,) = their_draws(v2.RandomRotation(25), (2, 2), "angle")
        assert_same_distribution(calls[0][0], theirs)

    def test_translations(self, monkeypatch):
        calls = spy(monkeypatch, changes, "translations")
        random_translation(torch.zeros(MANY, 3, 30, 50), seeded(), share=0.2)
        (theirs,) = their_draws(v2.RandomAffine(0, (0.2, 0.2)), (30, 50), "translate")
        for mine, its in zip(calls[0], theirs.T, strict=True):
            assert_same_distribution(mine, its)
            assert (mine == mine.round()).all()

    def test_jitter(self):
        strengths = dict(brightness=0.4, contrast=1.5, saturation=0.2, hue=0.3)
        factors, order = sample_jitter(MANY, strengths, seeded())
        names = [f"{name}_factor" for name in strengths]
        theirs = their_draws(v2.ColorJitter(**strengths), (2, 2), *names)
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
        """Each operation as often, with the same strengths, to the last one."""
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
            its = torch.tensor([s for n, s in theirs if n == THEIR_NAMES[name]])
            mine = their_strength(name, strength[operation == number])
            assert abs(len(mine) - len(its)) < 5 * math.sqrt(2 * 3 * MANY / 14)
            assert_same_distribution(mine.round(decimals=4), its.round(decimals=4))
            torch.testing.assert_close(mine.unique(), its.unique(), atol=1e-5, rtol=0)


def their_draws_of_erasing(transform, shape: tuple[int, int]) -> list[Tensor]:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        draws = [transform.make_params([torch.zeros(3, *shape)]) for _ in range(MANY)]
    columns = [[draw[name] for draw in draws] for name in "ijhw"]
    return [*map(torch.tensor, columns), torch.tensor([draw["v"] is not None for draw in draws])]


THEIR_NAMES = {name: "".join(word.title() for word in name.split()) for name in NAMES}
THEIR_NAMES |= {"saturation": "Color", "autocontrast": "AutoContrast"}
THEIR_NAMES |= {
    f"{move} {axis}": f"{move.title()}{axis.upper()}"
    for move in ("shear", "translate")
    for axis in "xy"
}


def their_strength(name: str, strength: Tensor) -> Tensor:
    """torchvision counts factors from 1, and posterizes with whole bits."""
    if name in ("brightness", "saturation", "contrast", "sharpness"):
        return strength - 1
    return strength.round() if name == "posterize" else strength


class TestPixels:
    """With the same numbers drawn, the images are torchvision's."""

    images = some_images(24)
    floats = images / 255

    def close(self, ours: Tensor, theirs: list[Tensor], atol: float = 2e-5) -> None:
        torch.testing.assert_close(ours, torch.stack(theirs), atol=atol, rtol=0)

    def test_resized_crop(self):
        """Up to the edges of the box, beyond which torchvision cannot see."""
        ours = random_resized_crop(self.images, seeded(), area=(0.02, 1))
        boxes = sample_crops(self.images.shape, (0.02, 1), (3 / 4, 4 / 3), seeded()).int().tolist()
        size = list(self.images.shape[2:])
        pairs = zip(self.floats, boxes, strict=True)
        self.close(ours, [TF.resized_crop(image, *box, size=size) for image, box in pairs])

    def test_flip(self):
        ours = random_flip(self.images, seeded())
        same = (ours == self.floats).flatten(1).all(1)
        mirrored = (ours == TF.horizontal_flip(self.floats)).flatten(1).all(1)
        assert (same | mirrored).all() and 5 < mirrored[2:].sum() < 17

    def test_rotation(self, monkeypatch):
        calls = spy(monkeypatch, changes, "rotations")
        ours = random_rotation(self.images, seeded(), degrees=60)
        pairs = zip(self.floats, calls[0][0].tolist(), strict=True)
        self.close(ours, [TF.rotate(image, angle, "bilinear") for image, angle in pairs])

    def test_translation(self, monkeypatch):
        calls = spy(monkeypatch, changes, "translations")
        ours = random_translation(self.images, seeded(), share=0.4)
        shifts = torch.stack(calls[0], 1).int().tolist()
        pairs = zip(self.floats, shifts, strict=True)
        straight = dict(angle=0, scale=1, shear=[0, 0])
        self.close(ours, [TF.affine(image, translate=shift, **straight) for image, shift in pairs])

    @pytest.mark.parametrize("change", [random_rotation, random_translation])
    def test_padding(self, change):
        """Nothing black comes into white images, unless it is asked for."""
        white = torch.ones(8, 3, 20, 20)
        assert change(white, seeded()).min() == 0
        for padding in ("border", "reflection"):
            assert change(white, seeded(), padding=padding).min() > 0.999
            kept = change(self.images, seeded(), padding=padding)
            assert (kept - change(self.images, seeded()))[:, :, 12:24, 14:30].abs().max() < 1e-6

    @pytest.mark.parametrize(
        ("change", "theirs", "low", "high"),
        [
            (colour.brightness, TF.adjust_brightness, 0, 2.5),
            (colour.contrast, TF.adjust_contrast, 0, 2.5),
            (colour.saturation, TF.adjust_saturation, 0, 2.5),
            (colour.sharpness, TF.adjust_sharpness, 0, 2.5),
            (colour.hue, TF.adjust_hue, -0.5, 0.5),
            (colour.solarize, TF.solarize, 0, 1),
        ],
        ids=lambda value: getattr(value, "__name__", None),
    )
    def test_colours(self, change, theirs, low, high):
        factors = torch.linspace(low, high, len(self.floats))
        pairs = zip(self.floats, factors.tolist(), strict=True)
        self.close(change(self.floats, factors), [theirs(image, by) for image, by in pairs])

    def test_colours_of_whole_values(self):
        bits = torch.arange(24) % 8 + 1
        pairs = zip(self.images, bits.tolist(), strict=True)
        theirs = [TF.posterize(image, number) / 255 for image, number in pairs]
        self.close(colour.posterize(self.floats, bits.float()), theirs)
        dull = torch.cat((self.images, self.images[:, :, :5, :5], self.images // 4 + 90)[::2])
        theirs = [TF.equalize(image) / 255 for image in dull]
        self.close(colour.equalize(dull / 255), theirs)
        self.close(
            colour.equalize(self.floats[:, :, :9, :9]),
            [TF.equalize(p) / 255 for p in self.images[:, :, :9, :9]],
        )
        faint = self.floats * 0.3 + 0.2
        self.close(colour.autocontrast(faint), [TF.autocontrast(image) for image in faint])

    def test_jitter(self):
        strengths = dict(brightness=0.6, contrast=0.7, saturation=0.8, hue=0.3)
        changes = (TF.adjust_brightness, TF.adjust_contrast, TF.adjust_saturation, TF.adjust_hue)
        for seed in range(6):
            ours = colour_jitter(self.images, seeded(seed), **strengths)
            factors, order = sample_jitter(24, strengths, seeded(seed))
            theirs = []
            for image, own in zip(self.floats, factors.tolist(), strict=True):
                for number in order.tolist():
                    image = changes[number](image, own[number])
                theirs.append(image)
            self.close(ours, theirs)

    def test_erasing(self):
        ours = random_erasing(self.images, seeded(), value=0.25)
        boxes = sample_erase_boxes(self.images.shape, 0.5, (0.02, 0.33), (0.3, 3.3), seeded()).int()
        assert 5 < (boxes[:, 2] > 0).sum() < 20
        pairs = zip(self.floats, boxes.tolist(), strict=True)
        self.close(ours, [TF.erase(image, *box, torch.tensor(0.25)) for image, box in pairs])

    def test_trivial(self):
        """Where the nearest pixel is one of two equally near ones, either may be chosen."""
        images = some_images(420)
        operation, strength = sample_operations(420, seeded())
        assert set(operation.tolist()) == set(range(14))
        ours = trivial_augment(images, seeded())
        apply = v2.TrivialAugmentWide()._apply_image_or_video_transform
        for i, number in enumerate(operation.tolist()):
            name = NAMES[number]
            by = their_strength(name, strength[i]).item()
            # Posterize counts bits, of which only whole numbers have eight.
            before = images[i] if name == "posterize" else images[i] / 255
            theirs = apply(before, THEIR_NAMES[name], by, "nearest", {Tensor: None})
            theirs = theirs / 255 if name == "posterize" else theirs
            wrong = ((ours[i] - theirs).abs() > 1e-4).double().mean()
            between = 0.01 if name.split()[0] in ("shear", "rotate") else 0
            assert wrong <= between, (name, by, wrong)

    def test_flip_and_crop(self):
        """As the formula says, point by point."""
        ours = flip_and_crop(self.images, seeded(), smallest=0.5)
        generator = seeded()
        side = 0.5 + 0.5 * torch.rand(24, generator=generator)
        mirror = torch.randint(2, (24,), generator=generator) * 2 - 1
        offset = (2 * torch.rand(24, 2, generator=generator) - 1) * (1 - side)[:, None]
        affine = torch.zeros(24, 2, 3)
        affine[:, 0, 0], affine[:, 1, 1], affine[:, :, 2] = side * mirror, side, offset
        grid = F.affine_grid(affine, list(self.floats.shape), align_corners=False)
        theirs = F.grid_sample(self.floats, grid, padding_mode="reflection", align_corners=False)
        torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=0)


@pytest.mark.parametrize("change", EVERY, ids=lambda change: change.__name__)
class TestEvery:
    def test_it_is_reproducible_and_takes_pytorchs_own_numbers_too(self, change):
        images = some_images(16)
        first = change(images, seeded(3))
        assert torch.equal(first, change(images, generator=seeded(3)))
        assert not torch.equal(first, change(images, seeded(4)))
        torch.manual_seed(3)
        assert torch.equal(first, change(images))

    def test_each_image_is_changed_in_its_own_way(self, change):
        one = some_images(4)[3:]
        changed = change(one.expand(200, -1, -1, -1), seeded())
        ways = len({image.numpy().tobytes() for image in changed})
        assert ways == 2 if change is random_flip else ways > 60

    def test_what_comes_in_stays_and_what_comes_out_is_in_range(self, change):
        images = some_images(64)
        for batch in (images, images / 255):
            before = batch.clone()
            changed = change(batch, seeded())
            assert torch.equal(batch, before)
            assert changed.data_ptr() != batch.data_ptr()
            assert changed.shape == batch.shape and changed.dtype == torch.float32
            assert changed.min() >= 0 and changed.max() <= 1
        assert torch.equal(changed, change(images, seeded()))

    def test_type_and_memory_order(self, change):
        images = some_images(32) / 255
        plain = change(images, seeded())
        assert plain.is_contiguous()
        for dtype, error in ((torch.uint8, 0), (torch.float64, 0), (torch.bfloat16, 0.02)):
            batch = images.to(dtype) if dtype.is_floating_point else some_images(32)
            for order in (torch.contiguous_format, torch.channels_last):
                changed = change(batch.contiguous(memory_format=order), seeded())
                assert changed.is_contiguous(memory_format=order)
                assert changed.dtype == (dtype if dtype.is_floating_point else torch.float32)
                # A value next to a threshold may fall on its other side: few may differ by much.
                difference = (changed.float() - plain).abs()
                assert (difference > error).double().mean() <= (0.02 if error else 0)

    def test_a_batch_of_one(self, change):
        assert change(some_images(3)[2:], seeded()).shape == (1, 3, 36, 44)

    @pytest.mark.parametrize(
        ("batch", "words"),
        [
            (torch.zeros(3, 8, 8), r"shape \(3, 8, 8\)"),
            (torch.zeros(2, 1, 8, 8), r"shape \(2, 1, 8, 8\)"),
            (torch.zeros(0, 3, 8, 8), r"shape \(0, 3, 8, 8\)"),
            (torch.zeros(2, 3, 8, 8, dtype=torch.int64), "int64"),
        ],
    )
    def test_what_is_no_batch_is_told(self, change, batch, words):
        with pytest.raises(CatdogError, match=f"^images .*{words}"):
            change(batch)

    @pytest.mark.cuda
    def test_a_gpu_gets_the_same(self, change):
        images = some_images(64)
        there = change(images.cuda(), seeded())
        assert there.is_cuda
        difference = (there.cpu() - change(images, seeded())).abs()
        assert (difference > 1e-3).double().mean() < 1e-3


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (partial(random_flip, probability=1.5), "probability"),
        (partial(random_erasing, probability=-0.1), "probability"),
        (partial(random_erasing, area=(0.5, 0.2)), "area"),
        (partial(random_erasing, ratio=(0, 1)), "ratio"),
        (partial(random_resized_crop, area=(0.5, 1.2)), "area"),
        (partial(random_resized_crop, ratio=(2, 1)), "ratio"),
        (partial(random_rotation, padding="mirror"), "padding"),
        (partial(random_translation, share=2), "share"),
        (partial(random_translation, padding="mirror"), "padding"),
        (partial(flip_and_crop, smallest=0), "smallest"),
        (partial(colour_jitter, contrast=-1), "contrast"),
        (partial(colour_jitter, hue=0.6), "hue"),
    ],
)
def test_a_strength_that_cannot_be_is_named(change, name):
    with pytest.raises(CatdogError, match=f"^{name} is "):
        change(some_images(2))
