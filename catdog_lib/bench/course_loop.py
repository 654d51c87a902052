"""The course's loop on the same network and photos: the trainer that ``fit`` runs, nothing else."""

from __future__ import annotations

import os
import time
from dataclasses import replace

import numpy as np
import torch

from catdog_lib.bench.rows import Row
from catdog_lib.data.image_set import ImageSet, preload_to_device
from catdog_lib.training.trainer import Trainer
from catdog_lib.transfer.features import extract
from catdog_lib.transfer.inference import optimize_for_inference


class CourseLoop:
    """Training, or feature extraction if the row has no recipe.

    Args:
        row: which network, of which size.
        pixels: file with the decoded photos, uint8, N×3×size×size.
        device: where to compute.
        dtype: number format of the convolutions.
        seconds: how long a round takes, about; at least one batch.
    """

    def __init__(
        self, row: Row, pixels: str | os.PathLike, device: str, dtype: torch.dtype, seconds: float
    ):
        store = torch.from_numpy(np.load(pixels, mmap_mode="c"))
        labels = torch.arange(len(store)) % 2  # as fast to learn from as true ones
        names = tuple(map(str, range(len(store))))
        dataset = ImageSet(store, torch.arange(len(store)), labels, names)
        self.row = row
        device = torch.device(device)
        if row.recipe:
            precision = "float32" if dtype == torch.float32 else "auto"
            recipe = replace(row.recipe, precision=precision)
            self.trainer = Trainer(row.build(), recipe, None, device, steps_in_epoch=10**9)
        else:
            self.network = optimize_for_inference(row.build(), row.size, device, dtype)
        self.dataset = preload_to_device(dataset, device)
        self.steps = 1
        self.round()  # the first one sets things up
        self.steps = max(1, round(seconds * self.round() / row.batch_size))

    def round(self) -> float:
        """Return the photos a second over some steps."""
        count = self.steps * self.row.batch_size
        dataset = self.dataset.subset(torch.arange(count) % len(self.dataset))
        start = time.perf_counter()
        if self.row.recipe:
            self.trainer.train_epoch(dataset)
        else:
            for _ in extract(self.network, dataset):
                pass
        return count / (time.perf_counter() - start)
