"""Heads on cached features: seconds in place of hours.

Lesson 06, section 1; Lesson 06, section 5.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.data.image_set import batch_sizes
from catdog_lib.errors import CatdogError
from catdog_lib.models import make_head
from catdog_lib.training.metrics import check_labels
from catdog_lib.training.recipe import Recipe
from catdog_lib.training.trainer import Trainer

WEIGHT_DECAY = 0.1  # chosen on 1,200 validation photos, for 10, 100 and 6,800 to learn from
HEAD_RECIPE = Recipe(epochs=10, batch_size=100, lr=3e-3)  # a public project's; docs/credits.md


def linear_probe(
    features: Tensor, labels: Tensor, *, weight_decay: float = WEIGHT_DECAY
) -> nn.Linear:
    """Solve logistic regression on features to the end: one new layer, N×D  →  N×2 logits.

    It minimizes the mean cross-entropy + ½ · weight_decay · ‖W‖², for features brought to mean 0
    and, all of them together, variance 1. There is one minimum, which L-BFGS finds from wherever it
    begins: no learning rate, no order of the images and no seed. Means and scale are folded into
    the weights, so that the layer takes the features as they are.

    To divide each feature by its own standard deviation would be worse with few images: of ten,
    many features show nearly the same value, and what was noise in them would weigh as much as what
    tells cats from dogs.

    Args:
        features: N×D.
        labels: N, int64.
        weight_decay: above 0; else the weights of features that separate classes would grow without
            end.

    Raises:
        CatdogError: weight_decay is not above 0, or the labels are not 0 or 1 for each image.

    Source: D. Liu and J. Nocedal 1989, Mathematical Programming 45, 503–528.
    """
    if weight_decay <= 0:
        raise CatdogError(f"weight_decay is {weight_decay}; linear_probe needs one above 0.")
    check_labels(labels, len(features), 2)
    x = features.double()
    mean = x.mean(0)
    spread = x.var(0, correction=0).mean().sqrt().clamp(min=1e-12)  # 0 if all images are alike
    x = (x - mean) / spread
    weight = torch.zeros(2, x.shape[1], dtype=torch.float64, requires_grad=True)
    bias = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [weight, bias],
        max_iter=500,
        tolerance_grad=1e-6,
        tolerance_change=1e-10,
        line_search_fn="strong_wolfe",
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = F.cross_entropy(F.linear(x, weight, bias), labels)
        value = value + 0.5 * weight_decay * weight.square().sum()
        value.backward()
        return value

    optimizer.step(loss)
    head = nn.utils.skip_init(nn.Linear, x.shape[1], 2)  # draws no random numbers
    with torch.no_grad():
        head.weight.copy_(weight / spread)
        head.bias.copy_(bias - (weight / spread) @ mean)
    return head


def fit_head(
    features: Tensor, labels: Tensor, head: Sequence[int] = (), recipe: Recipe = HEAD_RECIPE
) -> nn.Module:
    """Train a head with hidden layers on features: N×D  →  N×2 logits.

    The steps are those of :func:`catdog_lib.training.fit.fit`.

    Args:
        features: N×D.
        labels: N, int64.
        head: units of the hidden layers; () is one new layer (:func:`catdog_lib.models.make_head`).
        recipe: how to train, and the seed of weights and order; it may not change images.

    Raises:
        CatdogError: a hidden layer has no unit, the recipe changes images, the labels are not 0 or
            1 for each image, or the loss is not finite.
    """
    if recipe.augment:
        raise CatdogError(
            "A head on cached features sees no images, so nothing can change them: leave "
            "augment empty."
        )
    check_labels(labels, len(features), 2)
    torch.manual_seed(recipe.seed)
    network = make_head(features.shape[1], head)
    sizes = batch_sizes(len(labels), recipe.batch_size)
    recipe = replace(recipe, precision="float32")
    trainer = Trainer(network, recipe, None, torch.device("cpu"), len(sizes))
    network.train()
    for _ in range(recipe.epochs):
        order = torch.randperm(len(labels), generator=trainer.generator)
        for which in order.split(sizes):
            trainer.step(features[which], labels[which])
    return trainer.eval_model.eval()
