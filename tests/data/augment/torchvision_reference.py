"""What the tests of the augmentations compare with torchvision, and how."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from catdog_lib.data.augment.trivial_augment import NAMES

MANY = 4000  # samples of a distribution


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def some_images(count: int, height: int = 36, width: int = 44, seed: int = 0) -> Tensor:
    """Return smooth coloured clouds with some noise, uint8; the first two are grey and black."""
    clouds = torch.rand(count, 3, 5, 6, generator=seeded(seed))
    clouds = F.interpolate(clouds, (height, width), mode="bicubic", align_corners=True)
    noise = 0.1 * torch.randn(clouds.shape, generator=seeded(seed + 1))
    images = (255 * (clouds + noise).clamp(0, 1)).round().to(torch.uint8)
    images[0] = images[0, :1]
    images[1] = 0
    return images


def spy(monkeypatch, module, name: str) -> list[tuple]:
    """Record what the function of this name is called with, from now on."""
    calls, real = [], getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args: calls.append(args) or real(*args))
    return calls


def assert_same_distribution(ours: Tensor, theirs: Tensor) -> None:
    """Compare two samples by Kolmogorov and Smirnov: one false alarm in 1,000 seeds."""
    assert ours.ndim == theirs.ndim == 1 and min(len(ours), len(theirs)) >= 100
    places = torch.cat((ours, theirs)).double().unique()
    below = [
        torch.searchsorted(sample.double().sort().values, places, right=True) / len(sample)
        for sample in (ours, theirs)
    ]
    distance = (below[0] - below[1]).abs().max()
    assert distance < 1.95 * math.sqrt(1 / len(ours) + 1 / len(theirs))


def torchvision_params(transform, shape: tuple[int, int], *names: str) -> list[Tensor]:
    """Return MANY samples of a transform's parameters, for an image of this height and width."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        image = torch.zeros(3, *shape)
        params = [transform.make_params([image]) for _ in range(MANY)]
    return [torch.tensor([each[name] for each in params]) for name in names]


def torchvision_erasing_params(transform, shape: tuple[int, int]) -> list[Tensor]:
    """Return MANY samples of the parameters of RandomErasing, and whether it erases."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        params = [transform.make_params([torch.zeros(3, *shape)]) for _ in range(MANY)]
    columns = [[each[name] for each in params] for name in "ijhw"]
    return [*map(torch.tensor, columns), torch.tensor([each["v"] is not None for each in params])]


TORCHVISION_NAMES = {name: "".join(word.title() for word in name.split()) for name in NAMES}
TORCHVISION_NAMES |= {"saturation": "Color", "autocontrast": "AutoContrast"}
TORCHVISION_NAMES |= {
    f"{move} {axis}": f"{move.title()}{axis.upper()}"
    for move in ("shear", "translate")
    for axis in "xy"
}


def torchvision_strength(name: str, strength: Tensor) -> Tensor:
    """Convert a strength: torchvision counts factors from 1, and posterizes with whole bits."""
    if name in ("brightness", "saturation", "contrast", "sharpness"):
        return strength - 1
    return strength.round() if name == "posterize" else strength
