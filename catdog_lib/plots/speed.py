"""How fast one training loop is beside another."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure

from catdog_lib.plots.primitives import factor_text, label_bar, rate_text
from catdog_lib.plots.style import GREY, describe, new_figure, style


def speed(rates: Mapping[str, tuple[float, float]], where: str = "") -> Figure:
    """Draw the speed of the plain loop and of the course's, in pairs of bars.

    On their logarithmic axis bars have no zero to start at; their ends are what counts, and the
    same distance is the same ratio.

    Args:
        rates: what was computed → photos a second of the plain loop, and of the course's.
        where: the hardware that it was measured on.
    """
    names, positions = list(rates), np.arange(len(rates))
    plain, ours = np.array(list(rates.values())).T
    left = 10 ** np.floor(np.log10(min(plain.min(), ours.min())) - 0.3)
    right = 8 * max(plain.max(), ours.max())
    with style():
        figure, (axes,) = new_figure(width=7.6, height=1.3 + 0.75 * len(rates))
        for values, shift, colour, label in (
            (plain, -0.19, GREY, "plain loop"),
            (ours, 0.19, "C0", "the library's step"),
        ):
            y = positions + shift
            axes.barh(y, values - left, 0.36, left=left, color=colour, label=label)
            for at, value in zip(y, values, strict=True):
                label_bar(axes, value, at, rate_text(value), fontsize=9.5, color=colour)
        at_right = {"xycoords": ("axes fraction", "data"), "ha": "right", "fontsize": 13}
        for y, speedup in zip(positions, ours / plain, strict=True):
            label_bar(axes, 1, y, f"{factor_text(speedup)}×", gap=-6, **at_right)
        axes.set(xscale="log", xlim=(left, right), xlabel="photos a second")
        axes.set_yticks(positions, names)
        axes.invert_yaxis()
        axes.grid(False, axis="y")
        axes.tick_params(axis="y", length=0)
        figure.legend(loc="outside upper center", ncols=2)
        if where:
            axes.set_title(where, fontsize=10, color=GREY, loc="left")
    descriptions = "; ".join(
        f"{name.replace(chr(10), ', ')}: {rate_text(slow)} plain, {rate_text(fast)} ours, "
        f"{factor_text(fast / slow)} times as many"
        for name, slow, fast in zip(names, plain, ours, strict=True)
    )
    return describe(
        figure,
        f"Two bars for each of {len(rates)} jobs{f' on {where}' if where else ''}, on a "
        f"logarithmic axis: photos a second. {descriptions}.",
    )
