"""Checker of lesson 08, The clinic: an experiment that decides between three diagnoses (08.3)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy

import torch
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import require_choice, show
from catdog_lib.exercises.random_inputs import generator, seeded
from catdog_lib.exercises.registry import exercise, require

Predict = Callable[[Tensor], Tensor]
HEALTHY, COMPANY, CHANCE = "healthy", "company", "chance"
SEEDS = 4
ROUNDING = 1e-7  # by which real answers differ between batches of different sizes, relatively

SAYS = {
    "a healthy function": (
        "Its answers differ between batches of different sizes by rounding alone, a ten-millionth. "
        "Compare with torch.allclose, or with a tolerance."
    ),
    "one with BatchNorm in training mode": (
        "Its answer for a photo is the same whenever the batch is the same, but different in "
        "different company, such as among half of the images."
    ),
    "one with dropout switched on": "Asked twice for the same batch, it gives different logits.",
    "one that flips photos at random": "Asked twice for the same batch, it gives different logits.",
}


@exercise("08.3", "decide")
def decide(answer: Callable[[Predict, Tensor], str]) -> str:
    """Check a function of (predict, images) that tells which of three things is wrong."""
    for seed in range(SEEDS):
        images, cases = _cases(seed)
        for what, (predict, right) in cases.items():
            value = ask(answer, _noting_batches(predict), images, keeps="the images", draws=True)
            require(
                isinstance(value, str),
                f"Return 'healthy', 'company' or 'chance'; you return {show(value)}.",
            )
            hint = f"You were given {what}, and say {value!r}. {SAYS[what]}"
            require_choice(value, right, dict.fromkeys((HEALTHY, COMPANY, CHANCE), hint))
    return f"All {SEEDS * len(cases)} functions were told apart."


def _noting_batches(predict: Predict) -> Predict:
    """Return predict, with an error in plain words for what is no batch of images."""

    def checked(images: Tensor) -> Tensor:
        shape = getattr(images, "shape", ())
        require(
            len(shape) == 4 and shape[0] > 0,
            "predict takes a batch, N×3×H×W: a single photo is images[:1], not images[0].",
        )
        with torch.no_grad():
            return predict(images)

    return checked


def _cases(seed: int) -> tuple[Tensor, dict[str, tuple[Predict, str]]]:
    """Return 24 images, and what → (a function that predicts, what is wrong with it)."""
    images = torch.rand(24, 3, 6, 6, dtype=torch.float64, generator=generator(seed))
    with seeded(seed):
        layers = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten()
        network = nn.Sequential(*layers, nn.Dropout(0.3), nn.Linear(64, 2)).double()
        with torch.no_grad():
            network[-1].bias += torch.tensor([3.0, -3.0])  # so that the class seldom changes
    network.eval()
    statistics, dropout = deepcopy(network), deepcopy(network)
    statistics[1].train()
    dropout[4].train()

    def healthy(batch: Tensor) -> Tensor:
        return network(batch) * (1 + ROUNDING * len(batch) / len(images))

    def flipping(batch: Tensor) -> Tensor:
        heads = torch.randint(0, 2, (len(batch), 1, 1, 1)).bool()
        return network(torch.where(heads, batch.flip(3), batch))

    return images, {
        "a healthy function": (healthy, HEALTHY),
        "one with BatchNorm in training mode": (statistics, COMPANY),
        "one with dropout switched on": (dropout, CHANCE),
        "one that flips photos at random": (flipping, CHANCE),
    }
