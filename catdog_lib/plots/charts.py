"""A chart of lines through points, for any curves.

Lesson 01, section 1; Lesson 04, section 1; Lesson 05, section 2; Lesson 06, section 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.primitives import curve_look, integer_ticks, mark_missing
from catdog_lib.plots.style import describe, new_figure, style


def line_chart(
    lines: Mapping[str, tuple[Tensor, Tensor]],
    xlabel: str,
    ylabel: str,
    marker: str = "o",
    looks: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
    **scales: object,
) -> Figure:
    """Draw lines through points.

    Args:
        lines: name → (x, y), each with N values.
        xlabel, ylabel: of the axes.
        marker: drawn at each point; "" for none.
        looks: name → options of ``Axes.plot`` for this line, such as ``{"linestyle": "--"}``.
        scales: properties of the axes: ``xscale`` and ``yscale``, each "log" or "linear"; ``ylim``.
    """
    with style():
        figure, (axes,) = new_figure(width=8, height=3.4)
        for number, (name, (x, y)) in enumerate(lines.items()):
            dashes = curve_look(number)["linestyle"]
            look = {"marker": marker, "linestyle": dashes} | dict(looks.get(name, {}))
            axes.plot(x.numpy(), y.numpy(), label=name, **look)
        axes.set(xlabel=xlabel, ylabel=ylabel, **scales)
        if not any(x.is_floating_point() for x, _ in lines.values()):  # epochs, steps
            integer_ticks(axes)
        mark_missing(axes)
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    ends = "; ".join(
        f"{name}: from {_short(y[0])} at {x[0]:g} to {_short(y[-1])} at {x[-1]:g}"
        for name, (x, y) in lines.items()
    )
    return describe(figure, f"{ylabel} against {xlabel}. {ends}.")


def _short(value: Tensor) -> str:
    """Return a number with two decimals, or with two digits if that would leave nothing of it."""
    return f"{value:.2f}" if value == 0 or abs(value) >= 0.01 else f"{value:.1e}"
