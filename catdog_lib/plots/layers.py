"""What single layers do to values: activation functions, and BatchNorm's channels.

Lesson 03, section 3.
"""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.primitives import integer_ticks
from catdog_lib.plots.style import GREY, describe, new_figure, style


def activations() -> Figure:
    """Draw ReLU and tanh between −4 and 4, each with its slope."""
    x = torch.linspace(-4, 4, 401)
    with style():
        figure, axes = new_figure(1, 2, height=2.8)
        for ax, name, y, slope in (
            (axes[0], "ReLU(x) = max(0, x)", x.relu(), (x > 0).float()),
            (axes[1], "tanh(x)", x.tanh(), 1 - x.tanh() ** 2),
        ):
            ax.plot(x, y, label="value")
            ax.plot(x, slope, "--", label="slope")
            ax.set(xlabel="x", ylim=(-1.4, 2.4))
            ax.set_title(name)
        axes[0].legend()
    return describe(
        figure,
        "Two curves with their slopes. ReLU is 0 with slope 0 for negative x, and x with slope 1 "
        "for positive x. Tanh rises from −1 to 1; its slope is 1 at 0 and nearly 0 beyond 3 on "
        "both sides.",
    )


def channel_statistics(before: Tensor, after: Tensor) -> Figure:
    """Draw mean and standard deviation of each channel, before and after a normalization.

    Args:
        before, after: feature maps, N×C×H×W.
    """
    with style():
        figure, axes = new_figure(1, 2, height=2.8)
        for ax, title, values in (
            (axes[0], "mean", lambda maps: maps.mean((0, 2, 3))),
            (axes[1], "standard deviation", lambda maps: maps.std((0, 2, 3))),
        ):
            for maps, name, mark in ((before, "before BatchNorm", "o"), (after, "after", "s")):
                ax.plot(values(maps), mark, label=name)
            ax.axhline(0, color=GREY, linewidth=1)
            ax.set(xlabel="channel", ylabel="over batch and pixels")
            ax.set_title(title.capitalize())
            integer_ticks(ax)
        axes[1].legend()
    low, high = before.mean((0, 2, 3)).min(), before.mean((0, 2, 3)).max()
    return describe(
        figure,
        f"Mean and standard deviation of {before.shape[1]} channels. Before BatchNorm the means "
        f"lie between {low:.2f} and {high:.2f} and the spreads differ; after it every channel has "
        "mean 0 and standard deviation 1.",
    )
