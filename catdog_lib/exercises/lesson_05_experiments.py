"""Checkers of lesson 05, L1 regularization: losses and experiments (05.3, 05.4 and 05.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from catdog_lib.evidence.comparisons import t_quantile
from catdog_lib.exercises.calling import ask, seeded
from catdog_lib.exercises.checking import (
    as_float64,
    is_integer,
    require_choice,
    require_sequence,
    require_value,
    same,
    show,
)
from catdog_lib.exercises.registry import exercise, require
from catdog_lib.experiments import measured
from catdog_lib.experiments.l1_results import unnamed_losses

RUNS = 24  # that the search may cost
LOWEST, HIGHEST = 1e-4, 1.0  # between which λ is looked for
SPREAD = 2.0  # of the differences between two runs with the same seed, in points


@exercise("05.3", "penalised_loss")
def penalised_loss(answer: Callable[[nn.Module, Tensor, Tensor, float], Tensor]) -> None:
    """Check the mended loss: cross-entropy plus lam times Σ|w| of the connections."""
    with seeded(5):
        network, images = _network(), torch.rand(6, 3, 4, 4, dtype=torch.float64)
    labels = torch.tensor([0, 1, 1, 0, 1, 0])
    for lam in (0.125, 0.5):
        model, reference = deepcopy(network), deepcopy(network)
        value = ask(answer, model, images, labels, lam, draws=True)
        loss = F.cross_entropy(reference(images), labels)
        layers = [reference[0], reference[4][0]]
        kernels, matrix = (layer.weight.abs() for layer in layers)
        weights = kernels.sum() + matrix.sum()
        biases = sum(layer.bias.abs().sum() for layer in layers)
        everything = sum(p.abs().sum() for p in reference.parameters())
        number = kernels.numel() + matrix.numel()
        mistakes = {
            "The loss of the images is missing: is it overwritten?": [
                lam * weights,
                lam * everything,
                lam * reference[4][0].bias.abs().sum(),
                lam * reference[4][0].bias.abs().mean(),
            ],
            "The penalty is missing.": loss,
            "Biases and BatchNorm pay, too; only the weights of convolutions and linear layers "
            "should.": loss + lam * everything,
            "BatchNorm's scale is called weight, too; ask for the kind of layer, not for the "
            "name.": loss + lam * (weights + reference[1].weight.abs().sum()),
            "The biases pay, too.": loss + lam * (weights + biases),
            "A mean is left: the penalty is λ times the sum of |w|.": [
                loss + lam * (kernels.mean() + matrix.mean()),
                loss + lam * sum(p.abs().mean() for p in reference.parameters()),
                loss + lam * weights / number,
            ],
            "The linear layer does not pay; it lies in an inner module.": loss
            + lam * kernels.sum(),
            "The convolution does not pay.": loss + lam * matrix.sum(),
            "You divided the penalty by the number of images; it does not depend on the batch.": (
                loss + lam * weights / len(labels)
            ),
            "Squares make it L2; take absolute values.": (
                loss + lam * sum(layer.weight.square().sum() for layer in layers)
            ),
            "Without abs() positive and negative weights cancel.": (
                loss + lam * sum(layer.weight.sum() for layer in layers)
            ),
            "lam does not multiply the penalty.": loss + weights,
        }
        right = loss + lam * weights
        otherwise = (
            f"With lam={lam} the loss should be {show(right.item())}, yours is {show(value)}."
        )
        require_value(value, right, mistakes, otherwise)
        _check_gradients(value, model, right, reference)


def _check_gradients(value: object, model: nn.Module, right: Tensor, reference: nn.Module) -> None:
    """Require that the loss can be trained on: its gradients are those of loss and penalty."""
    require(
        isinstance(value, Tensor) and value.requires_grad,
        "The number is right, but it has no graph, so backward() cannot train with it: no "
        ".item(), no .detach().",
    )
    found = torch.autograd.grad(value.sum(), list(model.parameters()), allow_unused=True)
    target = torch.autograd.grad(right, list(reference.parameters()))
    for one, other in zip(found, target, strict=True):
        require(
            one is not None and same(one, other),
            "The number is right, but not its gradients: a part of the sum is cut off from the "
            "graph by .item(), .detach(), .data or no_grad().",
        )


def _network() -> nn.Sequential:
    """Return a network whose layers all have parameters that are not 0."""
    model = nn.Sequential(
        nn.Conv2d(3, 2, 3),
        nn.BatchNorm2d(2),
        nn.ReLU(),
        nn.Flatten(),
        nn.Sequential(nn.Linear(8, 2)),
    ).double()
    nn.init.uniform_(model[1].weight, 0.5, 1.5)
    nn.init.uniform_(model[1].bias, 0.5, 1.5)
    return model


@exercise("05.4")
def diagnosis(answer: tuple[str, str]) -> str:
    """Check two letters: of the chart that overfits most, and of the one that learns nothing."""
    pair = "two letters, as in ('A', 'B'): first overfitting, then learning nothing"
    listed = list(answer) if isinstance(answer, str) else answer
    overfits, learns_nothing = require_sequence(listed, 2, pair)
    ends = {
        letter: [
            as_float64(losses[kind])[:, -1].mean().item() for kind in ("training", "validation")
        ]
        for letter, losses in unnamed_losses(measured("l1")).items()
    }
    gaps = {letter: validation - training for letter, (training, validation) in ends.items()}
    stuck = max(ends, key=lambda letter: ends[letter][0])
    hints = {
        letter: f"In {letter} the training loss ends at {training:.2f}, the validation loss at "
        f"{validation:.2f}: the gap is not the largest."
        for letter, (training, validation) in ends.items()
    }
    require_choice(overfits, max(gaps, key=gaps.get), hints)
    hints = {
        letter: f"In {letter} the training loss ends at {training:.2f}, lower than in another "
        "chart: something was learned."
        for letter, (training, _) in ends.items()
    }
    require_choice(learns_nothing, stuck, hints)
    return f"{overfits} has a gap of {gaps[str(overfits).strip().upper()]:.2f}."


@exercise("05.5")
def lambda_search(answer: Mapping[str, object]) -> str:
    """Check the plan of a search: its λs, its seeds, and what judges."""
    keys = ("lambdas", "seeds", "same_seeds", "judge")
    whole = isinstance(answer, Mapping) and set(answer) == set(keys)
    require(whole, f"Give a dict with {', '.join(map(repr, keys))}; you gave {show(answer)}.")
    lams, seeds = sorted(as_float64(answer["lambdas"]).flatten().tolist()), answer["seeds"]
    require(all(lam >= 0 for lam in lams), "A λ below 0 rewards large weights.")
    require(len(set(lams)) == len(lams), "A λ occurs twice; more seeds are the way to be surer.")
    require(is_integer(seeds) and seeds > 0, f"seeds is a number of runs; you gave {show(seeds)}.")
    judges = {
        "training": "The training images reward overfitting, the very thing that L1 may change.",
        "validation": "",
        "test": "What has chosen λ can no longer judge it: open the test set once, at the end.",
    }
    require_choice(answer["judge"], "validation", judges)
    require(
        lams and lams[0] == 0,
        "There is no run with λ = 0, so you cannot say whether any λ helps.",
    )
    _check_spacing(lams[1:])
    require(seeds > 1, "With one run each, you cannot tell a better λ from a lucky seed.")
    require(
        seeds > 2,
        "Two pairs give an interval of 9 standard deviations of the differences to each side "
        "(12.7/√2); take 3 or more.",
    )
    require(
        answer["same_seeds"] is True,
        "Give every λ the same seeds: the effect of a seed then cancels in the differences.",
    )
    runs = len(lams) * int(seeds)
    require(runs <= RUNS, f"{len(lams)} λs times {seeds} seeds are {runs} runs; you have {RUNS}.")
    margin = t_quantile(int(seeds) - 1) * SPREAD / int(seeds) ** 0.5
    return (
        f"{runs} runs. If paired differences spread by {SPREAD:g} points, your intervals reach "
        f"±{margin:.1f} points: a smaller gain would go unseen."
    )


def _check_spacing(lams: list[float]) -> None:
    """Require that the λs reach from one end to the other, by factors."""
    require(
        lams and lams[0] <= LOWEST * 1.01 and lams[-1] >= HIGHEST * 0.99,
        f"λ may lie anywhere from {LOWEST:g} to {HIGHEST:g}; your search has to reach both ends.",
    )
    gap = max((high / low for low, high in pairwise(lams)), default=1.0)
    require(
        gap <= 11,
        f"There is a gap from one λ to one {gap:.0f} times as large. Equal steps leave the small "
        "λs out; go by a constant factor, 10 at most.",
    )
