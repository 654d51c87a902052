"""Checkers of lesson 06, Transfer learning: training on features (06.4 to 06.6).

Longer than 200 lines because each exercise has its mistakes with their hints.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import mean, stdev

import torch
from scipy.special import stdtrit
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask, seeded
from catdog_lib.exercises.checking import (
    as_float64,
    refuse,
    require_choice,
    require_sequence,
    same,
    show,
)
from catdog_lib.exercises.registry import WrongAnswer, exercise, require

# Accuracies of the interpretation, in %: five draws of ten images.
PROBE, TUNED = (81, 70, 88, 76, 84), (84, 72, 92, 79, 87)


@exercise("06.4", "standardise")
def standardise(answer: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]) -> None:
    """Check a function of (train, other), N×D and M×D: both standardized by ``train`` alone."""
    g = torch.Generator().manual_seed(8)
    scale = torch.tensor([1.0, 10.0, 0.1, 3.0])
    train = torch.randn(20, 4, generator=g) * scale + 5 * scale
    train[:, 3] = 2.0  # a feature that is the same for every training image
    other = torch.randn(8, 4, generator=g) * 2 * scale + 3 * scale
    both = ask(answer, train, other, keeps="the features that it was given")
    pair = require_sequence(both, 2, "two tensors: the training features and the others")
    one, two = map(as_float64, pair)
    for value, shape, which in ((one, (20, 4), "training"), (two, (8, 4), "other")):
        right_shape = tuple(value.shape) == shape
        require(
            right_shape,
            f"The {which} features have the shape {shape}; yours have {tuple(value.shape)}.",
        )
    a, b = train.double(), other.double()
    require(
        bool(one.isfinite().all() and two.isfinite().all()),
        "A feature that never changes in training has the standard deviation 0, and you divide by "
        "it. Divide that feature by 1.",
    )
    require(
        two[:, 3].abs().max().item() < 1000,
        f"The feature that never changes in training becomes {two[0, 3].item():,.0f} for one of "
        "the others: you divide by a tiny number. Divide that feature by 1.",
    )
    varied = slice(0, 3)
    row = (a - a.mean(1, keepdim=True)) / a.std(1, keepdim=True)
    _refuse_mistakes(*(each[:, varied] for each in (one, two, a, b, row)))
    constant = a[:, 3] - 2.0, b[:, 3] - 2.0
    require(
        same(one[:, 3], constant[0], atol=1e-5) and same(two[:, 3], constant[1], atol=1e-5),
        "A feature with the standard deviation 0 is divided by 1: only its mean is subtracted.",
    )


def _refuse_mistakes(one: Tensor, two: Tensor, a: Tensor, b: Tensor, row: Tensor) -> None:
    """Require both to be right where features vary; a variance may be divided by n or n − 1.

    Args:
        one, two: the student's.
        a, b: the training features and the others, as they were.
        row: what comes of the mean and deviation of each image.
    """
    close = {"rtol": 1e-3, "atol": 1e-4}
    together = torch.cat([a, b])

    def by(source: Tensor, values: Tensor, correction: int = 1) -> Tensor:
        return (values - source.mean(0)) / source.std(0, correction=correction)

    def either(source: Tensor, values: Tensor) -> list[Tensor]:
        return [by(source, values, correction) for correction in (0, 1)]

    if not any(same(one, right, **close) for right in either(a, a)):
        mistakes = {
            "The others went into the mean: then training knows something about them.": (
                either(together, a)
            ),
            "You took the mean of an image over its features; use that of a feature, mean(0).": row,
            "The means are 0 now; divide by the standard deviation as well.": a - a.mean(0),
            "You divided by the variance; the standard deviation is its root.": [
                (a - a.mean(0)) / a.var(0, correction=n) for n in (0, 1)
            ],
            "Subtract the mean as well.": [a / a.std(0, correction=n) for n in (0, 1)],
        }
        refuse(one, mistakes, **close)
        raise WrongAnswer(
            "Each training feature should have mean 0 and standard deviation 1, by its own mean(0) "
            "and std(0)."
        )
    if not any(same(two, right, **close) for right in either(a, b)):
        mistakes = {
            "The others were standardized by themselves, so the same animal gets different numbers "
            "there.": either(b, b),
            "The others are unchanged: do the same to them.": b,
            "The others lack the division by the standard deviation of training.": b - a.mean(0),
        }
        refuse(two, mistakes, **close)
        raise WrongAnswer(
            "Do exactly the same to the others: subtract the training mean, divide by the training "
            "standard deviation."
        )


@exercise("06.5", "parameter_groups")
def parameter_groups(answer: Callable[..., Sequence[dict]]) -> None:
    """Check a function of (stages, head, lr, decay, frozen): groups for an optimizer."""
    for lr, decay, frozen in ((0.1, 0.5, 0), (0.2, 0.3, 2)):
        with seeded(9):
            stages = [nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)) for _ in range(4)]
            head = nn.Linear(3, 2)
        found = _rates(ask(answer, list(stages), head, lr, decay, frozen))
        parts = [*stages, head]
        rates = [[found.get(id(p)) for p in part.parameters()] for part in parts]
        for number, part in enumerate(rates):
            whole = len(set(part)) == 1
            require(whole, f"The parameters of {_part(number)} do not all have the same rate.")
        got = [part[0] for part in rates]
        depth = range(4, -1, -1)  # of the first stage below the head, …, of the head
        right = [None if n < frozen else lr * decay**d for n, d in enumerate(depth)]
        setting = f"lr = {lr:g}, decay = {decay:g}, frozen = {frozen}"
        missing = [_part(n) for n in range(5) if right[n] is not None and got[n] is None]
        require(
            not missing,
            f"{' and '.join(missing[:1])} should learn, but you left it out. ({setting})",
        )
        extra = [_part(n) for n in range(5) if right[n] is None and got[n] is not None]
        require(not extra, f"{' and '.join(extra[:1])} is frozen: leave it out. ({setting})")
        learn = [n for n in range(5) if right[n] is not None]
        values, target = ([each[n] for n in learn] for each in (got, right))
        top = len(learn) - 1
        mistakes = {
            "All get the same rate.": (lr,) * len(learn),
            "The rates are upside down: the head gets the largest, the first stage the smallest.": [
                [lr * decay**d for d in range(top + 1)],
                [lr * decay ** (n + 1) for n in range(top)] + [lr],
            ],
            "The head learns at lr itself, the top stage at decay · lr.": (
                *(lr * decay ** (top + 1 - n) for n in range(top + 1)),
            ),
            "The top stage learns at decay · lr, more slowly than the head.": (
                *(lr * decay ** (top - 1 - n) for n in range(top)),
                lr,
            ),
            "Each stage gets decay times the rate of the stage above it, so the factors multiply; "
            "you let all stages have decay · lr.": (*[lr * decay] * top, lr),
            "You divide by decay: lower stages then learn faster than the head.": (
                *(lr / decay ** (top - n) for n in range(top + 1)),
            ),
        }
        if not same(values, target):
            refuse(values, mistakes, setting)
            raise WrongAnswer(
                "From the lowest stage that learns to the head, the rates should be "
                f"{show(target)}; yours are {show(values)}. ({setting})"
            )


def _part(number: int) -> str:
    return "the head" if number == 4 else f"stage {number + 1}"


def _rates(groups: object) -> dict[int, float]:
    """Return the learning rate of each parameter, by its id."""
    shape = 'a list of dictionaries {"params": ..., "lr": ...}'
    good = isinstance(groups, list | tuple) and all(isinstance(group, dict) for group in groups)
    require(good, f"Return {shape}; you return {show(groups)}.")
    found: dict[int, float] = {}
    for group in groups:
        require({"params", "lr"} <= group.keys(), f"Return {shape}; one has {sorted(group)}.")
        params = group["params"]
        for parameter in [params] if isinstance(params, Tensor) else list(params):
            require(
                isinstance(parameter, Tensor),
                '"params" holds parameters, such as stage.parameters(), not modules or names.',
            )
            require(id(parameter) not in found, "A parameter is in two groups, or twice in one.")
            found[id(parameter)] = float(group["lr"])
    return found


@exercise("06.6")
def reading(answer: object) -> str:
    """Check what a student reads off five draws: first with the draws in pairs, then without."""
    pair = require_sequence(answer, 2, 'two answers, such as ("chance", "chance")')
    n, differences = len(PROBE), [t - p for p, t in zip(PROBE, TUNED, strict=True)]
    errors = {
        "paired": (stdev(differences) / n**0.5, n - 1),
        "unpaired": ((stdev(PROBE) ** 2 / n + stdev(TUNED) ** 2 / n) ** 0.5, 2 * (n - 1)),
    }
    margins = {k: error * float(stdtrit(df, 0.975)) for k, (error, df) in errors.items()}
    difference = mean(differences)
    right = {k: "larger" if difference > margin else "chance" for k, margin in margins.items()}
    lies = f"In each draw fine-tuning gains {min(differences)} to {max(differences)} points"
    require_choice(
        pair[0],
        right["paired"],
        {
            "larger": "",
            "smaller": "Fine-tuning's accuracy is the higher one in every draw.",
            "chance": f"Both ways had the same ten images in each draw, so look at differences "
            f"within a draw. {lies}; how much do these five numbers spread?",
        },
    )
    require_choice(
        pair[1],
        right["unpaired"],
        {
            "larger": "Now draw 1 of one way and draw 1 of the other have nothing in common. Only "
            "the two means and their spreads are left: the means lie "
            f"{difference:.0f} points apart, and each column spreads by {stdev(PROBE):.0f}.",
            "smaller": "Fine-tuning's mean is the higher one.",
            "chance": "",
        },
    )
    return (
        f"In pairs the difference is {difference:.1f} ± {margins['paired']:.1f} points, without "
        f"pairs {difference:.1f} ± {margins['unpaired']:.1f}."
    )
