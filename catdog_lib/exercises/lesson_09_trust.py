"""Checkers of lesson 09, Your own pet: a threshold (09.5), and curves to read (09.6)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import (
    FLOAT32,
    require_choice,
    require_sequence,
    require_value,
    show,
)
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import exercise, require
from catdog_lib.trust import threshold_for

SHAPE = "three numbers: threshold, share of rejected test pets, share of rejected strangers"


@exercise("09.5", "report")
def report(answer: Callable[..., tuple]) -> None:
    """Check a function of (validation, test, strangers, lost): threshold and two shares."""
    g = generator(95)
    for lost, count in ((0.1, 40), (0.25, 30)):
        # Test pets score lower than validation pets, so that it matters which of them choose.
        validation = (torch.randn(count, generator=g) + 2).round(decimals=2)
        test = (torch.randn(50, generator=g) + 1.5).round(decimals=2)
        strangers = (torch.randn(60, generator=g)).round(decimals=2)
        strangers[0] = threshold_for(validation, 1 - lost)  # exactly at the threshold: accepted
        value = ask(answer, validation, test, strangers, lost, keeps="the scores")
        threshold, pets, others = require_sequence(value, 3, SHAPE)
        setting = f"lost = {lost:g}, {count} validation pets"

        def rejected(scores: Tensor, limit: float) -> float:
            return (scores < limit).double().mean().item()

        def limit(scores: Tensor, share: float = 1 - lost) -> float:
            return threshold_for(scores, share)

        right = limit(validation)
        mistakes = {
            "The test pets chose the threshold, too; then they cannot judge it. Only validation "
            "may choose.": [limit(test), limit(torch.cat([validation, test]))],
            f"That threshold rejects about {1 - lost:.0%} of the validation pets; it should accept "
            "that share.": [limit(validation, lost), torch.quantile(validation, 1 - lost).item()],
            "The strangers chose the threshold. You will not meet these very strangers again; "
            "choose by the validation pets.": [limit(strangers), limit(strangers, lost)],
        }
        accepts = (validation >= _number(threshold) - 1e-6).double().mean().item()
        otherwise = (
            f"The threshold should be {show(right)}, the highest score of a validation pet that at "
            f"least {1 - lost:.0%} of them reach; yours, {show(threshold)}, is reached by "
            f"{accepts:.1%}."
        )
        require_value(threshold, right, mistakes, otherwise, setting, **FLOAT32)
        for what, got, scores in (("test pets", pets, test), ("strangers", others, strangers)):
            target = rejected(scores, right)
            mistakes = {
                f"That is the share of {what} that are accepted; return that of the rejected.": (
                    1 - target
                ),
                "An image whose score is exactly the threshold is accepted.": (
                    (scores <= right).double().mean().item()
                ),
                f"That is the number of {what}; return their share.": target * len(scores),
                "Return shares between 0 and 1.": 100 * target,
            }
            if what == "test pets":
                mistakes["That is the share of the validation pets."] = rejected(validation, right)
            shown = f"The share of rejected {what} should be {show(target)}; yours is {show(got)}."
            require_value(got, target, mistakes, shown, setting, **FLOAT32)


def _number(value: object) -> float:
    """Return one number, or raise a hint for what is none."""
    good = isinstance(value, int | float | Tensor) or hasattr(value, "item")
    require(good, f"The threshold should be a number; yours is {show(value)}.")
    return float(value)


@exercise("09.6")
def reading(answer: object) -> str:
    """Check what a student reads off two curves under darkness."""
    words = require_sequence(answer, 3, 'three answers, such as ("A", "B", "nothing")')
    require_choice(
        words[0],
        "chance",
        {
            "A": "97% against 95.5% of 200 images: three images decide. How long are the "
            "intervals at that point?",
            "B": "B's accuracy on undamaged images is the lower one.",
            "chance": "",
        },
    )
    require_choice(
        words[1],
        "B",
        {
            "A": "Look at 0.8, where 80% of the light is lost: which curve is higher?",
            "B": "",
            "chance": "At 0.8 the curves lie 18 points apart; their intervals do not even touch.",
        },
    )
    require_choice(
        words[2],
        "nothing",
        {
            "half": "A coin is right half of the time, too. If A recognized half of the animals "
            "and guessed the rest, how many would be right?",
            "nothing": "",
        },
    )
    return "Half of the answers right, with two classes, is what guessing gives."
