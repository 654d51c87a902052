"""Checker of lesson 10, Fast and far: what a checkpoint needs (10.5)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catdog_lib.exercises.checking import require_names, require_sequence
from catdog_lib.exercises.random_inputs import generator, seeded
from catdog_lib.exercises.registry import exercise, require

PARTS = ("optimizer", "steps", "generator")
RUNS = {  # name → optimizer, whether the rate falls, whether images are drawn at random
    "SGD, constant rate, the same images": ("SGD", False, False),
    "Adam, constant rate, the same images": ("Adam", False, False),
    "SGD, falling rate, images at random": ("SGD", True, True),
}


@exercise("10.5", is_prediction=True)
def needed(answer: list[list[str]]) -> str:
    """Check three lists: what a checkpoint needs besides the weights, for each of three runs."""
    given = require_sequence(answer, len(RUNS), "three lists of names")
    found = []
    for (name, run), names in zip(RUNS.items(), given, strict=True):
        names = require_names(names, PARTS)
        whole = _weights(run, PARTS, stops=False)
        lacking = {part: _weights(run, set(PARTS) - {part}) for part in PARTS}
        right = {part for part, weights in lacking.items() if not torch.equal(weights, whole)}
        missing, spare = sorted(right - names), sorted(names - right)
        without = f"{name}: a run without {''.join([*missing, *spare][:1])!r} ends with"
        require(not missing, f"{without} different weights.")
        require(not spare, f"{without} the same weights, bit for bit.")
        found.append(", ".join(sorted(right)) or "nothing")
    return f"Run and compared; needed besides the weights: {'; '.join(found)}."


def _weights(run: tuple[str, bool, bool], kept: object, stops: bool = True) -> Tensor:
    """Train eight steps; after four, if it ``stops``, a fresh start has only what was ``kept``."""
    kind, scheduled, shuffled = run
    with seeded(4):
        x, y, model = torch.randn(16, 3), torch.randn(16, 1), nn.Linear(3, 1)

    def fresh():
        optimizer = getattr(torch.optim, kind)(model.parameters(), lr=0.05)
        return optimizer, 0, generator(0)

    optimizer, steps, random = fresh()
    for step in range(8):
        if step == 4 and stops:
            old = optimizer.state_dict(), steps, random.get_state()
            optimizer, steps, random = fresh()
            if "optimizer" in kept:
                optimizer.load_state_dict(old[0])
            steps = old[1] if "steps" in kept else steps
            if "generator" in kept:
                random.set_state(old[2])
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - steps / 8 if scheduled else 1)
        rows = torch.randperm(16, generator=random)[:4] if shuffled else slice(0, 4)
        optimizer.zero_grad()
        (model(x[rows]) - y[rows]).square().mean().backward()
        optimizer.step()
        steps += 1
    return model.weight.detach().flatten().clone()
