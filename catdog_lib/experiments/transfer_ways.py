"""The ways of the experiment with transfer: each takes images to learn from, and is tested.

Lesson 06, section 6.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from zlib import crc32

import torch
from torch import Tensor, nn

from catdog_lib.budget import choose
from catdog_lib.data import load
from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.data.sketch_sets import sketch_set
from catdog_lib.data.sources import SKETCHES
from catdog_lib.errors import CatdogError
from catdog_lib.models import backbone, build, cat_or_dog
from catdog_lib.models.backbones.families import OFFLINE
from catdog_lib.training.evaluate import evaluate
from catdog_lib.training.fit import fit
from catdog_lib.training.presets import named
from catdog_lib.training.recipe import Recipe
from catdog_lib.transfer.features import features_of
from catdog_lib.transfer.fine_tuning import fine_tune, positions
from catdog_lib.transfer.linear_probe import linear_probe

PROBE, TUNED, SCRATCH = "linear probe", "fine-tuning", "from scratch"
DRAWN = "drawings first"
LARGE_PROBE = "linear probe, 256 px"
# What the same features say with no training, by the backbone's own cats and dogs.
LEVELS = {PROBE: "no training", LARGE_PROBE: "no training, 256 px"}

FROM_SCRATCH = named("minutes")
# On validation photos, 224 pixels or the whole photo made square were worse for the large probe.
LARGE_SIZE, LARGE_RESIZE = 256, "crop"
IMAGES_SEEN = 30_000  # by a training run from scratch, about, in
EPOCHS = (14, 200)  # at least and at most this many epochs
# Seen once each, before any photo; 100,000 take a core about twenty minutes to draw.
DRAWINGS = {"quick": 1000, "standard": 100_000, "full": 100_000}
DRAWN_SIZE, DRAWN_SEED = 64, 100
DRAWN_RECIPE = named("drawings").recipe
# After the drawings, a lower rate was better on validation photos than that from scratch (76.0
# against 71.1% with 100 photos, two draws); from scratch it was not (63.1 against 64.9%, one).
DRAWN_RATE = 0.03
TUNING = Recipe(
    batch_size=16, lr=3e-4, lr_decay=0.7, schedule="cosine", augment=("flip_and_crop",), keep="last"
)
TUNED_IMAGES_SEEN = 3000
TUNED_EPOCHS = (1, 10)
TUNED_FROZEN = 2  # of the backbone's eight stages


class Ways:
    """The images, their features, and what can be made of some of them.

    Attributes:
        pool: training and validation images as one set: nothing is chosen on validation here.
        splits: as they were loaded.
    """

    def __init__(self, source: str | None, device: torch.device):
        """Load the images.

        Raises:
            CatdogError: they cannot be used.
        """
        self.device = device
        self.splits = load(source, FROM_SCRATCH.size, validation=FROM_SCRATCH.validation)
        self.pool = joined(self.splits)
        self._network = backbone(OFFLINE).to(device)

    def about(self) -> dict[str, object]:
        """Return what tells these images from others, as JSON can hold it."""
        checksum = 0
        for images in (self.pool, self.splits.test):
            for first in range(0, len(images), 64):
                checksum = crc32(images[first : first + 64][0].contiguous().numpy(), checksum)
        return {
            "source": SKETCHES if self.splits.source == SKETCHES else "photos",
            "size": self.pool.size,
            "train_images": len(self.pool),
            "test_images": len(self.splits.test),
            "pixels": f"{checksum:08x}",
        }

    @cache  # noqa: B019 (one object a process)
    def _features(self, way: str) -> tuple[Tensor, Tensor]:
        """Return the features of pool and test images for one of the two probes."""
        splits = self.splits
        if way == LARGE_PROBE:
            photos = splits.source != SKETCHES
            resize = {"resize": LARGE_RESIZE} if photos else {}
            share = FROM_SCRATCH.validation
            splits = load(splits.source, LARGE_SIZE, validation=share, **resize)
        sets = joined(splits), splits.test
        pool, test = (features_of(self._network, images) for images in sets)
        return pool, test

    def level(self, probe: str) -> float:
        """Return the accuracy with no training, on the features of one of the two probes."""
        features = self._features(probe)[1]
        with torch.no_grad():
            return self._share_right(cat_or_dog(self._network.head(features.to(self.device))))

    def measure(self, way: str, count: int, draw: int) -> float:
        """Return the test accuracy of one way that learns from ``count`` images of the pool.

        No images are enough for DRAWN alone.
        """
        if not count:
            return self._accuracy(self._of_drawings(draw))
        chosen = positions(self.pool, count, draw)
        if way in LEVELS:
            with torch.no_grad():
                return self._share_right(self._probe(way, chosen)(self._features(way)[1]))
        # The last epoch's weights are kept: validation chooses nothing, so a few images will do.
        few = self.splits.validation.sample(4)
        data = replace(self.splits, train=self.pool.subset(chosen), validation=few)
        if way == TUNED:
            return self._tuned(data, chosen, draw)
        model = self._of_drawings(draw) if way == DRAWN else None
        return self._accuracy(self._trained(data, draw, model))

    def _probe(self, way: str, chosen: Tensor) -> nn.Linear:
        return linear_probe(self._features(way)[0][chosen], self.pool.labels[chosen])

    def _share_right(self, logits: Tensor) -> float:
        return (logits.argmax(1).cpu() == self.splits.test.labels).double().mean().item()

    def _tuned(self, data: Splits, chosen: Tensor, draw: int) -> float:
        epochs = _within(TUNED_EPOCHS, TUNED_IMAGES_SEEN // len(chosen))
        recipe = replace(TUNING, epochs=epochs, seed=draw)
        head = self._probe(PROBE, chosen)
        model = fine_tune(data, recipe, head, frozen=TUNED_FROZEN, device=str(self.device))
        return evaluate(model, data.test).accuracy

    def _trained(self, data: Splits, draw: int, model: nn.Module | None) -> nn.Module:
        """Return the course's own network, trained from the start, or going on from ``model``."""
        epochs = _within(EPOCHS, IMAGES_SEEN // len(data.train))
        recipe = replace(FROM_SCRATCH.recipe, epochs=epochs, seed=draw)
        if model is None:
            torch.manual_seed(draw)
            model = build(FROM_SCRATCH.model)
        else:
            recipe = replace(recipe, lr=DRAWN_RATE, whiten=False)
        fit(model, data, recipe, device=str(self.device), progress=False)
        return model

    def _of_drawings(self, seed: int) -> nn.Module:
        """Return the course's own network, trained on drawings alone."""
        model = build(FROM_SCRATCH.model)
        model.load_state_dict(self._drawn_weights(seed))
        return model

    @cache  # noqa: B019 (one object a process)
    def _drawn_weights(self, seed: int) -> dict[str, Tensor]:
        drawn = sketch_set(choose(**DRAWINGS), DRAWN_SIZE, seed=DRAWN_SEED).images
        data = replace(self.splits, train=drawn, validation=drawn.sample(4))
        torch.manual_seed(seed)
        model = build(FROM_SCRATCH.model)
        recipe = replace(DRAWN_RECIPE, seed=seed)
        fit(model, data, recipe, device=str(self.device), progress=False)
        return model.cpu().state_dict()

    def _accuracy(self, model: nn.Module) -> float:
        recipe = FROM_SCRATCH.recipe
        test, sizes = self.splits.test, recipe.test_sizes
        return evaluate(model, test, flip=recipe.test_flip, sizes=sizes).accuracy


def _within(limits: tuple[int, int], value: int) -> int:
    """Return the value, or the limit beyond which it lies."""
    least, most = limits
    return min(max(value, least), most)


def joined(splits: Splits) -> ImageSet:
    """Return training and validation images as one set.

    Raises:
        CatdogError: they come from folders of their own.
    """
    a, b = splits.train, splits.validation
    if a.store is not b.store:
        raise CatdogError(
            f"{splits.source!r} brings its own validation photos; the experiment takes a folder "
            "without."
        )
    return ImageSet(
        a.store, torch.cat([a.rows, b.rows]), torch.cat([a.labels, b.labels]), a.names + b.names
    )
