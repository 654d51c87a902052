"""Augmentation of whole batches does to each image what torchvision does to one."""

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
from catdog_lib.data.augment import transforms as transforms_module
from catdog_lib.data.augment.random_params import sample_crops, sample_erase_boxes, sample_jitter
from catdog_lib.data.augment.trivial_augment import NAMES, sample_operations
from catdog_lib.errors import CatdogError
from tests.data.augment.torchvision_reference import (
    TORCHVISION_NAMES,
    seeded,
    some_images,
    spy,
    torchvision_strength,
)

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


class TestPixels:
    """With the same random parameters, the images are those of torchvision."""

    images = some_images(24)
    floats = images / 255

    def close(self, ours: Tensor, theirs: list[Tensor], atol: float = 2e-5) -> None:
        torch.testing.assert_close(ours, torch.stack(theirs), atol=atol, rtol=0)

    def test_resized_crop(self):
        """Compare up to the edges of the box, beyond which torchvision cannot see."""
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
        calls = spy(monkeypatch, transforms_module, "rotations")
        ours = random_rotation(self.images, seeded(), degrees=60)
        pairs = zip(self.floats, calls[0][0].tolist(), strict=True)
        self.close(
            ours, [TF.rotate(image, angle, v2.InterpolationMode.BILINEAR) for image, angle in pairs]
        )

    def test_translation(self, monkeypatch):
        calls = spy(monkeypatch, transforms_module, "translations")
        ours = random_translation(self.images, seeded(), share=0.4)
        shifts = torch.stack(calls[0], 1).int().tolist()
        pairs = zip(self.floats, shifts, strict=True)
        straight = dict(angle=0, scale=1, shear=[0, 0])
        self.close(ours, [TF.affine(image, translate=shift, **straight) for image, shift in pairs])

    @pytest.mark.parametrize("transform", [random_rotation, random_translation])
    def test_padding(self, transform):
        """Check that nothing black comes into white images, unless it is asked for."""
        white = torch.ones(8, 3, 20, 20)
        assert transform(white, seeded()).min() == 0
        for padding in ("border", "reflection"):
            assert transform(white, seeded(), padding=padding).min() > 0.999
            kept = transform(self.images, seeded(), padding=padding)
            assert (kept - transform(self.images, seeded()))[:, :, 12:24, 14:30].abs().max() < 1e-6

    @pytest.mark.parametrize(
        ("transform", "theirs", "low", "high"),
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
    def test_colours(self, transform, theirs, low, high):
        factors = torch.linspace(low, high, len(self.floats))
        pairs = zip(self.floats, factors.tolist(), strict=True)
        self.close(transform(self.floats, factors), [theirs(image, by) for image, by in pairs])

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
        transforms = (TF.adjust_brightness, TF.adjust_contrast, TF.adjust_saturation, TF.adjust_hue)
        for seed in range(6):
            ours = colour_jitter(self.images, seeded(seed), **strengths)
            factors, order = sample_jitter(24, strengths, seeded(seed))
            theirs = []
            for image, own in zip(self.floats, factors.tolist(), strict=True):
                for number in order.tolist():
                    image = transforms[number](image, own[number])
                theirs.append(image)
            self.close(ours, theirs)

    def test_erasing(self):
        ours = random_erasing(self.images, seeded(), value=0.25)
        boxes = sample_erase_boxes(self.images.shape, 0.5, (0.02, 0.33), (0.3, 3.3), seeded()).int()
        assert 5 < (boxes[:, 2] > 0).sum() < 20
        pairs = zip(self.floats, boxes.tolist(), strict=True)
        self.close(ours, [TF.erase(image, *box, torch.tensor(0.25)) for image, box in pairs])

    def test_trivial(self):
        """Compare; of two equally near pixels, either may be chosen."""
        images = some_images(420)
        operation, strength = sample_operations(420, seeded())
        assert set(operation.tolist()) == set(range(14))
        ours = trivial_augment(images, seeded())
        apply = v2.TrivialAugmentWide()._apply_image_or_video_transform
        for i, number in enumerate(operation.tolist()):
            name = NAMES[number]
            by = torchvision_strength(name, strength[i]).item()
            # Posterize counts bits, of which only integers have eight.
            before = images[i] if name == "posterize" else images[i] / 255
            theirs = apply(
                before, TORCHVISION_NAMES[name], by, v2.InterpolationMode.NEAREST, {Tensor: None}
            )
            theirs = theirs / 255 if name == "posterize" else theirs
            wrong = ((ours[i] - theirs).abs() > 1e-4).double().mean()
            between = 0.01 if name.split()[0] in ("shear", "rotate") else 0
            assert wrong <= between, (name, by, wrong)

    def test_flip_and_crop(self):
        """Compare with the formula, point by point."""
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


@pytest.mark.parametrize("transform", EVERY, ids=lambda transform: transform.__name__)
class TestEveryTransform:
    def test_it_is_reproducible_with_and_without_a_generator(self, transform):
        images = some_images(16)
        first = transform(images, seeded(3))
        assert torch.equal(first, transform(images, generator=seeded(3)))
        assert not torch.equal(first, transform(images, seeded(4)))
        torch.manual_seed(3)
        assert torch.equal(first, transform(images))

    def test_each_image_is_changed_in_its_own_way(self, transform):
        one = some_images(4)[3:]
        changed = transform(one.expand(200, -1, -1, -1), seeded())
        ways = len({image.numpy().tobytes() for image in changed})
        assert ways == 2 if transform is random_flip else ways > 60

    def test_what_comes_in_stays_and_what_comes_out_is_in_range(self, transform):
        images = some_images(64)
        for batch in (images, images / 255):
            before = batch.clone()
            changed = transform(batch, seeded())
            assert torch.equal(batch, before)
            assert changed.data_ptr() != batch.data_ptr()
            assert changed.shape == batch.shape and changed.dtype == torch.float32
            assert changed.min() >= 0 and changed.max() <= 1
        assert torch.equal(changed, transform(images, seeded()))

    def test_type_and_memory_order(self, transform):
        images = some_images(32) / 255
        plain = transform(images, seeded())
        assert plain.is_contiguous()
        for dtype, error in ((torch.uint8, 0), (torch.float64, 0), (torch.bfloat16, 0.02)):
            batch = images.to(dtype) if dtype.is_floating_point else some_images(32)
            for order in (torch.contiguous_format, torch.channels_last):
                changed = transform(batch.contiguous(memory_format=order), seeded())
                assert changed.is_contiguous(memory_format=order)
                assert changed.dtype == (dtype if dtype.is_floating_point else torch.float32)
                # A value next to a threshold may fall on its other side: few may differ by much.
                difference = (changed.float() - plain).abs()
                assert (difference > error).double().mean() <= (0.02 if error else 0)

    def test_a_batch_of_one(self, transform):
        assert transform(some_images(3)[2:], seeded()).shape == (1, 3, 36, 44)

    @pytest.mark.parametrize(
        ("batch", "words"),
        [
            (torch.zeros(3, 8, 8), r"shape \(3, 8, 8\)"),
            (torch.zeros(2, 1, 8, 8), r"shape \(2, 1, 8, 8\)"),
            (torch.zeros(0, 3, 8, 8), r"shape \(0, 3, 8, 8\)"),
            (torch.zeros(2, 3, 8, 8, dtype=torch.int64), "int64"),
        ],
    )
    def test_anything_but_a_batch_is_refused(self, transform, batch, words):
        with pytest.raises(CatdogError, match=f"^images .*{words}"):
            transform(batch)

    @pytest.mark.cuda
    def test_a_gpu_gets_the_same(self, transform):
        images = some_images(64)
        there = transform(images.cuda(), seeded())
        assert there.is_cuda
        difference = (there.cpu() - transform(images, seeded())).abs()
        assert (difference > 1e-3).double().mean() < 1e-3


@pytest.mark.parametrize(
    ("transform", "name"),
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
        (partial(flip_and_crop, size=0), "size"),
        (partial(flip_and_crop, size=-3), "size"),
        (partial(random_rotation, degrees=float("nan")), "degrees"),
        (partial(random_erasing, value=5), "value"),
        (partial(colour_jitter, brightness=(0.8, 1.2)), "brightness"),
        (partial(colour_jitter, contrast=-1), "contrast"),
        (partial(colour_jitter, hue=0.6), "hue"),
    ],
)
def test_an_impossible_strength_is_named(transform, name):
    with pytest.raises(CatdogError, match=f"^{name} is "):
        transform(some_images(2))


def test_flip_and_crop_mirrors_half_and_keeps_the_rest_in_place():
    images = torch.zeros(400, 3, 16, 16, dtype=torch.uint8)
    images[..., :8] = 255  # left half white
    changed = flip_and_crop(images, torch.Generator().manual_seed(0), smallest=0.999)
    mirrored = changed[:, 0, 8, 12] > 0.5
    assert 150 < mirrored.sum() < 250
    assert torch.allclose(changed[~mirrored][:, :, :, :6], torch.ones(()), atol=0.02)
    again = flip_and_crop(images, torch.Generator().manual_seed(0), smallest=0.999)
    assert torch.equal(changed, again)
