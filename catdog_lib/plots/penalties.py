"""What a penalty does to weights: where the lowest point goes, how large weights are, which of them
are gone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.style import GREY, describe, new_figure, style

SMALLEST = 1e-8  # smaller ones share the first bar with it
_LEFT = LinearSegmentedColormap.from_list("left", ["#b9d3e6", "#0072B2", "#00263d"])


def penalised_loss(
    minimum: float = 1.0, lams: Sequence[float] = (0, 0.5, 1, 1.5), curvature: float = 1.0
) -> Figure:
    """A loss of one weight, a/2 · (w − w₀)², with λ|w| and with λ/2 · w² added: the curves and
    their lowest points.

    Args:
        minimum: w₀, above 0.
        lams: values of λ.
        curvature: a.
    """
    w = torch.linspace(-0.6, 1.6, 441) * minimum
    loss = curvature / 2 * (w - minimum) ** 2
    words = []
    with style():
        figure, axes = new_figure(1, 2, height=3.9, sharey=True)
        for axis, name, price in (
            (axes[0], "L1: loss + λ |w|", w.abs()),
            (axes[1], "L2: loss + λ/2 · w²", w**2 / 2),
        ):
            lowest = []
            for i, lam in enumerate(lams):
                height = loss + lam * price
                place = int(height.argmin())
                axis.plot(w, height, color=f"C{i}", label=f"λ = {lam:g}")
                axis.plot(w[place], height[place], "o", color=f"C{i}", markersize=13 - 2 * i)
                lowest.append(f"{abs(w[place]):.2f}")
            axis.axvline(0, color=GREY, linewidth=0.8)
            axis.set_title(name)
            axis.set(xlabel="weight w")
            words.append(f"{name.split(':')[0]}: {', '.join(lowest)}")
        axes[0].set(ylabel="loss with penalty")
        figure.legend(
            *axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(lams)
        )
    return describe(
        figure,
        f"The loss of one weight with a penalty, for λ = {', '.join(f'{lam:g}' for lam in lams)}. "
        f"The lowest points are at these weights. {'; '.join(words)}. The curves of L1 have a "
        "corner at 0.",
    )


def weight_sizes(networks: Mapping[str, Sequence[Tensor]]) -> Figure:
    """How many weights are how large, on a logarithmic scale; those that are exactly 0 have a bar
    of their own.

    Args:
        networks: name → weights, tensors of any shapes.
    """
    flat = {
        name: torch.cat([w.detach().flatten().abs().cpu().double() for w in weights])
        for name, weights in networks.items()
    }
    largest = max(sizes.max().item() for sizes in flat.values())
    edges = np.arange(np.log10(SMALLEST), np.log10(largest) + 0.2, 0.2)
    zero = edges[0] - 1.5
    words = []
    with style():
        figure, axes = new_figure(len(flat), 1, height=1.2 + 1.4 * len(flat), sharex=True, sharey=True)  # fmt: skip
        for number, (axis, (name, sizes)) in enumerate(zip(axes, flat.items(), strict=True)):
            there = np.log10(sizes[sizes > 0].clamp(min=SMALLEST).numpy())
            share = 100 * (sizes == 0).double().mean().item()
            axis.hist(
                there, edges, weights=np.full(len(there), 100 / len(sizes)), color=f"C{number}"
            )
            axis.bar(zero, share, 0.6, color=f"C{number}")
            axis.annotate(
                f"{share:.1f} %", (zero, share), xytext=(0, 3), textcoords="offset points",
                ha="center", va="bottom", fontsize=9.5,
            )  # fmt: skip
            axis.set_title(name)
            axis.margins(y=0.25)
            words.append(
                f"{name}: {share:.1f} % are exactly 0, half are below {sizes.median():.1e}"
            )
        figure.supylabel("share of the weights, %", fontsize=10.5)
        powers = range(int(np.ceil(edges[0])), int(np.floor(edges[-1])) + 1, 2)
        axes[-1].set_xticks([zero, *powers], ["exactly 0", *(f"$10^{{{p}}}$" for p in powers)])
        axes[-1].set(xlabel="size of the weight, |w|")
    return describe(
        figure, f"Histograms of the sizes of weights, with a bar for zeros. {'; '.join(words)}."
    )


def weight_matrix(layers: Mapping[str, Tensor]) -> Figure:
    """The weights of a layer as a table, a row for each filter: white is exactly 0, the darker the
    larger.

    Args:
        layers: name → weights, C_out×C_in×k×k or C_out×C_in.
    """
    words = []
    with style():
        figure, axes = new_figure(1, len(layers), width=3.5 * len(layers), height=3.9)
        for axis, (name, weights) in zip(axes, layers.items(), strict=True):
            rows = weights.detach().flatten(1).abs().cpu()
            size = rows / rows.max().clamp(min=1e-12)
            zero = rows == 0
            axis.imshow(
                np.ma.masked_array(size.sqrt().numpy(), zero.numpy()),
                cmap=_LEFT, vmin=0, vmax=1, aspect="auto", interpolation="nearest",
            )  # fmt: skip
            dead = int(zero.all(1).sum())
            share = zero.double().mean().item()
            axis.set_title(f"{name}: {share:.0%} zeros,\n{dead} of {len(rows)} filters gone")
            axis.title.set_fontsize(10)
            axis.set(xlabel="weights of the filter")
            axis.grid(False)
            words.append(f"{name}: {share:.0%} of the weights are 0, {dead} of {len(rows)} rows are empty")  # fmt: skip
        axes[0].set(ylabel="filter")
    return describe(
        figure,
        "The weights of one layer as tables, a row for each filter; zeros are white. "
        f"{'; '.join(words)}.",
    )
