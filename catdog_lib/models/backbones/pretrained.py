"""Networks of torchvision with their weights from ImageNet: downloaded once, checked, and loaded as
data only.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from types import ModuleType

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError

# torchvision hands these networks normalised pictures, and they undo that and normalise by these
# numbers.
_OWN_NORMALISATION = {"googlenet": (0.5,) * 3, "inception_v3": (0.5,) * 3}
# DenseNet's published files still have names such as norm.1, which layers may no longer have.
_OLD_NAME = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")


def torchvision_models() -> ModuleType:
    """``torchvision.models``, imported when it is first needed: that takes as long as importing
    PyTorch.
    """
    from torchvision import models

    return models


def torchvision_network(name: str, pretrained: bool, progress: bool) -> nn.Module:
    """The network of this name from ``torchvision.models``, without auxiliary heads.

    Raises:
        CatdogError: its weights cannot be had.
    """
    builder = torchvision_models().get_model_builder(name)
    kind = inspect.signature(builder).return_annotation
    takes = inspect.signature(kind if isinstance(kind, type) else builder).parameters
    settings: dict[str, bool] = {}
    if "aux_logits" in takes:
        # Their own random weights are so small that, before BatchNorm has seen pictures, features
        # come out as 0.
        settings = {"aux_logits": False, "init_weights": False}
    elif "init_weights" in takes:
        settings = {"init_weights": not pretrained}
    network = builder(weights=None, **settings)
    if pretrained:
        published = _download(name, progress)
        state = {_OLD_NAME.sub(r"\1\2", key): value for key, value in published.items()}
        network.load_state_dict({key: state[key] for key in network.state_dict()})
    return network


def torchvision_input(name: str) -> tuple[int, tuple[float, ...], tuple[float, ...]]:
    """Height and width of the pictures that the published weights want, and their mean and standard
    deviation.
    """
    published = torchvision_models().get_model_weights(name).DEFAULT.transforms()
    mean, std = tuple(published.mean), tuple(published.std)
    if name in _OWN_NORMALISATION:
        mean = std = _OWN_NORMALISATION[name]
    return published.crop_size[0], mean, std


def _download(name: str, progress: bool) -> Mapping[str, Tensor]:
    weights = torchvision_models().get_model_weights(name).DEFAULT
    try:
        return weights.get_state_dict(
            progress=progress, check_hash=True, map_location="cpu", weights_only=True
        )
    except Exception as error:  # no network, another hash, a full disk, a damaged file
        raise CatdogError(
            f"The ImageNet weights of {name} cannot be had from {weights.url} ({error}); put that "
            f"file into {torch.hub.get_dir()}/checkpoints, or use efficientnet_lite0, whose "
            "weights come with the course."
        ) from None
