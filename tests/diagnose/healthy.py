"""Healthy training runs of different kinds, with all that a diagnosis could be given of each.

They are small: images of 16 pixels, a few thousand parameters, loops as students write them.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib import models

SIZE = 16
TRAIN, TEST = 150, 450  # batches of 32 leave a last one of 22


@cache
def images_of_stripes() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return training images and labels, test images and labels; images in [0, 1].

    Cats have vertical stripes and dogs horizontal ones, faint, of any phase, on a warm ground of
    any brightness with much noise: no pixel alone tells them apart, and some images mislead.
    """
    generator = torch.Generator().manual_seed(0)
    count = TRAIN + TEST
    labels = torch.arange(count) % 2
    phase, strength, light = torch.rand(3, count, 1, 1, 1, generator=generator)
    waves = (2 * torch.pi * (torch.arange(SIZE) / 4 + phase)).sin()  # N×1×1×SIZE
    stripes = torch.where(labels.view(-1, 1, 1, 1) == 0, waves, waves.transpose(2, 3))
    ground = torch.tensor([0.55, 0.45, 0.35]).view(3, 1, 1) + 0.3 * (light - 0.5)
    noise = 0.12 * torch.randn(count, 3, SIZE, SIZE, generator=generator)
    images = (ground + 0.12 * strength * stripes + noise).clamp(0, 1)
    return images[:TRAIN], labels[:TRAIN], images[TRAIN:], labels[TRAIN:]


def with_batchnorm() -> nn.Sequential:
    return nn.Sequential(
        models.Normalize(),
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 2),
    )


def with_dropout() -> nn.Sequential:
    return nn.Sequential(
        models.Normalize(),
        nn.Conv2d(3, 8, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * 49, 24),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(24, 2),
    )


class Functional(nn.Module):
    """ReLU and pooling as functions, no BatchNorm."""

    def __init__(self) -> None:
        super().__init__()
        self.normalize = models.Normalize()
        self.conv1, self.conv2 = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 12, 3)
        self.hidden, self.out = nn.Linear(12 * 4, 16), nn.Linear(16, 2)

    def forward(self, images: Tensor) -> Tensor:
        maps = F.max_pool2d(F.relu(self.conv1(self.normalize(images))), 2)
        maps = F.max_pool2d(F.relu(self.conv2(maps)), 2)
        return self.out(F.relu(self.hidden(maps.flatten(1))))


def head_on_features() -> nn.Sequential:
    return nn.Sequential(models.freeze(with_batchnorm()[:-1]), nn.Linear(64, 2))


def learn(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    labels: Tensor,
    epochs: int,
    *,
    micro_batches: int = 1,
    clip: float | None = None,
) -> tuple[list[float], list[float], float]:
    """Train; return each epoch's loss and accuracy, and the loss of the very first batch."""
    losses, accuracies, first = [], [], None
    for _ in range(epochs):
        model.train()
        total, correct = 0.0, 0
        for rows in torch.randperm(len(images)).split(32):
            optimizer.zero_grad()
            for part in rows.chunk(micro_batches):
                outputs = model(images[part])
                loss = F.cross_entropy(outputs, labels[part])
                (loss * len(part) / len(rows)).backward()
                total += loss.item() * len(part)
                correct += int((outputs.argmax(1) == labels[part]).sum())
            first = first or total / len(rows)
            if clip:
                nn.utils.clip_grad_norm_(model.parameters(), clip)
            optimizer.step()
        losses.append(total / len(images))
        accuracies.append(correct / len(images))
    return losses, accuracies, first


def sgd(model: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.SGD(model.parameters(), 0.05, momentum=0.9, weight_decay=1e-4)


def adam(model: nn.Module, lr: float = 2e-3) -> torch.optim.Optimizer:
    return torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr)


# Kind of run: network, optimizer, epochs, how else it differs.
KINDS: dict[str, tuple[Callable, Callable, int, dict[str, Any]]] = {
    "BatchNorm and SGD": (with_batchnorm, sgd, 6, {}),
    "ResidualCNN": (lambda: models.ResidualCNN(SIZE, 4), adam, 6, {}),
    # At 3e-3 more than half of the units of its dense layer died, and dead_units said so.
    "dropout and Adam": (with_dropout, partial(adam, lr=1e-3), 20, {}),
    "head on frozen features": (head_on_features, partial(adam, lr=2e-2), 30, {}),
    # At 2e-3 it learned nothing, and unlearned_labels said so.
    "head on cached features": (
        lambda: nn.Linear(64, 2),
        partial(adam, lr=2e-2),
        30,
        {"features": True},
    ),
    "functions, stopped early": (Functional, adam, 1, {}),
    "functions, many epochs": (Functional, adam, 30, {}),
    "micro-batches and clipping": (with_batchnorm, adam, 5, {"micro_batches": 2, "clip": 0.5}),
    "imbalanced classes": (with_batchnorm, sgd, 6, {"cats": 30}),
}


@cache
def healthy(kind: str, seed: int) -> dict[str, Any]:
    """Return all inputs of ``diagnose`` that a healthy run has."""
    make, make_optimizer, epochs, changes = KINDS[kind]
    images, labels, test_images, test_labels = images_of_stripes()
    changes = dict(changes)
    if cats := changes.pop("cats", 0):
        kept = torch.cat([torch.where(labels == 0)[0][:cats], torch.where(labels == 1)[0]])
        images, labels = images[kept], labels[kept]
    torch.manual_seed(seed)
    if changes.pop("features", False):
        backbone = head_on_features()[0].eval()
        images, test_images = backbone(images), backbone(test_images)
    model = make()
    optimizer = make_optimizer(model)
    before = copy.deepcopy(model.state_dict())
    losses, accuracies, first = learn(model, optimizer, images, labels, epochs, **changes)
    model.eval()
    with torch.no_grad():
        outputs = model(test_images)
    other = copy.deepcopy(model)
    return {
        "first_loss": first,
        "batch_size": 32,
        "losses": losses,
        "accuracies": accuracies,
        "image_count": len(images),
        "outputs": outputs,
        "labels": test_labels,
        "model": model,
        "optimizer": optimizer,
        "before": before,
        "fresh": make,
        "predict": model,
        "train_images": images,
        "train_labels": labels,
        "test_images": test_images,
        "test_labels": test_labels,
        "test_outputs": outputs,
        "first_pass": test_images,
        "second_pass": test_images[torch.randperm(len(test_images))],
        "recorded_accuracy": (outputs.argmax(1) == test_labels).double().mean().item(),
        "train": lambda: learn(other, make_optimizer(other), images, labels, 1, **changes),
    }
