"""Checkers of lesson 00, Meet the data: held-out images and baselines (00.3, 00.5 and 00.6)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import refuse, require_value
from catdog_lib.exercises.registry import exercise, require


@exercise("00.3", "hold_out")
def hold_out(answer: Callable[[Tensor, float, torch.Generator], Tensor]) -> None:
    """Check a function of (labels, share, generator): positions of a random share of each class."""
    labels = torch.tensor([0] * 60 + [1] * 40)  # in order, as files in folders are

    def drawn(seed: int, share: float = 0.25) -> list[int]:
        positions = torch.as_tensor(
            ask(answer, labels, share, torch.Generator().manual_seed(seed), keeps="the labels")
        )
        hint = "Return one row of positions: a list or a tensor of N numbers."
        require(positions.ndim == 1, hint)
        require(
            positions.dtype != torch.bool and not positions.is_floating_point(),
            "Return positions, integers such as 3 or 41; `nonzero` makes them from a mask.",
        )
        return positions.tolist()

    first = drawn(1)
    require(len(first) > 0, "Nothing is held out.")
    hint = "An image is drawn twice: draw without replacement."
    require(len(set(first)) == len(first), hint)
    require(
        all(0 <= position < 100 for position in first),
        "A position lies outside the set: add the place where the class begins, or index its "
        "members.",
    )
    cats = sum(position < 60 for position in first)
    hint = "You return the images that stay; the held-out quarter is asked for."
    require(len(first) != 75, hint)
    hint = f"A share of 0.25 of 100 images is 25; you hold out {len(first)}."
    require(len(first) == 25, hint)
    seeds = [drawn(seed) for seed in range(2, 6)]
    shares = {sum(position < 60 for position in each) for each in (first, *seeds)}
    require(
        shares != {25} and shares != {0},
        "All that you hold out is of one class: the labels come in order, so the first quarter is "
        "all cats.",
    )
    require(
        shares == {15},
        f"Of 60 cats and 40 dogs you hold out {cats} cats and {25 - cats} dogs; a quarter of each "
        "class is 15 and 10.",
    )
    require(
        drawn(1) == first,
        "The same seed gave two different splits: draw all random numbers from the generator that "
        "you are given.",
    )
    require(
        any(sorted(each) != sorted(first) for each in seeds),
        "Every seed gives the same split: draw at random, from the generator.",
    )
    require(
        sum(position < 60 for position in drawn(1, 0.5)) == 30,
        "With a share of 0.5 you should hold out 30 of 60 cats: use the share that you are given.",
    )


@exercise("00.5", "mlp_parameters")
def mlp_parameters(answer: Callable[[int, int, int, int], int]) -> None:
    """Check a function of (height, width, hidden, classes): parameters of a perceptron on a photo.

    It has one hidden layer, and the photo is in colour.
    """
    for height, width, hidden, classes in ((4, 6, 5, 2), (64, 64, 100, 10), (1000, 1000, 1000, 2)):
        value = ask(answer, height, width, hidden, classes)
        pixels = height * width
        first, second = 3 * pixels * hidden, hidden * classes  # weights
        right = first + hidden + second + classes
        mistakes = {
            "A pixel of a colour photo is three numbers: red, green and blue are inputs of their "
            "own.": [right - 2 * pixels * hidden, pixels * hidden + second],
            "You counted the weights; every hidden unit and every output has a bias as well.": (
                first + second
            ),
            "That is the first layer; a second one leads from the hidden units to the classes.": [
                first,
                first + hidden,
            ],
            "One of the two layers still lacks its biases.": [right - classes, right - hidden],
            "Inputs have no bias: only the units of the two layers have one each.": (
                right + 3 * pixels
            ),
        }
        setting = f"{height}×{width} pixels, {hidden:,} hidden units and {classes} classes"
        otherwise = f"For a photo of {setting} I count {right:,}, you {value}."
        require_value(value, right, mistakes, otherwise)


@exercise("00.6", "baseline")
def baseline(answer: Callable[[Tensor, Tensor], float]) -> None:
    """Check a function of (train_labels, test_labels): the accuracy of the commonest class."""
    for train, test in (
        ([0, 1, 1, 1, 1], [0, 1, 1, 1]),
        ([0, 1, 1, 1], [0, 0, 0, 1, 1]),
        ([0, 0, 1], [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]),
        ([1, 1, 0], [1, 1, 1, 0]),
    ):
        value = ask(answer, torch.tensor(train), torch.tensor(test), keeps="the labels")
        hint = "Return one number, the share of right answers."
        require(not isinstance(value, Tensor) or value.ndim == 0, hint)
        commonest = max((0, 1), key=train.count)
        hits, value = test.count(commonest), float(value)
        right = hits / len(test)
        setting = f"Trained on {train}, tested on {test}"
        if value > 1:
            hint = f"{setting}: {value:g} are right, but of how many? Return the share."
            refuse(value, {hint: hits})
        require(value <= 1, f"{setting}: a share is at most 1; you return {value:g}. 60 % is 0.6.")
        mistakes = {
            f"{setting}: you measured on the training labels.": train.count(commonest) / len(train),
            f"{setting}: you chose the class by looking at the test labels. That is the one thing "
            "nobody may do.": max(test.count(0), test.count(1)) / len(test),
        }
        otherwise = (
            f"{setting}: the commonest training class is {commonest}, which is right for "
            f"{right:.2f} of the test images; you return {value:g}."
        )
        require_value(value, right, mistakes, otherwise)
