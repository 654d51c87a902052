"""What the bench measures: a row for each network, with its images and how it is trained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import nn

from catdog_lib import models
from catdog_lib.inspect.shape_table import shape_table
from catdog_lib.training.presets import RECIPES
from catdog_lib.training.recipe import Recipe


@dataclass(frozen=True)
class Row:
    """One comparison.

    Attributes:
        model: a name in :data:`catdog_lib.models.MODELS`; without a recipe, of a backbone, which
            gets random weights.
        size: height and width of the images, in pixels.
        recipe: how it is trained; None: it is not, its features are extracted.
        settings: of the model, besides its size.
    """

    model: str
    size: int
    recipe: Recipe | None = None
    settings: Mapping[str, int] = field(default_factory=dict)

    @property
    def batch_size(self) -> int:
        """How many images are computed at once."""
        return self.recipe.batch_size if self.recipe else 32

    def build(self) -> nn.Module:
        """Build the network, which takes uint8 or float images.

        A feature extractor has no last layer.
        """
        if self.recipe:
            return models.build(self.model, size=self.size, **self.settings)
        network = models.backbone(self.model, pretrained=False)
        network.head = None
        return network

    def multiply_adds(self) -> int:
        """Return how many multiply-adds one image takes.

        That is the forward pass, and in training twice as many again for the two gradients of every
        layer.
        """
        uses = shape_table(self.build(), torch.zeros(1, 3, self.size, self.size))
        return sum(use.multiply_adds for use in uses) * (3 if self.recipe else 1)


ROWS: dict[str, Row] = {
    "five_conv": Row("five_conv", 256, Recipe(lr=1e-4, augment=("random_flip",))),
    "six_block": Row(
        "six_block", 224, Recipe(batch_size=16, lr=1e-4, augment=("trivial_augment",))
    ),
    "champion": Row("residual", 64, replace(RECIPES["champion"].recipe, train_sizes=())),
    "features": Row(models.OFFLINE, 224),
}
SMALL_ROWS: dict[str, Row] = {
    "five_conv": Row("five_conv", 64, Recipe(batch_size=8), {"width": 4}),
    "six_block": Row("six_block", 64, Recipe(batch_size=8), {"width": 4}),
    "champion": Row("residual", 32, Recipe(batch_size=8), {"width": 4}),
    "features": Row(models.OFFLINE, 64),
}
