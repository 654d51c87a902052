"""Checker of lesson 08, The clinic: a function that measures accuracy, without its bugs (08.5)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import as_float64, require_value, show
from catdog_lib.exercises.random_inputs import generator, seeded
from catdog_lib.exercises.registry import exercise, require

IMAGES = 21
SIZES = (8, 10, 21, 30)


class _Network(nn.Module):
    """A network that notes for each batch its mode, and whether gradients are recorded."""

    def __init__(self, notes: Callable[[tuple[bool, bool, int]], None]):
        super().__init__()
        layers = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Dropout(0.5), nn.Flatten()
        self.layers = nn.Sequential(*layers, nn.Linear(16, 2)).double()
        self.notes = notes

    def forward(self, images: Tensor) -> Tensor:
        self.notes((self.training, torch.is_grad_enabled(), len(images)))
        return self.layers(images)


@exercise("08.5", "accuracy")
def accuracy(answer: Callable[[nn.Module, Tensor, Tensor, int], float]) -> None:
    """Check a function of (network, images, labels, batch_size): the share that is right."""
    for training in (True, False):
        for size in SIZES:
            _check(answer, size, training)


def _check(answer: Callable, size: int, training: bool) -> None:
    notes: list[tuple[bool, bool, int]] = []
    draws = generator(8)
    images = torch.rand(IMAGES, 3, 4, 4, dtype=torch.float64, generator=draws)
    labels = torch.randint(0, 2, (IMAGES,), generator=draws)
    with seeded(8):
        network = _Network(notes.append).train(training)
        hits = (network.eval()(images).argmax(1) == labels).double()
    network.train(training)
    notes.clear()
    value = ask(answer, network, images, labels, size, keeps="the images or the labels", draws=True)
    require(bool(notes), "Your function never calls the network.")
    require(
        not any(mode for mode, _, _ in notes),
        "The network answers in training mode: BatchNorm uses the mean of the batch, and dropout "
        "is on. Call network.eval() first, and put the old mode back at the end.",
    )
    setting = f"{IMAGES} images, batches of {size}"
    most = max(count for _, _, count in notes)
    hint = f"You sent {most} images through the network at once, with a batch_size of {size}."
    require(most <= size, hint)
    batches = hits.split(size)
    means = torch.stack([batch.mean() for batch in batches])
    whole = torch.cat([b for b in batches if len(b) == size] or [hits.new_zeros(1)])
    mistakes = {
        "Each batch counts the same, although the last one is smaller: add up the correct answers, "
        "and divide once.": means.mean(),
        "That is the last batch alone.": means[-1],
        "The last, smaller batch is left out.": [whole.mean(), whole.sum() / IMAGES],
        "That is the number of correct answers; return their share.": hits.sum(),
        "That is the share of wrong answers.": 1 - hits.mean(),
        "Divide by the number of images, not by that of batches.": hits.sum() / len(batches),
        "You divide by the batch size times the number of batches; the last batch has fewer "
        "images.": hits.sum() / (size * len(batches)),
    }
    otherwise = f"The accuracy is {show(hits.mean())}, yours is {show(as_float64(value))}."
    require_value(value, hits.mean(), mistakes, otherwise, setting)
    require(
        not any(gradients for _, gradients, _ in notes),
        "The number is right. But gradients are recorded, which takes memory for nothing: "
        "use torch.no_grad().",
    )
