"""Train the head of a frozen network on its features, which are computed once for all epochs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from torch import Tensor, nn

from catdog_lib.data.image_set import ImageSet, Splits
from catdog_lib.models import TransferClassifier
from catdog_lib.training.recipe import Recipe
from catdog_lib.transfer.features import features_of


class FeatureHead(nn.Module):
    """The head of a network, for features in the place of images.

    Its weights have the names that they have in the whole network.

    Shape: N×D×1×1  →  logits, N×2.
    """

    def __init__(self, head: nn.Module):
        super().__init__()
        self.head = head

    def forward(self, features: Tensor) -> Tensor:
        return self.head(features.flatten(1))


def repeats_itself(model: nn.Module, recipe: Recipe) -> bool:
    """Tell whether each epoch would compute the same features of the same images again."""
    if not isinstance(model, TransferClassifier) or recipe.whiten:
        return False
    learns = any(parameter.requires_grad for parameter in model.backbone.parameters())
    return not (learns or recipe.augment or recipe.test_flip or recipe.test_sizes)


def featured(backbone: nn.Module, dataset: ImageSet, **options: Any) -> ImageSet:
    """Return the set with features for images, N×D×1×1, float32, as :class:`FeatureHead` takes.

    The options are those of :func:`catdog_lib.transfer.features.features_of`.
    """
    return dataset.with_images(features_of(backbone, dataset, **options)[:, :, None, None])


def on_features(
    model: TransferClassifier, data: Splits, **options: Any
) -> tuple[FeatureHead, Splits]:
    """Return the head of ``model`` and, as its images, the features of each set of ``data``.

    Training that head trains the model's.

    Args:
        model: its backbone is frozen.
        data: the images.
        options: those of :func:`catdog_lib.transfer.features.features_of`.
    """
    sets = {
        name: featured(model.backbone, getattr(data, name), **options)
        for name in ("train", "validation", "test")
    }
    return FeatureHead(model.head), replace(data, **sets)
