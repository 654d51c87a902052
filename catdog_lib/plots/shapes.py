"""How large a feature map is and what it costs: windows to count, maps to scale, bars by layer."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from catdog_lib.errors import CatdogError
from catdog_lib.inspect.shape_table import LayerUse
from catdog_lib.plots.style import GREY, WRONG, counted, describe, new_figure, style

_INPUT, _TAP = "#CDE7F7", "#0072B2"
_KIND_COLOURS = {
    "Conv2d": "#0072B2",
    "MaxPool2d": "#D55E00",
    "AvgPool2d": "#D55E00",
    "Linear": "#009E73",
}


def row_of_windows(cases: Mapping[str, Mapping[str, int]]) -> Figure:
    """A row of pixels for each case, and below it every window that fits, drawn and counted one by
    one.

    Args:
        cases: title → the setting: ``size`` and ``kernel``, and where they are not plain also
            ``stride``, ``padding`` (on each side), ``dilation`` and ``ceil_mode`` (of a pooling).

    Raises:
        CatdogError: a kernel is larger than its padded row.
    """
    placed = [_place(**case) for case in cases.values()]
    columns = min(2, len(cases))
    lines = [len(starts) + len(dropped) for starts, dropped, _ in placed]
    rows = [max(lines[i : i + columns]) for i in range(0, len(lines), columns)]
    cells = max(
        max(case["size"] + 2 * case.get("padding", 0), *(s + span + 1 for s in starts + dropped))
        for case, (starts, dropped, span) in zip(cases.values(), placed, strict=True)
    )
    words = []
    with style():
        figure, all_axes = new_figure(
            len(rows),
            columns,
            height=0.21 * sum(rows) + 0.7 * len(rows),
            gridspec_kw={"height_ratios": [lines + 3.2 for lines in rows]},
        )
        for axes in all_axes:
            axes.axis("off")
        for i, (title, case) in enumerate(cases.items()):
            starts, dropped, _ = placed[i]
            lost = _draw_windows(all_axes[i], starts, dropped, **case)
            all_axes[i].set(
                xlim=(-0.1, max(cells, 11) + 0.1), ylim=(-rows[i // columns] - 0.4, 1.3)
            )
            all_axes[i].set_title(f"{title}: {counted(len(starts), 'window')}", pad=2, fontsize=10)
            words.append(
                f"{title}: {counted(case['size'], 'pixel')}, {counted(len(starts), 'window')}"
                + (f", {counted(lost, 'pixel')} in no window" if lost else "")
                + (", one more left out since it starts in the padding" if dropped else "")
            )
    return describe(
        figure, "Rows of pixels with the windows of a kernel below them. " + "; ".join(words) + "."
    )


def _place(
    size: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> tuple[list[int], list[int], int]:
    """First cells of the windows that count, and of one that ``ceil_mode`` leaves out; cells a
    window spans.
    """
    span = dilation * (kernel - 1) + 1
    padded = size + 2 * padding
    if span > padded:
        raise CatdogError(
            f"A kernel that spans {span} pixels does not fit into {padded}; "
            "take a smaller kernel or dilation, or more padding."
        )
    starts = list(range(0, padded - span + 1, stride))
    following = starts[-1] + stride
    if not ceil_mode or starts[-1] + span == padded:
        return starts, [], span
    if following < size + padding:
        return [*starts, following], [], span
    return starts, [following], span


def _draw_windows(
    axes: Axes,
    starts: list[int],
    dropped: list[int],
    size: int,
    kernel: int,
    padding: int = 0,
    dilation: int = 1,
    **_: int,
) -> int:
    """Draw one case, and return how many pixels no window looks at."""
    taps = [[start + dilation * i for i in range(kernel)] for start in starts]
    seen = {cell for window in taps for cell in window}
    lost = [cell for cell in range(padding, padding + size) if cell not in seen]
    for cell in range(size + 2 * padding):
        is_pixel = padding <= cell < padding + size
        axes.add_patch(
            Rectangle(
                (cell, 0.15),
                1,
                1,
                facecolor=_INPUT if is_pixel else "white",
                edgecolor=GREY,
                linestyle="-" if is_pixel else ":",
                linewidth=0.8,
            )
        )
        if is_pixel:
            axes.text(cell + 0.5, 0.63, cell - padding, ha="center", va="center", fontsize=8)
    for cell in lost:
        axes.plot([cell, cell + 1], [0.15, 1.15], color=WRONG, linewidth=1.6)
    for line, start in enumerate([*starts, *dropped]):
        left_out = start in dropped
        y = -line - 0.9
        last = start + dilation * (kernel - 1)
        colour = WRONG if left_out else _TAP
        axes.plot([start + 0.5, last + 0.5], [y + 0.38] * 2, color=colour, linewidth=1)
        for i in range(kernel):
            axes.add_patch(
                Rectangle(
                    (start + dilation * i + 0.08, y + 0.06),
                    0.84,
                    0.64,
                    facecolor="white" if left_out else _TAP,
                    edgecolor=colour,
                    linestyle=":" if left_out else "-",
                )
            )
        note = "left out" if left_out else str(line + 1)
        axes.text(last + 1.25, y + 0.36, note, va="center", fontsize=8, color=colour)
    return len(lost)


def to_scale(maps: Mapping[str, Tensor]) -> Figure:
    """Pictures (3×H×W, uint8 or float in [0, 1]) or single maps (H×W) in a row, all drawn to one
    scale.
    """
    sides = [tuple(one.shape[-2:]) for one in maps.values()]
    tallest, total = max(h for h, _ in sides), sum(w for _, w in sides)
    # Room for the words below a map that is smaller than they are.
    gap = 0.115 * total
    with style():
        figure = Figure(figsize=(8, 8 * (tallest * 1.22) / (total + gap * (len(maps) - 1))))
        axes = figure.subplots()
        left = 0.0
        for (name, one), (height, width) in zip(maps.items(), sides, strict=True):
            pixels = np.asarray(one.permute(1, 2, 0) if one.ndim == 3 else one)
            axes.imshow(pixels, extent=(left, left + width, 0, height), interpolation="nearest")
            axes.text(
                left + width / 2,
                -0.03 * tallest,
                f"{name}\n{height}×{width}",
                ha="center",
                va="top",
                fontsize=8.5,
            )
            left += width + gap
        axes.set(xlim=(-0.4 * gap, left - 0.5 * gap), ylim=(-0.2 * tallest, tallest))
        axes.set_aspect("equal")
        axes.axis("off")
    return describe(
        figure,
        "Maps in a row, drawn to one scale: "
        + ", ".join(f"{name} {h}×{w}" for name, (h, w) in zip(maps, sides, strict=True))
        + ".",
    )


def layer_costs(uses: list[LayerUse], title: str = "") -> Figure:
    """What each layer of a network costs for one picture: memory of its output, parameters,
    multiply-adds.

    Args:
        uses: from :func:`catdog_lib.inspect.shape_table.shape_table`.
        title: stands above the picture.
    """
    memory = [4 * prod(use.shape_out) / 1e6 for use in uses]
    parameters = [use.parameters / 1e6 for use in uses]
    work = [use.multiply_adds / 1e9 for use in uses]
    names = [f"{use.kind}  {'×'.join(map(str, use.shape_out))}" for use in uses]
    colours = [_KIND_COLOURS.get(use.kind, "#BBBBBB") for use in uses]
    with style():
        figure = Figure(figsize=(9, 0.8 + 0.19 * len(uses)))
        all_axes = figure.subplots(1, 3, sharey=True)
        for axes, values, label in zip(
            all_axes,
            (memory, parameters, work),
            ("MB of output (float32)", "million parameters", "G multiply-adds"),
            strict=True,
        ):
            axes.barh(range(len(uses)), values, color=colours, height=0.78)
            axes.set_xlabel(label)
            axes.grid(axis="y", visible=False)
        all_axes[0].set(yticks=range(len(uses)), yticklabels=names)
        all_axes[0].tick_params(axis="y", labelsize=8, length=0)
        all_axes[0].set_ylim(len(uses) - 0.4, -0.6)
        figure.suptitle(title, fontweight="bold", fontsize=11.5)
    most = {
        "memory": max(range(len(uses)), key=lambda i: memory[i]),
        "parameters": max(range(len(uses)), key=lambda i: parameters[i]),
        "work": max(range(len(uses)), key=lambda i: work[i]),
    }
    return describe(
        figure,
        f"{title or 'A network'}, layer by layer from top to bottom, in three bar charts. Together "
        f"{sum(memory):,.1f} MB of outputs, {sum(parameters):,.2f} million parameters and "
        f"{sum(work):,.2f} G multiply-adds. The largest output is that of layer "
        f"{most['memory'] + 1} ({names[most['memory']]}), the most parameters are in layer "
        f"{most['parameters'] + 1} ({names[most['parameters']]}), the most work is in layer "
        f"{most['work'] + 1} ({names[most['work']]}).",
    )
