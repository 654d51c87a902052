"""The curves of a broken training script, and those of the same script with its defect mended.

Lesson 08, section 1; Lesson 08, section 2; Lesson 08, section 3; Lesson 08, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, log

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator

from catdog_lib.plots.primitives import integer_ticks, legend_outside, lone_marker, mark_missing
from catdog_lib.plots.style import GREY, WRONG, describe, new_figure, style

HIGH = 2.0  # above it the losses are drawn on a logarithmic scale, or the rest would be flat
LOOKS = {
    "broken": {"color": WRONG, "linestyle": "-", "marker": "X"},
    "fixed": {"color": "C0", "linestyle": "--", "marker": "o"},
    "healthy": {"color": "C0", "linestyle": "-", "marker": "o"},
}


def broken_and_fixed(
    scripts: Mapping[str, Mapping[str, Sequence]], levels: Mapping[str, float] | None = None
) -> Figure:
    """Draw training loss and training accuracy by epoch, and an accuracy after training.

    Each seed is a thin line, their mean a thick one. At the right end of the second chart there is
    a mark for each seed: the accuracy of the script's own predictions, after training, for the very
    images that it was trained on.

    Args:
        scripts: "broken", "fixed" or both, or "healthy" → "loss" and "accuracy", a list over the
            epochs for each seed, and "known", the accuracy after training of each seed.
        levels: losses to mark by a dotted line, with their names; by default ln 2, that of a
            network that cannot tell two classes apart.
    """
    with style():
        figure, (losses, accuracies) = new_figure(1, 2, height=3.2)
        for column, (name, runs) in enumerate(scripts.items()):
            loss, accuracy = np.array(runs["loss"]), 100 * np.array(runs["accuracy"])
            epochs = np.arange(1, loss.shape[1] + 1)
            _seeds_and_mean(losses, epochs, loss, name)
            _seeds_and_mean(accuracies, epochs, accuracy, name)
            last, wide = epochs[-1], 0.16 * epochs[-1]  # the room to the right of the curves
            middle = last + wide * (1 + 0.7 * (column - (len(scripts) - 1) / 2))
            after = middle + np.linspace(-0.25, 0.25, len(runs["known"])) * wide
            look = LOOKS[name] | {"linestyle": "none", "markersize": 7, "alpha": 0.8}
            accuracies.plot(after, 100 * np.array(runs["known"]), **look)
        values = [loss for runs in scripts.values() for seed in runs["loss"] for loss in seed]
        highest = max(filter(isfinite, values), default=HIGH)
        for label, level in (levels or {"ln 2": log(2)}).items():
            losses.axhline(level, color=GREY, linestyle=":", linewidth=1.2)
            where = dict(xycoords=("axes fraction", "data"), textcoords="offset points")
            losses.annotate(label, (1, level), (4, 0), **where, color=GREY, va="center")
        losses.set(xlabel="epoch", ylabel="training loss")
        if highest > HIGH:
            losses.set(yscale="log")
            losses.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
            losses.yaxis.set_major_formatter("{x:g}")
            losses.yaxis.set_minor_formatter("")
        else:
            losses.set(ylim=(0, 1.05 * highest))
        accuracies.axvline(last + wide / 4, color=GREY, linewidth=0.8)
        accuracies.set(xlabel="epoch", ylabel="accuracy, %", ylim=(-4, 104))
        losses.set_title("Loss in training")
        accuracies.set_title("Accuracy in training, and after")
        mark_missing(losses)
        for axes in (losses, accuracies):
            integer_ticks(axes)
        ticks = [int(tick) for tick in losses.get_xticks() if 1 <= tick <= last]
        accuracies.set_xticks([*ticks, last + wide], [*map(str, ticks), "after"])
        legend_outside(figure, losses, columns=2)
    return describe(figure, _words(scripts))


def _seeds_and_mean(axes: Axes, epochs: np.ndarray, seeds: np.ndarray, name: str) -> None:
    look = LOOKS[name] | {"marker": lone_marker(epochs)}
    for values in seeds:
        axes.plot(epochs, values, **look, linewidth=0.8, alpha=0.5)
    axes.plot(epochs, seeds.mean(0), **look, label=name)


def _words(scripts: Mapping[str, Mapping[str, Sequence]]) -> str:
    parts = [
        f"{name}: the loss goes from {np.mean(runs['loss'], 0)[0]:.2f} to "
        f"{np.mean(runs['loss'], 0)[-1]:.2f}, the training accuracy ends at "
        f"{np.mean(runs['accuracy'], 0)[-1]:.0%}, and the same images are predicted with "
        f"{np.mean(runs['known']):.0%}"
        for name, runs in scripts.items()
    ]
    return (
        "Two charts by epoch, training loss and training accuracy, with the accuracy after "
        f"training on the same images. Means over the seeds. {'; '.join(parts)}."
    )
