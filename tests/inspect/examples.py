"""Networks and images for the tests of ``inspect`` and ``explain``."""

import torch
from torch import Tensor, nn

from catdog_lib import models

SIZE = 64
# The layer of each network that gives the last feature maps.
LAST_FEATURE_MAPS = {
    "five_conv": "features.17",
    "residual": "stages.2",
    "six_block": "deep.0.2#4",
}


def random_images(count: int = 3, size: int = SIZE, seed: int = 0) -> Tensor:
    """Return images of noise, N×3×size×size, uint8."""
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(0, 256, (count, 3, size, size), dtype=torch.uint8, generator=generator)


def network(name: str, width: int = 4) -> nn.Module:
    """Return a network for images of 64×64, in evaluation mode, its BatchNorm as if trained."""
    torch.manual_seed(0)
    if name == "transfer":
        return models.TransferClassifier(pretrained=False, size=SIZE).eval()
    model = models.build(name, size=SIZE, width=width).eval()
    for layer in model.modules():  # so that no branch is cut off
        if isinstance(layer, nn.BatchNorm2d):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.uniform_(layer.running_var, 0.01, 0.1)
    return model


def hook_count(model: nn.Module) -> int:
    """Return the number of hooks on all modules."""
    return sum(len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules())
