"""Training beside validation loss, for several ways to train: who overfits, and who underfits?

Lesson 05, section 5; Lesson 05, section 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isfinite, log

import numpy as np
from matplotlib.figure import Figure

from catdog_lib.plots.primitives import (
    integer_ticks,
    legend_outside,
    lone_marker,
    mark_missing,
    small_multiples,
)
from catdog_lib.plots.style import GREY, describe, style

CUT = 2.0  # higher losses are cut off, or the rest would be flat


def training_and_validation(
    runs: Mapping[str, Mapping[str, Sequence[Sequence[float]]]], columns: int = 3
) -> Figure:
    """Draw the loss on training and on validation images by epoch, one chart for each way to train.

    Each seed is a thin line, their mean a thick one; a dotted line is ln 2, the loss of a network
    that cannot tell the two classes apart.

    Args:
        runs: name → "training" and "validation" → for each seed the loss after each epoch.
        columns: of charts.
    """
    curves = [seed for run in runs.values() for seeds in run.values() for seed in seeds]
    highest = max((loss for seed in curves for loss in seed if isfinite(loss)), default=CUT)
    descriptions = []
    with style():
        figure, all_axes = small_multiples(len(runs), columns, width=8.7 / columns, height=2.5)
        for axes, (name, run) in zip(all_axes, runs.items(), strict=False):
            ends = []
            for kind, colour, line in (("training", "C0", "-"), ("validation", "C1", "--")):
                losses = np.array(run[kind])
                epochs = np.arange(1, losses.shape[1] + 1)
                look = {"color": colour, "marker": lone_marker(epochs)}
                for seed in losses:
                    axes.plot(epochs, seed, line, **look, linewidth=0.7, alpha=0.5)
                axes.plot(epochs, losses.mean(0), line, **look, label=kind)
                ends.append(f"{kind} {losses[:, -1].mean():.2f}")
            axes.axhline(log(2), color=GREY, linestyle=":", linewidth=1.2, label="ln 2")
            axes.set(ylim=(0, min(1.05 * highest, CUT)), xlabel="epoch", ylabel="loss")
            axes.set_title(name)
            axes.title.set_fontsize(10)
            integer_ticks(axes)
            mark_missing(axes)
            descriptions.append(f"{name}: {', '.join(ends)}")
        legend_outside(figure, all_axes[0], columns=3)
    return describe(
        figure,
        "Training and validation loss by epoch, a chart for each way to train. After the last "
        f"epoch, on average over the seeds: {'; '.join(descriptions)}. A dotted line is ln 2.",
    )
