"""What a penalty does to weights: where the minimum moves, magnitudes, and zeros in a layer.

Lesson 05, section 1; Lesson 05, section 3; Lesson 05, section 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.primitives import integer_ticks, legend_outside
from catdog_lib.plots.style import GREY, describe, new_figure, style

SMALLEST = 1e-8  # smaller magnitudes share the first bar with it
_MAGNITUDES = LinearSegmentedColormap.from_list("magnitudes", ["#b9d3e6", "#0072B2", "#00263d"])


def penalized_loss(
    minimum: float = 1.0, lams: Sequence[float] = (0, 0.5, 1, 1.5), curvature: float = 1.0
) -> Figure:
    """Draw a loss of one weight, a/2 · (w − w₀)², with λ|w| and with λ/2 · w² added.

    Args:
        minimum: w₀, above 0.
        lams: values of λ.
        curvature: a.
    """
    w = torch.linspace(-0.6, 1.6, 441) * minimum
    loss = curvature / 2 * (w - minimum) ** 2
    minima = []
    with style():
        figure, all_axes = new_figure(1, 2, height=3.9, sharey=True)
        for axes, name, penalty in (
            (all_axes[0], "L1: loss + λ |w|", w.abs()),
            (all_axes[1], "L2: loss + λ/2 · w²", w**2 / 2),
        ):
            positions = []
            for i, lam in enumerate(lams):
                total = loss + lam * penalty
                lowest = int(total.argmin())
                axes.plot(w, total, color=f"C{i}", label=f"λ = {lam:g}")
                axes.plot(w[lowest], total[lowest], "o", color=f"C{i}", markersize=18 - 4 * i)
                positions.append(f"{abs(w[lowest]):.2f}")
            axes.axvline(0, color=GREY, linewidth=0.8)
            axes.set_title(name)
            axes.set(xlabel="weight w")
            minima.append(f"{name.split(':')[0]}: {', '.join(positions)}")
        all_axes[0].set(ylabel="loss with penalty")
        legend_outside(figure, all_axes[0], columns=len(lams))
    return describe(
        figure,
        f"The loss of one weight with a penalty, for λ = {', '.join(f'{lam:g}' for lam in lams)}. "
        f"The lowest points are at these weights. {'; '.join(minima)}. The curves of L1 have a "
        "corner at 0.",
    )


def weight_magnitudes(networks: Mapping[str, Sequence[Tensor]]) -> Figure:
    """Draw histograms of the magnitudes of weights, on a logarithmic axis, with a bar for zeros.

    Args:
        networks: name → weights, tensors of any shapes.
    """
    flat = {
        name: torch.cat([w.detach().flatten().abs().cpu().double() for w in weights])
        for name, weights in networks.items()
    }
    largest = max(10 * SMALLEST, *(magnitudes.max().item() for magnitudes in flat.values()))
    edges = np.arange(np.log10(SMALLEST), np.log10(largest) + 0.2, 0.2)
    zero = edges[0] - 1.5
    size = {"height": 1.2 + 1.4 * len(flat)}
    descriptions = []
    with style():
        figure, all_axes = new_figure(len(flat), 1, sharex=True, sharey=True, **size)
        for i, (axes, (name, magnitudes)) in enumerate(zip(all_axes, flat.items(), strict=True)):
            logs = np.log10(magnitudes[magnitudes > 0].clamp(min=SMALLEST).numpy())
            percent = np.full(len(logs), 100 / len(magnitudes))
            share = 100 * (magnitudes == 0).double().mean().item()
            axes.hist(logs, edges, weights=percent, color=f"C{i}")
            axes.bar(zero, share, 0.6, color=f"C{i}")
            above = {"xytext": (0, 3), "textcoords": "offset points", "ha": "center"}
            axes.annotate(f"{share:.1f}%", (zero, share), va="bottom", fontsize=9.5, **above)
            axes.set_title(name)
            axes.margins(y=0.25)
            half = f"half are below {magnitudes.median():.1e}"
            descriptions.append(f"{name}: {share:.1f}% are exactly 0, {half}")
        figure.supylabel("share of the weights, %", fontsize=10.5)
        powers = range(int(np.ceil(edges[0])), int(np.floor(edges[-1])) + 1, 2)
        labels = ["exactly 0", *(f"$10^{{{p}}}$" for p in powers)]
        all_axes[-1].set_xticks([zero, *powers], labels)
        all_axes[-1].set(xlabel="size of the weight, |w|")
    return describe(
        figure,
        "Histograms of the magnitudes of weights, with a bar for zeros. "
        f"{'; '.join(descriptions)}.",
    )


def weight_matrix(layers: Mapping[str, Tensor]) -> Figure:
    """Draw the weights of layers as tables, a row for each filter; white is exactly 0.

    Args:
        layers: name → weights, C_out×C_in×k×k or C_out×C_in; the larger, the darker.
    """
    descriptions = []
    with style():
        figure, all_axes = new_figure(1, len(layers), width=3.5 * len(layers), height=3.9)
        for axes, (name, weights) in zip(all_axes, layers.items(), strict=True):
            rows = weights.detach().flatten(1).abs().cpu()
            zero = rows == 0
            darkness = (rows / rows.max().clamp(min=1e-12)).sqrt()
            values = np.ma.masked_array(darkness.numpy(), zero.numpy())
            options = {"aspect": "auto", "interpolation": "nearest"}
            axes.set_facecolor("white")
            image = axes.imshow(values, cmap=_MAGNITUDES, vmin=0, vmax=1, **options)
            empty = int(zero.all(1).sum())
            share = zero.double().mean().item()
            axes.set_title(f"{name}: {share:.0%} zeros,\n{empty} of {len(rows)} filters gone")
            axes.title.set_fontsize(10)
            axes.set(xlabel="weights of the filter")
            integer_ticks(axes)
            integer_ticks(axes, "y")
            axes.grid(False)
            filters = f"{empty} of {len(rows)} rows are empty"
            descriptions.append(f"{name}: {share:.0%} of the weights are 0, {filters}")
        all_axes[0].set(ylabel="filter")
        scale = figure.colorbar(image, ax=all_axes, shrink=0.85)
        scale.set_label("size of the weight,\nrelative to the layer's largest")
        scale.set_ticks([0, 0.5, 1], labels=["just above 0", "1/4", "1"])  # a root scale
    return describe(
        figure,
        "The weights of layers as tables, a row for each filter; zeros are white. "
        f"{'; '.join(descriptions)}.",
    )
