"""Does a network notice that the pixels of all images have been shuffled in the same way?

Lesson 01, section 5.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from catdog_lib.data.image_set import ImageSet
from catdog_lib.models.layers import Normalize

NETWORKS = ("perceptron", "convolutional network")
SIDE = 16  # of the images, in pixels: small, so that many networks are trained in seconds


def shuffle_pixels(images: Tensor, seed: int) -> Tensor:
    """Return the images with their pixels in another order, the same for all and all channels.

    Args:
        images: N×C×H×W.
        seed: of the order.
    """
    count = images.shape[2] * images.shape[3]
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return images.flatten(2)[..., order].view_as(images)


def network(kind: str, side: int = SIDE) -> nn.Module:
    """Return one of the two ``NETWORKS`` for images of 3×side×side, with its first weights."""
    if kind == "perceptron":
        layers = [nn.Flatten(), nn.Linear(3 * side * side, 64), nn.ReLU(), nn.Linear(64, 2)]
        return nn.Sequential(Normalize(), *layers)
    blocks: list[nn.Module] = []
    for c_in, c_out in ((3, 16), (16, 32)):
        convolution = nn.Conv2d(c_in, c_out, 3, padding=1)
        blocks += [convolution, nn.BatchNorm2d(c_out), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(Normalize(), *blocks, nn.Flatten(), nn.Linear(32 * (side // 4) ** 2, 2))


def accuracies(
    learned: ImageSet, judges: ImageSet, runs: int, epochs: int, seed: int = 0
) -> dict[str, dict[str, list[float]]]:
    """Train both networks on the images as they are and on shuffled ones, a few times each.

    Args:
        learned: to train on.
        judges: to measure the accuracy on.
        runs: how many networks of each kind; a run's networks share their first weights and order
            of batches.
        epochs: of training.
        seed: of the first run.

    Returns:
        Network → "as they are" or "shuffled" → the accuracy of each run, in percent.
    """
    found = {kind: {"as they are": [], "shuffled": []} for kind in NETWORKS}
    sets = [(_small(images), images.labels) for images in (learned, judges)]
    for run in range(seed, seed + runs):
        for kind in NETWORKS:
            for order, scores in found[kind].items():
                shown = [
                    (shuffle_pixels(images, run) if order == "shuffled" else images, labels)
                    for images, labels in sets
                ]
                scores.append(_accuracy(kind, *shown, epochs, run))
    return found


def _small(images: ImageSet) -> Tensor:
    return F.interpolate(images[:][0].float(), size=SIDE, mode="area").round().to(torch.uint8)


def _accuracy(
    kind: str, learned: tuple[Tensor, Tensor], judges: tuple[Tensor, Tensor], epochs: int, run: int
) -> float:
    """Train one network with Adam, its steps shrinking to a tenth; return its accuracy in %."""
    images, labels = learned
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(run)
        model = network(kind)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3 if kind == "perceptron" else 3e-3)
    smaller = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.1, total_iters=epochs)
    generator = torch.Generator().manual_seed(run)
    for _ in range(epochs):
        for batch in torch.randperm(len(images), generator=generator).split(32):
            loss = F.cross_entropy(model(images[batch]), labels[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        smaller.step()
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(part) for part in judges[0].split(256)])
    return 100 * (logits.argmax(1) == judges[1]).double().mean().item()
