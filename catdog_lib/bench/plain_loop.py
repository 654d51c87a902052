"""The loop that everyone writes first, the one to compare with.

Photos are opened, resized and augmented one by one, by two loading processes, again in every epoch;
the network computes in float32, channels first; and each step waits for the value of its loss.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.utils.data import DataLoader, Subset
from torchvision import transforms
from torchvision.datasets import ImageFolder

from catdog_lib.bench.rows import Row

WORKERS = 2
# The same augmentation, done by torchvision to one photo: what a row's recipe names has its
# counterpart here.
SAME: dict[str, Callable[[int], list[nn.Module]]] = {
    "random_flip": lambda size: [transforms.RandomHorizontalFlip()],
    "trivial_augment": lambda size: [transforms.TrivialAugmentWide()],
    "flip_and_crop": lambda size: [
        transforms.RandomResizedCrop(size, scale=(0.36, 1), ratio=(1, 1)),
        transforms.RandomHorizontalFlip(),
    ],
}


class PlainLoop:
    """Training, or feature extraction if the row has no recipe.

    Args:
        row: which network, of which size.
        folder: of photos, with a subfolder for each class.
        device: where to compute.
        seconds: how long a round takes, about; at least one batch.
    """

    def __init__(self, row: Row, folder: str | os.PathLike, device: str, seconds: float):
        names = row.recipe.augment if row.recipe else ()
        augmentation = [transform for name in names for transform in SAME[name](row.size)]
        self.photos = ImageFolder(
            folder,
            transforms.Compose(
                [transforms.Resize((row.size, row.size)), *augmentation, transforms.ToTensor()]
            ),
        )
        self.row, self.device = row, torch.device(device)
        self.model = row.build().to(self.device)
        self.criterion = nn.CrossEntropyLoss()
        if row.recipe:
            self.optimizer = torch.optim.Adam(self.model.parameters(), lr=1e-4)
        self.steps = 1
        self.round()  # the first one sets things up
        self.steps = max(1, round(seconds * self.round() / row.batch_size))

    def round(self) -> float:
        """Return the photos a second over some steps.

        The loader starts before the clock does, and is one batch ahead when it starts and when it
        stops: as many batches are loaded while it runs as are computed.
        """
        size = self.row.batch_size
        order = torch.randint(len(self.photos), (size * (self.steps + 1),)).tolist()
        loader = DataLoader(Subset(self.photos, order), size, num_workers=WORKERS)
        batches = iter(loader)
        images, labels = next(batches)
        start = time.perf_counter()
        for _ in range(self.steps):
            self._train(images, labels) if self.row.recipe else self._extract(images)
            images, labels = next(batches)
        return size * self.steps / (time.perf_counter() - start)

    def _train(self, images: torch.Tensor, labels: torch.Tensor) -> float:
        """Take one step, and return the loss."""
        self.model.train()
        images, labels = images.to(self.device), labels.to(self.device)
        self.optimizer.zero_grad()
        loss = self.criterion(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def _extract(self, images: torch.Tensor) -> torch.Tensor:
        """Return the features of a batch, on the CPU."""
        self.model.eval()
        with torch.no_grad():
            return self.model(images.to(self.device)).cpu()
