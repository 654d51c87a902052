"""How a training run went, and how good the network is that came out."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.plots.style import GREY, describe, new_figure, style
from catdog_lib.training.history import History


def history(run: History) -> Figure:
    """Loss and accuracy after each epoch, in training and on validation; the best epoch is
    marked.
    """
    table = run.to_pandas()
    with style():
        figure, (losses, accuracies) = new_figure(1, 2)
        for axes, what in ((losses, "loss"), (accuracies, "accuracy")):
            scale = 100 if what == "accuracy" else 1
            axes.plot(table.epoch, scale * table[f"train_{what}"], "o-", label="training")
            axes.plot(table.epoch, scale * table[f"validation_{what}"], "s-", label="validation")
            axes.axvline(run.best.epoch, color=GREY, linestyle=":", linewidth=1.2)
            axes.set(
                xlabel="epoch", ylabel="accuracy, %" if what == "accuracy" else "cross-entropy loss"
            )
            axes.xaxis.get_major_locator().set_params(integer=True)
        losses.set_title("Loss")
        accuracies.set_title("Accuracy")
        accuracies.annotate(
            "best",
            (run.best.epoch, accuracies.get_ylim()[0]),
            xytext=(-4, 4),
            textcoords="offset points",
            ha="right",
            color=GREY,
        )
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


def compare(runs: Mapping[str, list[History]]) -> Figure:
    """Validation accuracy of several ways to train: a thin line for each seed, a thick one for
    their mean.
    """
    with style():
        figure, (curves, finals) = new_figure(1, 2, height=4)
        for position, (name, histories) in enumerate(runs.items()):
            colour = f"C{position}"
            accuracies = [[100 * e.validation_accuracy for e in h.epochs] for h in histories]
            epochs = range(1, min(map(len, accuracies)) + 1)
            for values in accuracies:
                curves.plot(
                    range(1, len(values) + 1), values, color=colour, linewidth=0.8, alpha=0.6
                )
            mean = np.mean([values[: len(epochs)] for values in accuracies], axis=0)
            curves.plot(epochs, mean, color=colour, label=name)
            best = [100 * h.best.validation_accuracy for h in histories]
            finals.plot([position] * len(best), best, "o", color=colour, alpha=0.6)
            finals.plot([position - 0.2, position + 0.2], [np.mean(best)] * 2, color=colour)
        curves.set(xlabel="epoch", ylabel="validation accuracy, %")
        curves.set_title("Along the way")
        curves.xaxis.get_major_locator().set_params(integer=True)
        figure.legend(
            *curves.get_legend_handles_labels(), loc="outside upper center", ncols=len(runs)
        )
        finals.set(ylabel="validation accuracy, %", xlim=(-0.6, len(runs) - 0.4))
        finals.set_xticks(range(len(runs)), [textwrap.fill(name, 14) for name in runs])
        finals.set_title("Best epoch of each seed")
    summary = "; ".join(
        f"{name}: {np.mean([h.best.validation_accuracy for h in hs]):.1%} on average over "
        f"{len(hs)} seeds"
        for name, hs in runs.items()
    )
    return describe(
        figure, f"Validation accuracy by epoch, and of each seed's best epoch. {summary}."
    )


def confusion(matrix: Tensor) -> Figure:
    """Counts and rates of the answers (2×2; row: what the picture is, column: what the network
    says).
    """
    counts = matrix.numpy()
    rates = counts / counts.sum(1, keepdims=True).clip(1)
    with style():
        figure, (axes,) = new_figure(width=4.4, height=3.8)
        image = axes.imshow(rates, cmap="Blues", vmin=0, vmax=1)
        for row in range(2):
            for column in range(2):
                axes.text(
                    column, row, f"{counts[row, column]:,}\n{rates[row, column]:.1%}",
                    ha="center", va="center", fontsize=13, color="white" if rates[row, column] > 0.55 else "black",
                )  # fmt: skip
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
