"""Optimizers at work: paths over a surface, and the loss against the learning rate.

Lesson 04, section 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from catdog_lib.from_scratch.loss_surfaces import SURFACES, Surface
from catdog_lib.from_scratch.optimizer_race import RACERS, race
from catdog_lib.plots.primitives import MARK, integer_ticks, legend_outside, number_text
from catdog_lib.plots.style import describe, new_figure, style
from catdog_lib.training.lr_finder import RateSearch

# As in the interactive version: a colour and a marker for each optimizer.
COLOURS = dict(
    zip(RACERS, ("#222222", "#C24E00", "#A83E7C", "#007A59", "#0072B2", "#8A6200"), strict=True)
)
MARKERS = dict(zip(RACERS, "os^DvP", strict=True))
ADAPTIVE = ("RMSprop", "Adam", "AdamW")  # their learning rate is about the length of a step


def optimizer_race(
    surface: str,
    optimizers: Sequence[str] = tuple(RACERS),
    *,
    step: int = 60,
    **settings: float | tuple[float, float] | None,
) -> Figure:
    """Draw the paths of several optimizers on one surface, and the loss after each step.

    Args:
        surface, optimizers: names, as in :func:`catdog_lib.from_scratch.optimizer_race.race`.
        step: the last one shown.
        settings: the other arguments of ``race``: learning rates, momentum, start and so on.

    Raises:
        CatdogError: a name is unknown.
    """
    paths = race(surface, optimizers, steps=step, **settings)
    ground = SURFACES[surface]
    rates = {
        kind: ground_rate if settings.get(kind) is None else settings[kind]
        for kind, ground_rate in (("lr", ground.lr), ("adaptive_lr", ground.adaptive_lr))
    }
    lowest = min(ground.value(*point) for point in ground.minima)
    results = []
    with style():
        figure, (chart, curves) = new_figure(1, 2, width=10, height=4.1, width_ratios=[1.25, 1])
        _draw_surface(chart, ground)
        for name, path in paths.items():
            losses = np.asarray(ground.value(path[:, 0], path[:, 1]))
            line = {"color": COLOURS[name], "linewidth": 1.6}
            dot = {"color": COLOURS[name], "markersize": 9}
            dot |= {"markeredgecolor": "white", "markeredgewidth": 0.6}
            chart.plot(*path.T.numpy(), **line)
            rate = rates["adaptive_lr" if name in ADAPTIVE else "lr"]
            chart.plot(*path[-1].tolist(), MARKERS[name], label=f"{name}, η = {rate:.3g}", **dot)
            curves.plot(np.maximum(losses - lowest, 1e-16), label=name, **line)
            diverged = len(path) <= step
            end = f"diverged at step {len(path)}" if diverged else number_text(losses[-1], ".3g")
            results.append(f"{name} {end}")
        if paths:
            start = path[0].tolist()
            chart.plot(*start, "o", markersize=13, fillstyle="none", color="black", linestyle="")
            legend_outside(figure, chart, columns=min(len(paths), 4))
        curves.set(yscale="log", xlabel="step", ylabel="loss above the lowest")
        curves.set_title("Loss")
        integer_ticks(curves)
        chart.set_title(f"{ground.name}: {ground.what.split(' (')[0]}", fontsize=10.5)
    return describe(
        figure,
        f"Paths on a map of the surface {ground.name}, which is {ground.what.split(' (')[0]}, and "
        f"the loss by step. After {step} steps: {', '.join(results) or 'no optimizer is chosen'}.",
    )


def _draw_surface(axes: Axes, surface: Surface) -> None:
    """Draw a map: contour lines, the deeper the darker, and crosses at the minima."""
    left, right, low, high = surface.window
    x, y = np.meshgrid(np.linspace(left, right, 161), np.linspace(low, high, 121))
    values = surface.value(x, y)
    heights = surface.heights()
    levels = [values.min() - 1, *heights, values.max() + 1]
    greys = [str(0.7 + 0.3 * i / len(heights)) for i in range(len(heights) + 1)]
    axes.contourf(x, y, values, levels, colors=greys)
    axes.contour(x, y, values, heights, colors="#8a8a8a", linewidths=0.5, linestyles="solid")
    axes.plot(
        *zip(*surface.minima, strict=True), "x", color=MARK, markersize=9, markeredgewidth=2.5
    )
    axes.set(xlim=(left, right), ylim=(low, high), aspect="equal", xlabel="x", ylabel="y")
    axes.grid(False)


def learning_rates(searches: RateSearch | Mapping[str, RateSearch]) -> Figure:
    """Draw the loss at each learning rate of a search, smoothed and raw, and the suggestion.

    Args:
        searches: what :func:`catdog_lib.training.lr_finder.find_learning_rate` returns, or several
            by name, for comparison.
    """
    if isinstance(searches, RateSearch):
        searches = {"loss": searches}
    descriptions = []
    with style():
        figure, (axes,) = new_figure(width=7)
        for i, (name, found) in enumerate(searches.items()):
            colour = COLOURS.get(name, f"C{i}")
            axes.plot(found.rates, found.losses, color=colour, linewidth=0.8, alpha=0.35)
            label = f"{name}; suggestion {found.suggestion:.1g}"
            axes.plot(found.rates, found.smoothed, color=colour, label=label)
            height = np.interp(found.suggestion, found.rates, found.smoothed)
            axes.plot(found.suggestion, height, "o", color=colour, markersize=9)
            lowest = int(np.argmin(found.smoothed))
            descriptions.append(
                f"{name}: from {found.smoothed[0]:.2f} at {found.rates[0]:.0e} down to "
                f"{found.smoothed[lowest]:.2f} at {found.rates[lowest]:.0e}; "
                f"{found.suggestion:.0e} is suggested"
            )
        smoothed = np.concatenate([found.smoothed for found in searches.values()])
        top = 1.5 * max(found.smoothed[0] for found in searches.values())
        axes.set(xscale="log", xlabel="learning rate", ylabel="loss of the batch")
        axes.set_ylim(smoothed.min() - 0.2 * (top - smoothed.min()), top)
        axes.legend(loc="upper left")
    return describe(
        figure,
        f"The loss while the learning rate grows from step to step. {'; '.join(descriptions)}.",
    )
