"""A chart of lines through points, for any curves.

Lesson 01, section 1; Lesson 04, section 1; Lesson 05, section 2; Lesson 06, section 1.
"""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.primitives import integer_ticks
from catdog_lib.plots.style import describe, new_figure, style


def line_chart(
    lines: Mapping[str, tuple[Tensor, Tensor]], xlabel: str, ylabel: str, marker: str = "o"
) -> Figure:
    """Draw lines through points.

    Args:
        lines: name → (x, y), each with N values.
        xlabel, ylabel: of the axes.
        marker: drawn at each point; "" for none.
    """
    with style():
        figure, (axes,) = new_figure(width=8, height=3.4)
        for name, (x, y) in lines.items():
            axes.plot(x.numpy(), y.numpy(), marker=marker, label=name)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        if not any(x.is_floating_point() for x, _ in lines.values()):  # epochs, steps
            integer_ticks(axes)
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    ends = "; ".join(
        f"{name}: from {y[0]:.2f} at {x[0]:g} to {y[-1]:.2f} at {x[-1]:g}"
        for name, (x, y) in lines.items()
    )
    return describe(figure, f"{ylabel} against {xlabel}. {ends}.")
