"""Checkers of lesson 06, Transfer learning: rates of learning, and five draws (06.5 and 06.6)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from statistics import mean, stdev

from scipy.special import stdtrit
from torch import Tensor, nn

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import (
    refuse,
    require_choice,
    require_sequence,
    same,
    show,
)
from catdog_lib.exercises.random_inputs import seeded
from catdog_lib.exercises.registry import WrongAnswer, exercise, require

# Accuracies of the interpretation, in %: five draws of ten images.
PROBE, TUNED = (81, 70, 88, 76, 84), (84, 72, 92, 79, 87)


@exercise("06.5", "parameter_groups")
def parameter_groups(answer: Callable[..., Sequence[dict]]) -> None:
    """Check a function of (stages, head, lr, decay, frozen): groups for an optimizer."""
    for lr, decay, frozen in ((0.1, 0.5, 0), (0.2, 0.3, 2), (0.2, 0.3, 4)):
        with seeded(9):
            stages = [nn.Sequential(nn.Conv2d(3, 3, 1), nn.BatchNorm2d(3)) for _ in range(4)]
            head = nn.Linear(3, 2)
        parts = [*stages, head]
        own = {id(p) for part in parts for p in part.parameters()}
        found = _rates(ask(answer, list(stages), head, lr, decay, frozen, keeps="the stages"), own)
        rates = [[found.get(id(p)) for p in part.parameters()] for part in parts]
        for number, part in enumerate(rates):
            half = None in part and any(part)
            require(not half, f"Some parameters of {_part(number)} are in no group.")
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
            "You give all parts one rate; each stage should get decay times the one above it.": (
                (lr,) * len(learn)
            ),
            "Your rates are upside down: the head should get the largest, the first stage the "
            "smallest.": [
                [lr * decay**d for d in range(top + 1)],
                [lr * decay ** (n + 1) for n in range(top)] + [lr],
            ],
            "You multiply by decay once too often: the head should learn at lr itself.": (
                *(lr * decay ** (top + 1 - n) for n in range(top + 1)),
            ),
            "Your top stage learns as fast as the head; it should learn at decay · lr.": (
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


def _rates(groups: object, own: set[int]) -> dict[int, float]:
    """Return the learning rate of each parameter, by its id; ``own`` are those of the network."""
    shape = 'a list of dictionaries {"params": ..., "lr": ...}'
    good = isinstance(groups, list | tuple) and all(isinstance(group, dict) for group in groups)
    require(good, f"Return {shape}; you return {show(groups)}.")
    found: dict[int, float] = {}
    for group in groups:
        require({"params", "lr"} <= group.keys(), f"Return {shape}; one has {sorted(group)}.")
        params = group["params"]
        hint = '"params" holds parameters, such as stage.parameters(), not modules or names.'
        require(isinstance(params, Iterable), hint)
        for parameter in [params] if isinstance(params, Tensor) else list(params):
            require(isinstance(parameter, Tensor), hint)
            require(
                id(parameter) in own,
                "A group holds a tensor that is no parameter of the network, such as a copy of "
                "one or a buffer: no layer would learn from its steps.",
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
            f"{difference:.0f} points apart, and the accuracies of each way spread by "
            f"{stdev(PROBE):.0f} points or more.",
            "smaller": "Fine-tuning's mean is the higher one.",
            "chance": "",
        },
    )
    return (
        f"In pairs the difference is {difference:.1f} ± {margins['paired']:.1f} points, without "
        f"pairs {difference:.1f} ± {margins['unpaired']:.1f}."
    )
