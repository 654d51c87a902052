"""Where time and memory go, and the bits of the machine's numbers.

Lesson 10, section 1; Lesson 10, section 2; Lesson 10, section 5; Lesson 10, section 6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from catdog_lib.plots.primitives import (
    box,
    factor_text,
    label_bar,
    legend_outside,
    rate_text,
    readable_ink,
)
from catdog_lib.plots.style import GREY, describe, new_figure, style

_COLOURS = 6  # of the style; further parts are hatched
_BITS = {"sign": "C3", "exponent": "C1", "mantissa": "C0"}


def stacked_bars(rows: Mapping[str, Mapping[str, float]], unit: str) -> Figure:
    """Draw stacked bars, such as the parts of a training step's time or memory.

    Args:
        rows: name of a bar → name of a part → how much, at least 0. A part has the same colour in
            each bar; the seventh and those after it are hatched, too.
        unit: of the amounts, such as "ms per image".
    """
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    unnamed = set(names)  # in the legend
    longest = max(sum(row.values()) for row in rows.values())
    descriptions = []
    with style():
        figure, (axes,) = new_figure(height=1.3 + 0.62 * len(rows))
        for y, (title, row) in enumerate(rows.items()):
            left = 0.0
            for name, amount in row.items():
                number = names.index(name)
                colour, hatch = f"C{number}", "//" * (number // _COLOURS)
                look = {"color": colour, "hatch": hatch, "edgecolor": "white", "height": 0.62}
                axes.barh(y, amount, left=left, label=name if name in unnamed else "", **look)
                unnamed.discard(name)
                if amount > 0.08 * longest:
                    look = {"ha": "center", "va": "center", "color": readable_ink(colour)}
                    look["bbox"] = {"facecolor": colour, "edgecolor": "none", "pad": 1}
                    axes.text(left + amount / 2, y, f"{amount:.3g}", fontsize=10, **look)
                left += amount
            label_bar(axes, left, y, f"{left:.3g}", fontsize=10)
            parts = ", ".join(f"{name} {amount:.3g}" for name, amount in row.items())
            descriptions.append(f"{title}: {parts}, together {left:.3g}")
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set(xlabel=unit, xlim=(0, 1.09 * longest), ylim=(len(rows) - 0.5, -0.5))
        axes.grid(False, axis="y")
        legend_outside(figure, axes, columns=len(names))
    return describe(figure, f"Stacked bars, in {unit}. {'; '.join(descriptions)}.")


def speedup_steps(rates: Mapping[str, Sequence[float]], unit: str = "images a second") -> Figure:
    """Draw a bar for each step of an optimization, with its speedup over the first.

    The bar reaches to the best round; a line goes back to the worst.

    Args:
        rates: name → speed in each round, above 0, in the order in which the improvements were
            made.
        unit: of the speeds.
    """
    best = np.array([max(rounds) for rounds in rates.values()])
    worst = [min(rounds) for rounds in rates.values()]
    speedups = best / best[0]
    with style():
        figure, (axes,) = new_figure(height=1.0 + 0.42 * len(rates))
        colours = [GREY, *["C0"] * (len(rates) - 1)]
        axes.barh(range(len(best)), best, color=colours, height=0.7)
        for y, (value, low, speedup) in enumerate(zip(best, worst, speedups, strict=True)):
            axes.plot([low, value], [y, y], "|-", color="black", linewidth=1.4, markersize=9)
            label_bar(axes, value, y, f"{rate_text(value)}  (×{factor_text(speedup)})", fontsize=10)
        axes.set_yticks(range(len(best)), list(rates))
        axes.set_xlabel(f"{unit} (bar: best round, black line: back to the worst)")
        axes.set(xlim=(0, 1.2 * best.max()), ylim=(len(best) - 0.4, -0.6))
        axes.grid(False, axis="y")
    descriptions = "; ".join(
        f"{name} {rate_text(value)}, {factor_text(speedup)} times the first, "
        f"at worst {rate_text(low)}"
        for name, value, speedup, low in zip(rates, best, speedups, worst, strict=True)
    )
    return describe(figure, f"Bars of {unit}, from top to bottom: {descriptions}.")


def number_formats(rows: Mapping[str, Sequence[str]]) -> Figure:
    """Draw the bits of numbers as boxes: sign, exponent and mantissa in three colours.

    Args:
        rows: name → the bits of the sign, of the exponent and of the mantissa, such as ("0",
            "01111111", "0000000").
    """
    longest = max(sum(map(len, bits)) for bits in rows.values())
    descriptions = []
    with style():
        figure, (axes,) = new_figure(height=0.9 + 0.55 * len(rows))
        for y, (name, bits) in enumerate(rows.items()):
            _draw_bits(axes, y, bits)
            parts = (f"{part} {one}" for part, one in zip(_BITS, bits, strict=True))
            descriptions.append(f"{name}: {', '.join(parts)}")
        axes.set(xlim=(-0.1, longest + 0.1), ylim=(len(rows) - 0.4, -0.6))
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_xticks([])
        axes.grid(False)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        patches = [Rectangle((0, 0), 1, 1, color=colour) for colour in _BITS.values()]
        figure.legend(patches, _BITS, loc="outside upper center", ncols=3)
    return describe(figure, f"Numbers as rows of bits. {'; '.join(descriptions)}.")


def _draw_bits(axes: Axes, y: float, bits: Sequence[str]) -> None:
    """Draw one row of bits at height y."""
    left = 0
    for colour, group in zip(_BITS.values(), bits, strict=True):
        for bit in group:
            box(axes, left, y - 0.36, 0.92, 0.72, colour, linewidth=0)
            look = {"color": readable_ink(colour), "ha": "center", "va": "center"}
            axes.text(left + 0.46, y, bit, fontsize=10, **look)
            left += 1
