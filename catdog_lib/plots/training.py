"""How a training run went, and how good the network is that came out.

Lesson 03, section 6; Lesson 03, section 7; Lesson 04, section 6; Lesson 05, section 5.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from math import log
from types import MappingProxyType

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.plots.primitives import (
    curve_look,
    integer_ticks,
    legend_outside,
    lone_marker,
    mark_missing,
    write_cells,
)
from catdog_lib.plots.style import GREY, describe, new_figure, style
from catdog_lib.training.history import Epoch, History


def history(run: History) -> Figure:
    """Draw training and validation loss and accuracy after each epoch, with the best one marked."""
    table = run.to_pandas()
    with style():
        figure, (losses, accuracies) = new_figure(1, 2)
        for axes, metric, scale, ylabel in (
            (losses, "loss", 1, "cross-entropy loss"),
            (accuracies, "accuracy", 100, "accuracy, %"),
        ):
            axes.plot(table.epoch, scale * table[f"train_{metric}"], "o-", label="training")
            axes.plot(table.epoch, scale * table[f"validation_{metric}"], "s-", label="validation")
            axes.axvline(run.best.epoch, color=GREY, linestyle=":", linewidth=1.2)
            axes.set(xlabel="epoch", ylabel=ylabel)
            integer_ticks(axes)
            mark_missing(axes)
        losses.set_title("Loss")
        accuracies.set_title("Accuracy")
        foot = run.best.epoch, accuracies.get_ylim()[0]
        look = {"textcoords": "offset points", "ha": "right", "color": GREY}
        accuracies.annotate("best", foot, xytext=(-4, 4), **look)
        losses.legend()
    first, last = run.epochs[0], run.epochs[-1]
    return describe(
        figure,
        f"Two charts over {len(run.epochs)} epochs. Training loss goes from {first.train_loss:.2f} "
        f"to {last.train_loss:.2f}, validation loss from {first.validation_loss:.2f} to "
        f"{last.validation_loss:.2f}; validation accuracy from {first.validation_accuracy:.0%} to "
        f"{last.validation_accuracy:.0%}, with its best, {run.best.validation_accuracy:.0%}, in "
        f"epoch {run.best.epoch}.",
    )


def loss_curves(runs: Mapping[str, Mapping[str, Sequence[float]]]) -> Figure:
    """Draw training and validation loss of several runs side by side, on one scale.

    Args:
        runs: name → "training" and "validation" → the loss after each epoch.
    """
    with style():
        figure, all_axes = new_figure(1, len(runs), width=9, height=2.6, sharey=True)
        for axes, (name, curves) in zip(all_axes, runs.items(), strict=True):
            for label, losses in curves.items():
                epochs, marker = range(1, len(losses) + 1), lone_marker(losses)
                axes.plot(epochs, losses, marker=marker, label=label)
            axes.axhline(log(2), color=GREY, linestyle=":", linewidth=1.2)
            axes.set(xlabel="epoch", ylim=(0, 1.5))
            axes.set_title(name, loc="left")
            integer_ticks(axes)
            mark_missing(axes)
        all_axes[0].set_ylabel("cross-entropy loss, up to 1.5")
        all_axes[-1].annotate(
            "ln 2",
            (1, log(2)),
            (4, 0),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            color=GREY,
            va="center",
        )
        legend_outside(figure, all_axes[0], columns=2)
    ends = "; ".join(
        f"{name}: " + ", ".join(f"{label} {ls[0]:.2f} to {ls[-1]:.2f}" for label, ls in one.items())
        for name, one in runs.items()
    )
    return describe(
        figure, f"Loss curves of {len(runs)} training runs, first to last epoch. {ends}."
    )


def compare(
    runs: Mapping[str, list[History]],
    colours: Mapping[str, str] = MappingProxyType({}),
    loss: bool = False,
) -> Figure:
    """Draw the validation accuracy of several ways to train: each seed thin, their mean thick.

    At the right is that of each seed's best epoch.

    Args:
        runs: name → one history for each seed.
        colours: of the names that have one elsewhere, such as
            :data:`catdog_lib.plots.optimizers.COLOURS`; others take the style's.
        loss: draw the training loss instead, and at the right that of the last epoch.
    """
    what = "training loss" if loss else "validation accuracy"
    label, end = (what, "Last epoch") if loss else (f"{what}, %", "Best epoch")

    def value(epoch: Epoch) -> float:
        return epoch.train_loss if loss else 100 * epoch.validation_accuracy

    ends = {
        name: [value(h.epochs[-1] if loss else h.best) for h in histories]
        for name, histories in runs.items()
    }
    with style():
        figure, (curves, finals) = new_figure(1, 2, height=4)
        for position, (name, histories) in enumerate(runs.items()):
            own = curve_look(position)
            colour = colours.get(name.split(",")[0], own["color"])
            values_of_seeds = [list(map(value, h.epochs)) for h in histories]
            epochs = range(1, min(map(len, values_of_seeds)) + 1)
            for values in values_of_seeds:
                steps = range(1, len(values) + 1)
                look = {"color": colour, "marker": lone_marker(values)}
                curves.plot(steps, values, **look, linewidth=0.8, alpha=0.6)
            mean = np.mean([values[: len(epochs)] for values in values_of_seeds], axis=0)
            look = {"linestyle": own["linestyle"], "marker": lone_marker(mean), "label": name}
            curves.plot(epochs, mean, color=colour, **look)
            last = ends[name]
            finals.plot([position] * len(last), last, "o", color=colour, alpha=0.6)
            finals.hlines(np.mean(last), position - 0.2, position + 0.2, color=colour)
        curves.set(xlabel="epoch", ylabel=label)
        curves.set_title("Along the way")
        integer_ticks(curves)
        mark_missing(curves)
        mark_missing(finals)
        legend_outside(figure, curves, columns=len(runs))
        finals.set(ylabel=label, xlim=(-0.6, len(runs) - 0.4))
        finals.set_xticks(range(len(runs)), [textwrap.fill(name, 14) for name in runs])
        finals.set_title(f"{end} of each seed")
    summary = "; ".join(
        f"{name}: {np.mean(values):{'.3f' if loss else '.1f'}} on average over {len(values)} seeds"
        for name, values in ends.items()
    )
    return describe(
        figure, f"{label.capitalize()}, by epoch and at the {end.lower()} of each seed. {summary}."
    )


def confusion(matrix: Tensor) -> Figure:
    """Draw a confusion matrix with counts and rates.

    Args:
        matrix: 2×2 counts; row: what the image shows, column: what the network says.
    """
    counts = matrix.numpy()
    rates = counts / counts.sum(1, keepdims=True).clip(1)
    with style():
        figure, (axes,) = new_figure(width=4.4, height=3.8)
        image = axes.imshow(rates, cmap="Blues", vmin=0, vmax=1)
        texts = [
            [f"{count:,}\n{rate:.1%}" for count, rate in zip(*row, strict=True)]
            for row in zip(counts, rates, strict=True)
        ]
        write_cells(axes, texts, fontsize=13)
        axes.set_xticks([0, 1], [f"says {name}" for name in CLASSES])
        axes.set_yticks([0, 1], [f"is a {name}" for name in CLASSES])
        axes.grid(False)
        axes.tick_params(length=0)
        figure.colorbar(image, ax=axes, label="share of the row", shrink=0.85)
    return describe(
        figure,
        "A table of two rows and two columns. "
        + " ".join(
            f"Of {counts[i].sum():,} {name}s, {counts[i, i]:,} ({rates[i, i]:.1%}) are called "
            f"{name}."
            for i, name in enumerate(CLASSES)
        ),
    )
