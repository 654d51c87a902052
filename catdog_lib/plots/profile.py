"""Where time and memory go, and how fast the machine could be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from catdog_lib.plots.style import GREY, describe, new_figure, style

_BITS = {"sign": "C3", "exponent": "C1", "mantissa": "C0"}


def _ink(colour: str) -> str:
    """White or black, whichever reads better on the colour."""
    return "white" if np.dot(to_rgb(colour), (0.3, 0.59, 0.11)) < 0.5 else "black"


def stacked_bars(rows: Mapping[str, Mapping[str, float]], unit: str) -> Figure:
    """Bars cut into parts, one under the other on the same axis: the parts of a step's time or
    memory.

    Args:
        rows: name of a bar → name of a part → how much, at least 0. A part has the same colour in
            each bar.
        unit: of the numbers, such as "ms per picture".
    """
    names = list(dict.fromkeys(name for row in rows.values() for name in row))
    longest = max(sum(row.values()) for row in rows.values())
    with style():
        figure, (axes,) = new_figure(height=1.3 + 0.62 * len(rows))
        for place, row in enumerate(rows.values()):
            left = 0.0
            for name, amount in row.items():
                colour = f"C{names.index(name)}"
                axes.barh(place, amount, left=left, color=colour, height=0.62, edgecolor="white")
                if amount > 0.06 * longest:
                    axes.text(
                        left + amount / 2, place, f"{amount:.3g}",
                        ha="center", va="center", color=_ink(colour), fontsize=10,
                    )  # fmt: skip
                left += amount
            axes.text(left + 0.01 * longest, place, f"{left:.3g}", va="center", fontsize=10)
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set(xlabel=unit, xlim=(0, 1.09 * longest), ylim=(len(rows) - 0.5, -0.5))
        axes.grid(False, axis="y")
        patches = [Rectangle((0, 0), 1, 1, color=f"C{i}") for i in range(len(names))]
        figure.legend(patches, names, loc="outside upper center", ncols=min(len(names), 7))
    return describe(
        figure,
        f"Bars cut into parts, in {unit}. "
        + "; ".join(
            f"{title}: {', '.join(f'{name} {amount:.3g}' for name, amount in row.items())}, "
            f"together {sum(row.values()):.3g}"
            for title, row in rows.items()
        )
        + ".",
    )


def speedup_steps(speeds: Mapping[str, float], unit: str = "pictures a second") -> Figure:
    """Bars from the slowest way to the fastest, each with its gain over the first.

    Args:
        speeds: name → speed, above 0, in the order in which the improvements were made.
        unit: of the speeds.
    """
    values = np.array(list(speeds.values()))
    with style():
        figure, (axes,) = new_figure(height=1.0 + 0.42 * len(speeds))
        colours = [GREY, *["C0"] * (len(speeds) - 1)]
        axes.barh(range(len(values)), values, color=colours, height=0.7)
        for place, value in enumerate(values):
            axes.text(
                value + 0.01 * values.max(), place, f"{value:,.0f}  (×{value / values[0]:.1f})",
                va="center", fontsize=10,
            )  # fmt: skip
        axes.set_yticks(range(len(values)), list(speeds))
        axes.set(xlabel=unit, xlim=(0, 1.2 * values.max()), ylim=(len(values) - 0.4, -0.6))
        axes.grid(False, axis="y")
    return describe(
        figure,
        f"Bars of {unit}, from top to bottom: "
        + "; ".join(
            f"{name} {value:,.0f}, {value / values[0]:.1f} times the first"
            for name, value in speeds.items()
        )
        + ".",
    )


def roofline(points: Mapping[str, tuple[float, float]], peak: float, bandwidth: float) -> Figure:
    """Layers below the two limits of a machine, on logarithmic axes.

    Source: S. Williams, A. Waterman and D. Patterson 2009, "Roofline", Communications of the ACM
    52(4).

    Args:
        points: layer → (arithmetic intensity in operations per byte, speed in operations per
            second).
        peak: the most operations per second that the machine does.
        bandwidth: the most bytes per second that come out of its memory.
    """
    intensities = np.array([intensity for intensity, _ in points.values()])
    left, right = min(intensities.min(), peak / bandwidth) / 3, intensities.max() * 6
    x = np.geomspace(left, right, 200)
    with style():
        figure, (axes,) = new_figure(height=4.4)
        axes.plot(x, np.minimum(peak, bandwidth * x) / 1e9, color=GREY, label="the machine's limit")
        axes.axvline(peak / bandwidth, color=GREY, linestyle=":", linewidth=1.2)
        for i, (name, (intensity, speed)) in enumerate(points.items()):
            colour, marker = f"C{i % 6}", "os^D"[i // 6 % 4]  # the style has six colours
            axes.plot(intensity, speed / 1e9, marker, color=colour, markersize=8, label=name)
        axes.set(
            xscale="log", yscale="log", xlim=(left, right),
            xlabel="arithmetic intensity, operations per byte", ylabel="billion operations a second",
        )  # fmt: skip
        axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), fontsize=9.5)
    return describe(
        figure,
        "Speed against arithmetic intensity, both logarithmic. The limit rises with "
        f"{bandwidth / 1e9:.3g} GB a second up to {peak / bandwidth:.3g} operations per byte and "
        f"is level from there, at {peak / 1e9:,.0f} billion operations a second. "
        + "; ".join(
            f"{name}: {intensity:.3g} per byte, {speed / 1e9:.3g} billion a second"
            for name, (intensity, speed) in points.items()
        )
        + ".",
    )


def number_formats(rows: Mapping[str, Sequence[str]]) -> Figure:
    """The bits of numbers, as boxes: sign, exponent and mantissa in three colours.

    Args:
        rows: name → the bits of the sign, of the exponent and of the mantissa, such as ("0",
            "01111111", "0000000").
    """
    longest = max(sum(map(len, bits)) for bits in rows.values())
    with style():
        figure, (axes,) = new_figure(height=0.9 + 0.55 * len(rows))
        for place, bits in enumerate(rows.values()):
            _boxes(axes, place, bits)
        axes.set(xlim=(-0.1, longest + 0.1), ylim=(len(rows) - 0.4, -0.6))
        axes.set_yticks(range(len(rows)), list(rows))
        axes.set_xticks([])
        axes.grid(False)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        patches = [Rectangle((0, 0), 1, 1, color=colour) for colour in _BITS.values()]
        figure.legend(patches, _BITS, loc="outside upper center", ncols=3)
    return describe(
        figure,
        "Numbers as rows of bits. "
        + "; ".join(
            f"{name}: {', '.join(f'{part} {one}' for part, one in zip(_BITS, bits, strict=True))}"
            for name, bits in rows.items()
        )
        + ".",
    )


def _boxes(axes: Axes, place: int, bits: Sequence[str]) -> None:
    left = 0
    for colour, group in zip(_BITS.values(), bits, strict=True):
        for bit in group:
            axes.add_patch(Rectangle((left, place - 0.36), 0.92, 0.72, color=colour, linewidth=0))
            axes.text(
                left + 0.46, place, bit, ha="center", va="center", color=_ink(colour), fontsize=10
            )
            left += 1
