"""Where the windows of a layer lie on a picture: the static twin of the shape calculator."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch, Rectangle

from catdog_lib.from_scratch.output_sizes import (
    conv_output_size,
    pool_output_size,
    transposed_output_size,
)
from catdog_lib.plots.explorables import MARK
from catdog_lib.plots.style import GREY, describe, new_figure, style

PICTURE, PADDING, LOST, SKIPPED = "#CFE8F7", "#E4E4EA", "#D55E00", "#E8C15A"
_MOST = 12  # windows drawn under the picture


def shape_windows(
    size: int | tuple[int, int],
    kernel: int,
    *,
    stride: int = 1,
    padding: int = 0,
    dilation: int = 1,
    operation: str = "conv",
    ceil_mode: bool = False,
    output_padding: int = 0,
    row: int = 0,
    column: int = 0,
) -> Figure:
    """The padded picture with one window on it, the windows along a row below, and what none of
    them reads.

    For a transposed convolution the picture is the output, and the windows are where each number of
    the input writes.

    Args:
        size: of the input, one number or (height, width).
        operation: "conv", "pool" or "transposed".
        row, column: of the window drawn.

    Raises:
        CatdogError: the layer has no output.
    """
    height, width = size if isinstance(size, tuple | list) else (size, size)
    window = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    other = {"operation": operation, "ceil_mode": ceil_mode, "output_padding": output_padding}
    (rows, high, down), (columns, wide, right) = (
        _side(one, window, **other) for one in (height, width)
    )
    reach = dilation * (kernel - 1) + 1
    shown = min(columns, _MOST)
    row, column = min(row, rows - 1), min(column, columns - 1)
    with style():
        figure, (axes,) = new_figure(width=6, height=1 + 5 * (high + 0.7 * shown) / max(wide, 8))
        _box(axes, 0, 0, wide, high, PADDING)
        _box(axes, padding, padding, wide - 2 * padding, high - 2 * padding, PICTURE)
        lost, skipped = [], []
        if operation != "transposed":
            lost_rows, skipped_rows = _unread(high, rows, window)
            lost_columns, skipped_columns = _unread(wide, columns, window)
            lost, skipped = [*lost_rows, *lost_columns], [*skipped_rows, *skipped_columns]
            for at in skipped_rows + lost_rows:
                _box(axes, 0, at, wide, 1, LOST if at in lost_rows else SKIPPED)
            for at in skipped_columns + lost_columns:
                _box(axes, at, 0, 1, high, LOST if at in lost_columns else SKIPPED)
        for i in range(0, reach, dilation):
            for j in range(0, reach, dilation):
                _box(axes, column * stride + j, row * stride + i, 1, 1, MARK, alpha=0.45)
        axes.vlines(range(wide + 1), 0, high, color=GREY, linewidth=0.5)
        axes.hlines(range(high + 1), 0, wide, color=GREY, linewidth=0.5)
        corner = (column * stride, row * stride)
        axes.add_patch(Rectangle(corner, reach, reach, fill=False, edgecolor=MARK, linewidth=2.5))
        last = max(wide, (columns - 1) * stride + reach)
        for i in range(shown):
            start, y = i * stride, high + 0.5 + 0.7 * i
            colour = MARK if i == column else GREY
            _box(axes, start, y, reach, 0.5, "white", edgecolor=colour)
            for tap in range(0, reach, dilation):
                _box(axes, start + tap + 0.2, y + 0.13, 0.6, 0.24, colour)
        axes.set(xlim=(-0.1, last + 0.1), ylim=(high + 0.7 + 0.7 * shown, -0.1), aspect="equal")
        axes.axis("off")
        title = f"{height}×{width} becomes {down}×{right}"
        axes.set_title(title + (f"; {_MOST} of {columns} windows below" if columns > _MOST else ""))
        inner, outer = (
            ("output", "cut off") if operation == "transposed" else ("picture", "padding")
        )
        key = {inner: PICTURE} | ({outer: PADDING} if padding else {})
        key |= ({"never read": LOST} if lost else {}) | (
            {"jumped over": SKIPPED} if skipped else {}
        )
        patches = [Patch(color=colour, label=name) for name, colour in key.items()]
        axes.legend(handles=patches, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=len(key))
    return describe(
        figure,
        f"{height}×{width} becomes {down}×{right}: windows {reach} wide, {stride} apart, with "
        f"padding {padding}. Rows and columns that are never read: {len(lost)} at the end, "
        f"{len(skipped)} between the windows.",
    )


def _side(
    size: int, window: dict, operation: str, ceil_mode: bool, output_padding: int
) -> tuple[int, int, int]:
    """How many windows lie along one side, its length with the padding, and the output's side."""
    padded = size + 2 * window["padding"]
    if operation == "conv":
        out = conv_output_size(size, **window)
    elif operation == "pool":
        out = pool_output_size(size, ceil_mode=ceil_mode, **window)
    else:
        out = transposed_output_size(size, output_padding=output_padding, **window)
        return size, out + 2 * window["padding"], out
    return out, padded, out


def _unread(length: int, count: int, window: dict) -> tuple[list[int], list[int]]:
    """Positions that no window reads: those behind the last window, and those between."""
    taps = range(0, window["dilation"] * window["kernel"], window["dilation"])
    read = {i * window["stride"] + tap for i in range(count) for tap in taps}
    unread = [at for at in range(length) if at not in read]
    return [at for at in unread if at > max(read)], [at for at in unread if at < max(read)]


def _box(
    axes: Axes, x: float, y: float, width: float, height: float, colour: str, **options
) -> None:
    options = {"linewidth": 0.8, "edgecolor": "none"} | options
    axes.add_patch(Rectangle((x, y), width, height, facecolor=colour, **options))
