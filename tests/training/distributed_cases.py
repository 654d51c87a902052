"""What several processes must do as one does; run by one, and by ``torchrun`` in several.

``torchrun --nproc-per-node=2 -m tests.training.distributed_cases FOLDER`` writes
FOLDER/CASE.RANK.pt and FOLDER/resumed.RANK.pt.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path

import torch
from torch import nn

from catdog_lib import models
from catdog_lib.data.image_set import Splits
from catdog_lib.training.distributed import dist_context
from catdog_lib.training.evaluate import predict
from catdog_lib.training.fit import fit
from catdog_lib.training.recipe import Recipe
from tests.tiny import image_set, plain, small


def deep(seed: int = 0) -> nn.Sequential:
    """BatchNorm over maps and over vectors, with and without parameters and running statistics."""
    torch.manual_seed(seed)
    return nn.Sequential(
        models.Normalize(),
        nn.Conv2d(3, 6, 3, bias=False),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 4, 2, bias=False),
        nn.BatchNorm2d(4, momentum=None),
        nn.ReLU(inplace=True),
        nn.BatchNorm2d(4, affine=False, eps=0.1),
        nn.Flatten(),
        nn.Linear(16, 8, bias=False),
        nn.BatchNorm1d(8, eps=0.1),
        nn.Linear(8, 2),
    )


def residual(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return models.build("residual", size=32, width=2)


SGD = {"optimizer": "sgd", "momentum": 0.9, "lr": 0.05, "epochs": 2, "precision": "float32"}
ALL = {
    "label_smoothing": 0.1,
    "max_grad_norm": 0.3,
    "l1": 0.01,
    "ema_decay": 0.8,
    "weight_decay": 0.1,
}

# name: network, images, their size, recipe. Batches are odd, the last one smaller; in "one" it
# holds one image.
CASES = {
    "plain": (plain, 23, 8, {**SGD, "batch_size": 5}),
    "one": (plain, 13, 8, {**SGD, "batch_size": 4}),
    "adam": (
        plain,
        23,
        8,
        {**SGD, "optimizer": "adam", "momentum": None, "lr": 0.01, "batch_size": 7},
    ),
    "all": (plain, 23, 8, {**SGD, **ALL, "batch_size": 7}),
    "micro-batches": (plain, 23, 8, {**SGD, **ALL, "batch_size": 7, "accumulation_steps": 3}),
    "norm": (small, 23, 8, {**SGD, "batch_size": 5}),
    "norm one": (small, 13, 8, {**SGD, "batch_size": 4}),
    "norm all": (deep, 23, 8, {**SGD, **ALL, "batch_size": 7}),
    "norm micro-batches": (deep, 25, 8, {**SGD, **ALL, "batch_size": 7, "accumulation_steps": 2}),
    "residual": (
        residual,
        21,
        32,
        {
            **SGD,
            **ALL,
            "batch_size": 9,
            "augment": ("flip_and_crop",),
            "train_sizes": (24, 32),
        },
    ),
}


def data_of(name: str) -> Splits:
    _, count, size, _ = CASES[name]
    return Splits(image_set(count, 0, size), image_set(11, 1, size), image_set(7, 2, size), "test")


def outcome(name: str) -> dict:
    """Train one case; what came of it."""
    make, _, _, recipe = CASES[name]
    data, model = data_of(name), make()
    history = fit(model, data, Recipe(**recipe), device="cpu", progress=False)
    return {
        "weights": model.state_dict(),
        "losses": [(epoch.train_loss, epoch.validation_loss) for epoch in history.epochs],
        "hits": [(epoch.train_accuracy, epoch.validation_accuracy) for epoch in history.epochs],
        "logits": predict(model, data.test, torch.float32),
        "one": predict(model, data.test.subset(torch.tensor([3])), torch.float32),
    }


def resumed(folder: Path) -> dict:
    """Train with Dropout: without a break, and interrupted in the third epoch and resumed."""
    data, recipe = data_of("all"), Recipe(**{**SGD, **ALL, "batch_size": 7, "epochs": 4})
    weights, calls = {}, []
    for name in ("uninterrupted", "interrupted", "resumed"):
        model = plain().insert(3, nn.Dropout(0.5))

        def interrupt(module, inputs):
            if module.training:
                calls.append(1)
                if len(calls) == 10:  # there are four batches in an epoch
                    raise KeyboardInterrupt

        if name == "interrupted":
            model.register_forward_pre_hook(interrupt)
        checkpoint = None if name == "uninterrupted" else folder / "checkpoint.pt"
        with suppress(KeyboardInterrupt):
            fit(model, data, recipe, device="cpu", checkpoint=checkpoint, progress=False)
        weights[name] = model.state_dict()
    return weights


def manners(folder: Path) -> dict:
    """Who came first, and what all agree on."""
    made = folder / "made"
    with dist_context().main_process_first():
        found = made.exists()
        if not found:
            time.sleep(0.3)
            made.touch()
    return {
        "found": found,
        "agreed": dist_context().broadcast_object(lambda: f"said by {dist_context().rank}"),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    torch.save(manners(folder), folder / f"manners.{dist_context().rank}.pt")
    for case in CASES:
        torch.save(outcome(case), folder / f"{case}.{dist_context().rank}.pt")
    torch.save(resumed(folder), folder / f"resumed.{dist_context().rank}.pt")
