"""Images in memory: a set of them, the three splits, and batches for a network.

Lesson 01, section 5; Lesson 03, section 5; Lesson 10, section 2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.data.folders import Skipped
from catdog_lib.device import copy_to
from catdog_lib.errors import CatdogError

FEW = 10  # images of which a share says next to nothing


@dataclass(frozen=True)
class ImageSet:
    """Square images with their labels.

    Several sets may share one ``store``, which may be a file mapped into memory: only the
    images that are accessed are read.

    Attributes:
        store: uint8 images, M×3×H×W.
        rows: which of them belong to this set, N.
        labels: int64, N; 0 cat, 1 dog.
        names: where each image came from, N.
    """

    store: Tensor
    rows: Tensor
    labels: Tensor
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int | slice | Tensor) -> tuple[Tensor, Tensor]:
        """Return one image (3×H×W) and its label, or several (N×3×H×W) and theirs.

        For example ``images, labels = dataset[:16]``.
        """
        return self.store[self.rows[index]], self.labels[index]

    @property
    def size(self) -> int:
        """Height and width, in pixels."""
        return self.store.shape[-1]

    def counts(self) -> dict[str, int]:
        """Return how many images each class has."""
        return {name: int((self.labels == label).sum()) for label, name in enumerate(CLASSES)}

    def subset(self, index: Tensor | slice | list[int]) -> ImageSet:
        """Return the set of these images, in this order; they are not copied.

        ``index`` holds their positions, or is a slice of them, or a mask: True for each image that
        is taken.
        """
        index = torch.arange(len(self), device=self.rows.device)[index]
        return ImageSet(
            self.store,
            self.rows[index],
            self.labels[index],
            tuple(self.names[i] for i in index.tolist()),
        )

    def with_images(self, images: Tensor) -> ImageSet:
        """Return the set with other images, or what is computed of each, in place of its own."""
        rows = torch.arange(len(self), device=images.device)
        return ImageSet(images, rows, self.labels.to(images.device), self.names)

    def to(self, device: torch.device) -> ImageSet:
        """Return this set alone, with its images in the memory of ``device``."""
        return self.with_images(self[:][0].to(device))

    def __reduce__(self) -> tuple:
        """Send only the set's own images to another process, not the whole store."""
        own = self.to(self.store.device)
        return ImageSet, (own.store, own.rows, own.labels, own.names)

    def sample(self, count: int, seed: int = 0) -> ImageSet:
        """Sample ``count`` images at random, as many cats as dogs if there are enough of both."""
        shuffled = torch.randperm(len(self), generator=torch.Generator().manual_seed(seed))
        ranks = torch.empty(len(self), dtype=torch.int64)
        for label in self.labels.unique().tolist():
            members = shuffled[self.labels[shuffled] == label]
            ranks[members] = torch.arange(len(members))
        return self.subset(shuffled[torch.argsort(ranks[shuffled], stable=True)][:count])


@dataclass(frozen=True)
class Splits:
    """Three sets that share no image: to train on, to choose on, and to test on once, at the end.

    Attributes:
        source: the folder, or "sketches".
        skipped: the files that could not be used, each with its reason.
    """

    train: ImageSet
    validation: ImageSet
    test: ImageSet
    source: str
    skipped: tuple[Skipped, ...] = ()

    def __str__(self) -> str:
        """Return the numbers of images, a line for each split, and say if they are few."""
        named = {"train": self.train, "validation": self.validation, "test": self.test}
        rows = [
            f"{name:<11}{len(dataset):>7,} images  "
            f"({', '.join(_counted(n, word) for word, n in dataset.counts().items())})"
            for name, dataset in named.items()
        ]
        if self.skipped:
            count = len(self.skipped)
            rows.append(f"{'skipped':<11}{count:>7,} file{'s' if count > 1 else ''}")
        if few := [name for name, dataset in named.items() if len(dataset) < FEW]:
            rows.append(f"So few images for {' and '.join(few)} decide nothing; add photos.")
        first = f"{Path(self.source).name}, {self.train.size}×{self.train.size} pixels"
        return "\n".join([first, *rows])


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def batch_sizes(count: int, batch_size: int) -> list[int]:
    """Return how many images each batch of a training epoch has, if there are ``count`` in all.

    The last batch may be smaller. A single image that would be left over joins the batch before it:
    BatchNorm cannot normalize one value by itself, and one image is a poor estimate of a gradient.
    """
    sizes = [batch_size] * (count // batch_size)
    rest = count % batch_size
    if rest == 1 and sizes:
        sizes[-1] += 1
    elif rest:
        sizes.append(rest)
    return sizes


def batches(
    dataset: ImageSet,
    batch_size: int,
    *,
    shuffle: torch.Generator | None = None,
    device: torch.device | str = "cpu",
) -> Iterator[tuple[Tensor, Tensor]]:
    """Cut a set into batches of ``batch_size`` images (the last may be smaller), on ``device``.

    Shuffled batches are for training: they have the sizes that :func:`batch_sizes` gives.

    Args:
        dataset: the set.
        batch_size: images in a batch.
        shuffle: visit the images in a random order from this generator; without it, in their own.

    Yields:
        Images, uint8, N×3×H×W in channels-last memory order, which convolutions prefer; and
        labels, N.
    """
    if batch_size < 1:
        raise CatdogError(f"batch_size is {batch_size}; a batch has one image or more.")
    if shuffle is None:
        order, sizes = torch.arange(len(dataset)), batch_size
    else:
        order = torch.randperm(len(dataset), generator=shuffle)
        sizes = batch_sizes(len(dataset), batch_size)
    device = torch.device(device)
    # CUDA copies a batch while the program goes on only if it is pinned in the computer's memory,
    # that is, if the system may not move it.
    pinned = device.type == "cuda" and dataset.store.device.type == "cpu"
    for index in copy_to(order, dataset.rows.device).split(sizes):
        images, labels = dataset[index]
        if pinned:
            images, labels = images.pin_memory(), labels.pin_memory()
        yield (
            copy_to(images, device, memory_format=torch.channels_last),
            copy_to(labels, device),
        )


def preload_to_device(dataset: ImageSet, device: torch.device) -> ImageSet:
    """Return the set with its images in a GPU's memory if they fit into half of what is free.

    Each step then reads them there, and nothing has to be copied from the computer's memory.
    """
    if device.type != "cuda":
        return dataset
    free, _ = torch.cuda.mem_get_info(device)
    bytes_needed = len(dataset) * dataset.store[0].nbytes
    return dataset.to(device) if bytes_needed < free / 2 else dataset
