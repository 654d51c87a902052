"""Windows to count: a row of pixels, and below it every window of a kernel that fits.

Lesson 02, section 1; Lesson 02, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from catdog_lib.from_scratch.output_sizes import conv_output_size
from catdog_lib.plots.primitives import box, turn_off
from catdog_lib.plots.style import GREY, WRONG, counted, describe, new_figure, style

_INPUT, _TAP = "#CDE7F7", "#0072B2"


def row_of_windows(cases: Mapping[str, Mapping[str, int]]) -> Figure:
    """Draw a row of pixels for each case, and below it every window that fits, with its number.

    Args:
        cases: title → the setting: ``size`` and ``kernel``, and where they are not the default also
            ``stride``, ``padding`` (on each side), ``dilation`` and ``ceil_mode`` (of a pooling).

    Raises:
        CatdogError: a kernel is larger than its padded row.
    """
    placed = [_place_windows(**case) for case in cases.values()]
    columns = min(2, len(cases))
    lines = [len(starts) + len(dropped) for starts, dropped, _ in placed]
    rows = [max(lines[i : i + columns]) for i in range(0, len(lines), columns)]
    cells = max(
        max(case["size"] + 2 * case.get("padding", 0), *(s + span + 1 for s in starts + dropped))
        for case, (starts, dropped, span) in zip(cases.values(), placed, strict=True)
    )
    descriptions = []
    with style():
        figure, all_axes = new_figure(
            len(rows),
            columns,
            height=0.21 * sum(rows) + 0.7 * len(rows),
            gridspec_kw={"height_ratios": [lines + 3.2 for lines in rows]},
        )
        turn_off(all_axes)
        for i, (axes, (title, case)) in enumerate(zip(all_axes, cases.items(), strict=False)):
            starts, dropped, _ = placed[i]
            unread = _draw_windows(axes, starts, dropped, **case)
            axes.set(xlim=(-0.1, max(cells, 11) + 0.1), ylim=(-rows[i // columns] - 0.4, 1.3))
            axes.set_title(f"{title}: {counted(len(starts), 'window')}", pad=2, fontsize=10)
            descriptions.append(
                f"{title}: {counted(case['size'], 'pixel')}, {counted(len(starts), 'window')}"
                + (f", {counted(unread, 'pixel')} in no window" if unread else "")
                + (", one more left out since it starts in the padding" if dropped else "")
            )
    return describe(
        figure,
        f"Rows of pixels with the windows of a kernel below them. {'; '.join(descriptions)}.",
    )


def _place_windows(
    size: int,
    kernel: int,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    ceil_mode: bool = False,
) -> tuple[list[int], list[int], int]:
    """Return the first cells of the windows, and of one that is left out; the cells one spans."""
    span = dilation * (kernel - 1) + 1
    padded = size + 2 * padding
    count = conv_output_size(size, kernel, stride, padding, dilation)
    starts = [i * stride for i in range(count)]
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
    """Draw one case, and return the number of pixels that no window reads."""
    read = {start + dilation * i for start in starts for i in range(kernel)}
    unread = [cell for cell in range(padding, padding + size) if cell not in read]
    for cell in range(size + 2 * padding):
        if padding <= cell < padding + size:
            box(axes, cell, 0.15, 1, 1, _INPUT, edgecolor=GREY)
            axes.text(cell + 0.5, 0.63, cell - padding, ha="center", va="center", fontsize=8)
        else:
            box(axes, cell, 0.15, 1, 1, "white", edgecolor=GREY, linestyle=":")
    for cell in unread:
        axes.plot([cell, cell + 1], [0.15, 1.15], color=WRONG, linewidth=1.6)
    for line, start in enumerate([*starts, *dropped]):
        left_out = start in dropped
        y, last = -line - 0.9, start + dilation * (kernel - 1)
        colour = WRONG if left_out else _TAP
        axes.plot([start + 0.5, last + 0.5], [y + 0.38] * 2, color=colour, linewidth=1)
        look = {"edgecolor": colour, "linestyle": ":" if left_out else "-", "linewidth": 1}
        for i in range(kernel):
            x = start + dilation * i + 0.08
            box(axes, x, y + 0.06, 0.84, 0.64, "white" if left_out else _TAP, **look)
        note = "left out" if left_out else str(line + 1)
        axes.text(last + 1.25, y + 0.36, note, va="center", fontsize=8, color=colour)
    return len(unread)
