"""Networks of torchvision with their ImageNet weights: downloaded once, checked, data only."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import ModuleType

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError

# torchvision passes normalized images to these; they undo that and normalize by these numbers.
_OWN_NORMALISATION = {"googlenet": (0.5,) * 3, "inception_v3": (0.5,) * 3}
# DenseNet's published files still have names such as norm.1, which layers may no longer have.
_OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


def torchvision_models() -> ModuleType:
    """Return ``torchvision.models``, imported when first needed: that takes as long as PyTorch."""
    from torchvision import models

    return models


def torchvision_network(name: str, pretrained: bool, progress: bool) -> nn.Module:
    """Return the network of this name from ``torchvision.models``, without auxiliary heads.

    Raises:
        CatdogError: its weights are unavailable.
    """
    builder = torchvision_models().get_model_builder(name)
    kind = inspect.signature(builder).return_annotation
    takes = inspect.signature(kind if isinstance(kind, type) else builder).parameters
    settings: dict[str, bool] = {}
    if "aux_logits" in takes:
        # Their own random weights are so small that features come out as 0 before training.
        settings = {"aux_logits": False, "init_weights": False}
    elif "init_weights" in takes:
        settings = {"init_weights": not pretrained}
    network = builder(weights=None, **settings)
    if pretrained:
        published = _download(name, progress)
        state = {_OLD_NAME.sub(r"\1\2", key): value for key, value in published.items()}
        # Old files do not count BatchNorm's batches; what else is missing, PyTorch names.
        network.load_state_dict({key: state[key] for key in network.state_dict() if key in state})
    return network


def torchvision_input(name: str) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
    """Return the image size that the published weights expect, and their mean and std."""
    published = torchvision_models().get_model_weights(name).DEFAULT.transforms()
    mean, std = tuple(published.mean), tuple(published.std)
    if name in _OWN_NORMALISATION:
        mean = std = _OWN_NORMALISATION[name]
    return published.crop_size[0], mean, std


def _download(name: str, progress: bool) -> Mapping[str, Tensor]:
    """Return the published weights of a network, from torchvision's cache or the internet."""
    weights = torchvision_models().get_model_weights(name).DEFAULT
    try:
        return weights.get_state_dict(
            progress=progress, check_hash=True, map_location="cpu", weights_only=True
        )
    except Exception as error:  # no network, another hash, a full disk, a damaged file
        raise CatdogError(
            f"The ImageNet weights of {name} are unavailable from {weights.url} ({error}); put "
            f"that file into {torch.hub.get_dir()}/checkpoints, or use efficientnet_lite0, whose "
            "weights come with the course."
        ) from None
