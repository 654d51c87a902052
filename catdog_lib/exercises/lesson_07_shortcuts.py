"""Checker of lesson 07, Feature maps: plant a shortcut, train on it, and find it (07.5)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.random_inputs import seeded
from catdog_lib.exercises.registry import exercise, require
from catdog_lib.models import Normalize
from catdog_lib.sketches import draw_images

SIZE, TRAIN, TEST = 32, 100, 60
LARGEST = 0.03  # share of the pixels that may change


def _trained(images: Tensor, labels: Tensor) -> nn.Module:
    """Return a small network after a few epochs; it takes about two seconds."""
    with seeded(0):
        layers: list[nn.Module] = [Normalize()]
        for inputs, outputs in ((3, 12), (12, 16), (16, 16)):
            conv = nn.Conv2d(inputs, outputs, 3, padding=1)
            layers += [conv, nn.BatchNorm2d(outputs), nn.ReLU(), nn.MaxPool2d(2)]
        network = nn.Sequential(*layers, nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(16, 2))
        optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
        with torch.enable_grad():
            for _ in range(8):
                for rows in torch.randperm(len(images)).split(20):
                    loss = F.cross_entropy(network(images[rows]), labels[rows])
                    optimizer.zero_grad()
                    loss.backward()
                    optimizer.step()
    return network.eval()


def _planted(answer: Callable, images: Tensor, labels: Tensor) -> Tensor:
    """Return what the student's function makes of the images, once it has the right form."""
    value = ask(
        answer, images, labels, keeps="the images or the labels that it was given", draws=True
    )
    good = isinstance(value, Tensor) and value.shape == images.shape
    require(good, f"Return the changed images, a tensor of shape {tuple(images.shape)}.")
    require(value.dtype == torch.uint8, f"Return uint8, as given; yours is {value.dtype}.")
    return value


@torch.no_grad()
def _accuracy(network: nn.Module, images: Tensor, labels: Tensor) -> float:
    return (network(images).argmax(1) == labels).double().mean().item()


@torch.no_grad()
def _share_of_heat(network: nn.Module, images: Tensor, labels: Tensor, mask: Tensor) -> float:
    """Return the share of occlusion's heat that lies on the mask (N×H×W), with 4×4 squares."""

    def margin(x: Tensor) -> Tensor:
        logits = network(x)
        return logits.gather(1, labels[:, None])[:, 0] - logits.gather(1, 1 - labels[:, None])[:, 0]

    whole, heat = margin(images), torch.zeros(mask.shape)
    for top in range(0, SIZE, 4):
        for left in range(0, SIZE, 4):
            covered = images.clone()
            covered[:, :, top : top + 4, left : left + 4] = 127
            heat[:, top : top + 4, left : left + 4] = (whole - margin(covered))[:, None, None]
    heat = heat.relu()
    return ((heat * mask).sum() / heat.sum().clamp(min=1e-9)).item()


@exercise("07.5", "plant")
def plant(answer: Callable[[Tensor, Tensor], Tensor]) -> str:
    """Check a function of (images, labels): the images with a small mark that gives them away."""
    images, labels = (torch.from_numpy(a).contiguous() for a in draw_images(TRAIN, SIZE, 70))
    ours, swapped = (_planted(answer, images, one) for one in (labels, 1 - labels))
    changed = ((ours != images) | (swapped != images)).any(1)
    require(bool(changed.any()), "You changed no pixel: there is no shortcut to find.")
    touched = max(int((one != images).any(1).sum((1, 2)).max()) for one in (ours, swapped))
    pixels = SIZE * SIZE
    require(
        touched <= LARGEST * pixels,
        f"You changed {touched} of an image's {pixels} pixels; at most {LARGEST:.0%}, which is "
        f"{int(LARGEST * pixels)}, so that the animal stays what it is.",
    )
    require(
        not torch.equal(ours, swapped),
        "Your mark is the same whatever the label is: then it gives nothing away.",
    )
    network = _trained(ours, labels)
    test, truth = (torch.from_numpy(a).contiguous() for a in draw_images(TEST, SIZE, 71))
    marked, exchanged = (_planted(answer, test, one) for one in (truth, 1 - truth))
    right, fooled = (_accuracy(network, one, truth) for one in (marked, exchanged))
    numbers = (
        f"A small network trained on your images is right on {right:.0%} of new ones, and on "
        f"{fooled:.0%} once cats and dogs have exchanged their marks"
    )
    require(
        right >= 0.85 and fooled <= 0.4,
        f"{numbers}: it does not rely on your mark enough (it should be right on at least 85%, and "
        "then on at most 40%). Does each image get the mark of its own label? If so, make the mark "
        "easier to see than the animal: larger, of one colour, or in the same place each time.",
    )
    mask = ((marked != test) | (exchanged != test)).any(1)
    heat = _share_of_heat(network, marked, truth, mask)
    return (
        f"{numbers}. Of occlusion's heat, {heat:.0%} lies on your mark, which covers "
        f"{mask.double().mean():.1%} of the area."
    )
