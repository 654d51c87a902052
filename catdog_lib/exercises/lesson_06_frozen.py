"""Checker of lesson 06, Transfer learning: what moves in a frozen network (06.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catdog_lib.exercises.checking import require_names
from catdog_lib.exercises.random_inputs import seeded
from catdog_lib.exercises.registry import WrongAnswer, exercise

IN_WORDS = {
    "weights": "the convolution's weights",
    "scale": "BatchNorm's scale",
    "running mean": "BatchNorm's running mean",
    "running variance": "BatchNorm's running variance",
    "output": "the output in evaluation mode",
}


@exercise("06.3", is_prediction=True)
def what_moves(answer: object) -> str:
    """Check a prediction: what changes in a network without gradients, in training mode."""
    chosen = require_names(answer, IN_WORDS)
    moved = _what_moved()
    if wrong := [name for name in IN_WORDS if (name in chosen) and not moved[name]]:
        raise WrongAnswer(
            f"You expected {IN_WORDS[wrong[0]]} to move, but not one bit has changed: "
            "these are parameters, and only an optimizer moves parameters."
        )
    if missing := [name for name in IN_WORDS if (name not in chosen) and moved[name]]:
        raise WrongAnswer(
            f"You did not expect {IN_WORDS[missing[0]]} to move, but it has, by "
            f"{moved[missing[0]]:.2f} at most. What does BatchNorm do in each forward pass in "
            "training mode, and what does it use that for in evaluation mode?"
        )
    return (
        f"The running mean moved by up to {moved['running mean']:.2f}, the running variance by up "
        f"to {moved['running variance']:.2f}, and so the output for the same image by up to "
        f"{moved['output']:.2f}, with no gradient and no optimizer."
    )


def _what_moved() -> dict[str, float]:
    """Run the network of the exercise, and return by how much each thing has changed at most."""
    with seeded(0):
        network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).requires_grad_(False)
        image = torch.rand(1, 3, 8, 8)

        def state() -> dict[str, Tensor]:
            conv, norm = network.eval()
            values = (conv.weight, norm.weight, norm.running_mean, norm.running_var, network(image))
            return {n: value.clone() for n, value in zip(IN_WORDS, values, strict=True)}

        before = state()
        network.train()
        for _ in range(20):
            network(torch.rand(8, 3, 8, 8))
        after = state()
    return {name: (after[name] - before[name]).abs().max().item() for name in IN_WORDS}
