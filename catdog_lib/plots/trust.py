"""How far to trust a network: reliability diagrams, scores of strangers, curves under damage.

Lesson 09, section 3; Lesson 09, section 4; Lesson 09, section 5.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.primitives import integer_ticks, small_multiples
from catdog_lib.plots.style import GREY, WRONG, describe, new_figure, style
from catdog_lib.training.metrics import wilson_interval
from catdog_lib.trust import ReliabilityBins, expected_calibration_error

BLUE, STRANGER = "C0", "C3"


def reliability_diagram(
    networks: Mapping[str, ReliabilityBins], simulated: Mapping[str, Tensor] | None = None
) -> Figure:
    """Draw accuracy against confidence, bin by bin, and how many answers each bin has.

    A perfectly calibrated network has its points on the dashed line, up to chance: the vertical
    lines are 95% intervals (Wilson).

    Args:
        networks: name → its answers in bins, one panel each.
        simulated: name → errors of a perfect network with these confidences, from
            :func:`catdog_lib.trust.simulated_errors`; their mean goes into the title.
    """
    descriptions = []
    count = len(networks)
    with style():
        figure = Figure(figsize=(min(3.7 * count + 0.4, 11), 4.6))
        grid = figure.subplots(
            2, count, squeeze=False, sharex=True, sharey="row", height_ratios=(3, 1)
        )
        for number, (name, bins) in enumerate(networks.items()):
            above, below = grid[:, number]
            filled = bins.counts > 0
            x, y = (100 * values[filled].numpy() for values in (bins.confidence, bins.accuracy))
            hits = (bins.accuracy * bins.counts)[filled].round().int().tolist()
            pairs = zip(hits, bins.counts[filled].tolist(), strict=True)
            ends = 100 * np.array([wilson_interval(*pair) for pair in pairs])
            above.plot([50, 100], [50, 100], "--", color=GREY, linewidth=1.2)
            above.vlines(x, ends[:, 0], ends[:, 1], color=BLUE, linewidth=1.5)
            above.plot(x, y, "o", color=BLUE)
            edges = 100 * bins.edges.numpy()
            look = {"align": "edge", "color": BLUE, "alpha": 0.55, "edgecolor": "white"}
            below.bar(edges[:-1], bins.counts.numpy(), np.diff(edges), **look)
            error = expected_calibration_error(bins)
            title = f"{name}\nECE {error:.1%}"
            words = f"{name}: expected calibration error {error:.1%}"
            if simulated is not None:
                title += f" (perfect: {simulated[name].mean():.1%})"
                words += f", of a perfect network {simulated[name].mean():.1%} on average"
            above.set_title(title, fontsize=10)
            below.set(xlabel="confidence, %", xlim=(48, 101))
            integer_ticks(below, "y")
            points = ", ".join(f"{b:.0f}% right at {a:.0f}%" for a, b in zip(x, y, strict=True))
            descriptions.append(f"{words}; {points}")
        grid[0, 0].set(ylabel="right, %", ylim=(-4, 104))
        grid[1, 0].set(ylabel="answers")
    return describe(
        figure,
        f"Reliability diagrams: the share of right answers against confidence. "
        f"{'. '.join(descriptions)}.",
    )


def score_histogram(
    pets: Tensor, strangers: Tensor, threshold: float, score: str, bins: int = 30
) -> Figure:
    """Draw how a score is distributed over pets and over strangers, and the threshold.

    Args:
        pets: scores, N.
        strangers: scores, M.
        threshold: what lies below it is rejected.
        score: its name, for the axis.
        bins: of both histograms.
    """
    low, high = (f(torch.cat([pets, strangers])).item() for f in (torch.amin, torch.amax))
    edges = np.linspace(low, high if high > low else low + 1, bins + 1)
    shares = [100 * (values < threshold).double().mean().item() for values in (pets, strangers)]
    with style():
        figure, (axes,) = new_figure(height=3.2)
        for values, name, colour in ((pets, "pets", BLUE), (strangers, "strangers", STRANGER)):
            weights = np.full(len(values), 100 / len(values))
            look = {"weights": weights, "color": colour, "alpha": 0.6, "label": name}
            axes.hist(values.numpy(), edges, **look)
        axes.axvline(threshold, color=WRONG, linewidth=1.8, label="threshold")
        axes.set(xlabel=score, ylabel="share, %")
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    return describe(
        figure,
        f"Two histograms of the {score}, of {len(pets):,} pets and of {len(strangers):,} "
        f"strangers. Below the threshold {threshold:.3g} lie {shares[0]:.0f}% of the pets and "
        f"{shares[1]:.0f}% of the strangers.",
    )


def roc_curves(curves: Mapping[str, tuple[Tensor, Tensor, float]]) -> Figure:
    """Draw accepted pets against accepted strangers, as the threshold falls, for several rules.

    Args:
        curves: rule → accepted strangers, accepted pets (:func:`catdog_lib.trust.roc_curve`), and
            the area under the curve.
    """
    dashes = ("-", "--", "-.", ":")
    with style():
        figure, (axes,) = new_figure(width=6.4, height=5)
        for number, (rule, (strangers, pets, area)) in enumerate(curves.items()):
            look = {"linestyle": dashes[number % len(dashes)], "drawstyle": "steps-post"}
            label = f"{rule}: AUROC {area:.3f}"
            axes.plot(100 * strangers.numpy(), 100 * pets.numpy(), label=label, **look)
        axes.plot([0, 100], [0, 100], color=GREY, linewidth=1, label="chance: 0.5")
        axes.set(xlabel="strangers accepted, %", ylabel="pets accepted, %", aspect="equal")
        axes.legend(loc="lower right", fontsize=9)
    areas = ", ".join(f"{rule} {area:.3f}" for rule, (_, _, area) in curves.items())
    return describe(
        figure,
        "Curves of the share of accepted pets against the share of accepted strangers, a point for "
        f"each threshold. Areas under the curves: {areas}; 0.5 is chance.",
    )


def damage_curves(curves: Mapping[str, tuple[str, Mapping[float, Tensor]]]) -> Figure:
    """Draw accuracy against the strength of several kinds of damage, one panel each.

    Args:
        curves: kind → the unit of its strengths, and strength → hits: for each image 1 if the
            answer is right, else 0. The first strength is that of the images as they are.
    """
    descriptions = []
    with style():
        figure, all_axes = small_multiples(len(curves), 3, 3.1, 2.5)
        for axes, (kind, (unit, hits)) in zip(all_axes, curves.items(), strict=False):
            places = np.arange(len(hits))
            values = np.array([100 * row.double().mean().item() for row in hits.values()])
            counts = [(int(row.sum()), len(row)) for row in hits.values()]
            ends = 100 * np.array([wilson_interval(*pair) for pair in counts])
            axes.fill_between(places, ends[:, 0], ends[:, 1], color=BLUE, alpha=0.15)
            axes.plot(places, values, "o-", color=BLUE)
            axes.axhline(50, color=GREY, linestyle="--", linewidth=1)
            axes.set_xticks(places, ["as it is", *(f"{s:g}" for s in list(hits)[1:])], fontsize=9)
            axes.set(ylim=(0, 104))
            axes.set_title(kind, fontsize=10.5)
            axes.set_xlabel(unit, fontsize=8.5)
            steps = zip(hits, values, strict=True)
            descriptions.append(f"{kind}: {', '.join(f'{v:.0f}% at {s:g}' for s, v in steps)}")
        for axes in all_axes[: len(curves) : 3]:
            axes.set_ylabel("accuracy, %")
        figure.supxlabel("band: 95% interval; dashed: guessing", fontsize=9, color=GREY)
    return describe(
        figure,
        "Accuracy against the strength of damage, with 95% intervals as bands; the dashed line is "
        f"chance. {'; '.join(descriptions)}.",
    )
