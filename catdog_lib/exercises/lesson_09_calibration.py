"""Checkers of lesson 09, Your own pet: calibration and temperature (09.2 to 09.4)."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.exercises.calling import ask
from catdog_lib.exercises.checking import (
    FLOAT32,
    as_float64,
    require_choice,
    require_sequence,
    require_value,
    show,
)
from catdog_lib.exercises.random_inputs import generator
from catdog_lib.exercises.registry import WrongAnswer, exercise, require
from catdog_lib.trust import fit_temperature

WORDS = ("rises", "falls", "stays")
QUESTIONS = ("the accuracy", "the mean confidence", "the loss of a confident mistake")


@exercise("09.2", "calibration_error")
def calibration_error(answer: Callable[[Tensor, Tensor, Tensor], float]) -> None:
    """Check a function of (confidence, right, edges): the expected calibration error."""
    g = generator(92)
    for count, edges in ((40, (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)), (25, (0.5, 0.55, 0.78, 1.0))):
        confidence = 0.62 + 0.37 * torch.rand(count, generator=g) ** 0.5
        confidence[0], confidence[3] = edges[3 if count == 40 else 2], 1.0  # on an edge, and last
        # Low confidences are too low and high ones too high, so that signs could cancel.
        right = ((torch.arange(count) % 3 > 0) | (confidence < 0.78)).long()
        limits = torch.tensor(edges)  # the first bin is empty in both settings
        value = ask(answer, confidence, right, limits, keeps="what it was given")
        which = torch.bucketize(confidence.double(), limits.double()[1:-1], right=True)
        bins = [which == b for b in range(len(edges) - 1)]
        gaps = [
            (right[b].double().mean() - confidence[b].double().mean()).item() if b.any() else 0.0
            for b in bins
        ]
        weights = [b.sum().item() / count for b in bins]
        filled = [abs(gap) for gap, weight in zip(gaps, weights, strict=True) if weight]
        ece = sum(w * abs(g) for w, g in zip(weights, gaps, strict=True))
        middles = ((limits[1:] + limits[:-1]) / 2).double()
        overall = right.double().mean().item() - confidence.double().mean().item()
        is_nan = torch.isnan(as_float64(value)).any()
        require(not is_nan, "You get NaN: a bin is empty here. It has nothing to add; skip it.")
        mistakes = {
            "A bin with many answers counts for more: multiply each distance by the bin's share "
            "of the answers.": [sum(filled) / len(filled), sum(filled) / len(bins)],
            "Take the absolute value of each bin's difference, so that signs do not cancel.": [
                sum(w * g for w, g in zip(weights, gaps, strict=True)),
                abs(overall),
                -overall,
            ],
            "Add up the bins' distances by their share of the answers; you return the largest.": (
                max(filled)
            ),
            "Take the absolute value of each difference, not its square.": [
                sum(w * g * g for w, g in zip(weights, gaps, strict=True)),
                math.sqrt(sum(w * g * g for w, g in zip(weights, gaps, strict=True))),
            ],
            "The confidence of a bin is the mean of its answers' confidences, not its middle.": (
                sum(
                    w * abs((right[b].double().mean() - m).item())
                    for b, w, m in zip(bins, weights, middles, strict=True)
                    if w
                )
            ),
            "Weight each bin's distance by its share of all answers, not by its number of "
            "answers.": ece * count,
            "Compare means over a bin, not single answers.": (
                (right.double() - confidence.double()).abs().mean()
            ),
        }
        otherwise = f"The error should be {show(ece)}; yours is {show(value)}."
        setting = f"{count} answers, {len(bins)} bins"
        require_value(value, ece, mistakes, otherwise, setting, **FLOAT32)


@exercise("09.3", is_prediction=True)
def effects_of_temperature(answer: object) -> str:
    """Check a prediction: what dividing all logits by 3 does to three numbers."""
    predicted = require_sequence(answer, 3, 'three words, such as ("rises", "falls", "stays")')
    g = generator(93)
    labels = torch.arange(400) % 2
    z = 4 * torch.randn(400, 1, generator=g) + 3 * (2 * labels[:, None] - 1)
    logits = torch.cat([-z, z], 1).double()
    mistake = torch.tensor([[6.0, -6.0]])  # says cat, with 99.999%; it is a dog
    values = []
    for temperature in (1, 3):
        p = (logits / temperature).softmax(1)
        accuracy = (p.argmax(1) == labels).double().mean().item()
        loss = F.cross_entropy(mistake / temperature, torch.tensor([1])).item()
        values.append((accuracy, p.amax(1).mean().item(), loss))
    right = [
        "stays" if before == after else "rises" if after > before else "falls"
        for before, after in zip(*values, strict=True)
    ]
    hints = (
        "Both logits of an image are divided by the same number. Which of them is the larger one?",
        "As T grows, both logits approach 0. Which probabilities do two zeros have?",
        "The loss is −ln of the probability of the true class. What becomes of a tiny probability "
        "when both approach a half?",
    )
    for word, target, what, hint in zip(predicted, right, QUESTIONS, hints, strict=True):
        require_choice(word, target, dict.fromkeys(WORDS, f"Think again about {what}. {hint}"))
    (accuracy, confidence, loss), (_, confidence_3, loss_3) = values
    return (
        f"Here: accuracy {accuracy:.1%} both times, mean confidence from {confidence:.1%} to "
        f"{confidence_3:.1%}, loss of the confident mistake from {loss:.1f} to {loss_3:.1f}."
    )


@exercise("09.4", "temperature_of")
def temperature_of(answer: Callable[[Tensor, Tensor], float]) -> None:
    """Check a function of (logits, labels): a temperature within 3% of the best one."""
    g = generator(94)
    for planted in (2.6, 0.45):
        logits = 3 * torch.randn(600, 2, generator=g)
        labels = torch.multinomial((logits / planted).softmax(1), 1, generator=g)[:, 0]
        value = as_float64(
            ask(answer, logits, labels, keeps="the logits or the labels", draws=True)
        )
        require(value.numel() == 1, "Return one number, the temperature.")
        value = value.item()
        best = fit_temperature(logits, labels)
        setting = f"600 images, the best temperature is {best:.2f}"
        require(
            not abs(value - math.log(best)) < 0.01,
            f"You return ln T; take e to the power of your number. ({setting})",
        )
        require(
            math.isfinite(value) and value > 0,
            f"A temperature is a number above 0; yours is {show(value)}.",
        )
        if abs(value / best - 1) < 0.03:
            continue
        require(
            value <= 10 or value % 1 > 0,
            f"Yours, {value:.0f}, looks like a place in a list, such as argmin gives: return the "
            f"temperature at that place. ({setting})",
        )
        require(
            abs(value * best - 1) > 0.03,
            f"You return 1/T: the logits are to be divided by your number. ({setting})",
        )
        require(
            abs(value - 1) > 0.02,
            f"Yours is 1, which changes nothing. Does your search move at all? ({setting})",
        )
        once_more = fit_temperature(logits.softmax(1), labels)
        require(
            abs(value / once_more - 1) > 0.05,
            "cross_entropy takes logits and does the softmax itself; you gave it probabilities. "
            f"({setting})",
        )
        losses = [F.cross_entropy(logits / t, labels).item() for t in (value, best)]
        raise WrongAnswer(
            f"Yours, {value:.3g}, has the loss {losses[0]:.4f}, the best one {losses[1]:.4f}: "
            f"search further, or in finer steps. ({setting})"
        )
