"""The course's networks, by class and by name; each normalizes images and returns logits."""

import inspect

from torch import nn

from catdog_lib.errors import CatdogError
from catdog_lib.models.backbones.backbone import (
    IMAGENET_CATS,
    IMAGENET_DOGS,
    Backbone,
    backbone,
    cat_or_dog,
)
from catdog_lib.models.backbones.families import FAMILIES, OFFLINE, family_of
from catdog_lib.models.backbones.imagenet_classes import imagenet_classes
from catdog_lib.models.five_conv import FiveConvCNN
from catdog_lib.models.freezing import freeze, unfreeze
from catdog_lib.models.layers import Normalize
from catdog_lib.models.residual import ResidualCNN
from catdog_lib.models.six_block import SixBlockCNN
from catdog_lib.models.transfer import TransferClassifier, make_head

MODELS: dict[str, type[nn.Module]] = {
    "six_block": SixBlockCNN,
    "five_conv": FiveConvCNN,
    "residual": ResidualCNN,
    "transfer": TransferClassifier,
}

__all__ = [
    "FAMILIES",
    "IMAGENET_CATS",
    "IMAGENET_DOGS",
    "MODELS",
    "OFFLINE",
    "Backbone",
    "FiveConvCNN",
    "Normalize",
    "ResidualCNN",
    "SixBlockCNN",
    "TransferClassifier",
    "backbone",
    "build",
    "cat_or_dog",
    "count_parameters",
    "family_of",
    "freeze",
    "imagenet_classes",
    "make_head",
    "rebuild",
    "unfreeze",
]


def build(name: str, **settings) -> nn.Module:
    """Return a new network by name; its class keeps ``settings`` as ``model.settings``.

    Raises:
        CatdogError: there is no such name, or the class refuses a setting.
    """
    if name not in MODELS:
        raise CatdogError(f"There is no model {name!r}; use one of {', '.join(MODELS)}.")
    known = inspect.signature(MODELS[name]).parameters
    if unknown := sorted(set(settings) - set(known)):
        raise CatdogError(f"{name} has no setting {unknown[0]!r}; it has {', '.join(known)}.")
    return MODELS[name](**settings)


def rebuild(name: str, settings: dict) -> nn.Module:
    """Return the network with these settings for saved weights: ImageNet's are not read."""
    without_weights = {"pretrained": False} if "pretrained" in settings else {}
    return build(name, **{**settings, **without_weights})


def count_parameters(model: nn.Module) -> int:
    """Return how many trainable parameters a network has; one that is used twice counts once."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
