"""The runs of exercise 10.5 lose what a checkpoint does not keep, and nothing else."""

from itertools import combinations

import pytest
import torch
from torch import nn

from catdog_lib.exercises.lesson_10_checkpoints import PARTS, RUNS, _weights
from catdog_lib.exercises.random_inputs import generator, seeded


def plain_run(name: str, scheduled: bool, shuffled: bool, kept: tuple[str, ...]) -> torch.Tensor:
    """Train eight steps of gradient descent; after four, begin anew what is not kept."""
    with seeded(4):
        x, y, model = torch.randn(16, 3), torch.randn(16, 1), nn.Linear(3, 1)
    make = {"SGD": torch.optim.SGD, "Adam": torch.optim.Adam}[name]
    optimizer, random, begin = make(model.parameters(), lr=0.05), generator(0), 0
    for step in range(8):
        if step == 4:
            optimizer = optimizer if "optimizer" in kept else make(model.parameters(), lr=0.05)
            random = random if "generator" in kept else generator(0)
            begin = begin if "steps" in kept else step
        if scheduled:
            optimizer.param_groups[0]["lr"] = 0.05 * (8 - step + begin) / 8
        rows = torch.randperm(16, generator=random)[:4] if shuffled else torch.arange(4)
        loss = nn.functional.mse_loss(model(x[rows]), y[rows])
        for p, gradient in zip(
            model.parameters(), torch.autograd.grad(loss, list(model.parameters())), strict=True
        ):
            p.grad = gradient
        optimizer.step()
    return model.weight.detach().flatten()


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_a_run_loses_what_is_not_kept(run):
    for count in range(len(PARTS) + 1):
        for kept in combinations(PARTS, count):
            assert torch.allclose(_weights(run, kept), plain_run(*run, kept), atol=1e-6), kept


@pytest.mark.parametrize("run", RUNS.values(), ids=RUNS)
def test_with_all_that_counts_a_run_ends_as_if_it_had_not_stopped(run):
    assert torch.equal(_weights(run, PARTS), _weights(run, (), stops=False))
