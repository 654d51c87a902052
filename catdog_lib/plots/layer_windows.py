"""Where the windows of a layer lie on an image, the static version of the shape calculator."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from catdog_lib.from_scratch.output_sizes import (
    conv_output_size,
    pool_output_size,
    transposed_output_size,
)
from catdog_lib.plots.primitives import MARK, box, frame
from catdog_lib.plots.style import GREY, describe, new_figure, style

IMAGE, PADDING, LOST, SKIPPED = "#CFE8F7", "#E4E4EA", "#D55E00", "#E8C15A"
_MAX_WINDOWS = 12  # drawn under the image


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
    """Draw one window on the padded image, the windows along a row, and what none of them reads.

    For a transposed convolution the image is the output, and the windows are where each value of
    the input writes.

    Args:
        size: of the input, one integer or (height, width).
        kernel, stride, padding, dilation, ceil_mode, output_padding: as in ``torch.nn``.
        operation: "conv", "pool" or "transposed".
        row, column: of the window drawn.

    Raises:
        CatdogError: the layer has no output.
    """
    height, width = size if isinstance(size, tuple | list) else (size, size)
    window = {"kernel": kernel, "stride": stride, "padding": padding, "dilation": dilation}
    other = {"operation": operation, "ceil_mode": ceil_mode, "output_padding": output_padding}
    rows, padded_height, out_height = _side(height, window, **other)
    columns, padded_width, out_width = _side(width, window, **other)
    reach = dilation * (kernel - 1) + 1
    shown = min(columns, _MAX_WINDOWS)
    row, column = min(row, rows - 1), min(column, columns - 1)
    lost, skipped = [], []
    thin = min(0.5, 20 / padded_width)  # many lines of full width would be a solid block
    with style():
        figure_height = 1 + 5 * (padded_height + 0.7 * shown) / max(padded_width, 8)
        figure, (axes,) = new_figure(width=6, height=figure_height)
        box(axes, 0, 0, padded_width, padded_height, PADDING)
        inner = padded_width - 2 * padding, padded_height - 2 * padding
        box(axes, padding, padding, *inner, IMAGE)
        if operation != "transposed":
            lost_rows, skipped_rows = _unread(padded_height, rows, window)
            lost_columns, skipped_columns = _unread(padded_width, columns, window)
            lost, skipped = [*lost_rows, *lost_columns], [*skipped_rows, *skipped_columns]
            for at in skipped_rows + lost_rows:
                box(axes, 0, at, padded_width, 1, LOST if at in lost_rows else SKIPPED)
            for at in skipped_columns + lost_columns:
                box(axes, at, 0, 1, padded_height, LOST if at in lost_columns else SKIPPED)
        for i in range(0, reach, dilation):
            for j in range(0, reach, dilation):
                box(axes, column * stride + j, row * stride + i, 1, 1, MARK, alpha=0.45)
        axes.vlines(range(padded_width + 1), 0, padded_height, color=GREY, linewidth=thin)
        axes.hlines(range(padded_height + 1), 0, padded_width, color=GREY, linewidth=thin)
        # Here a pixel begins at its coordinate; in an image it is in the middle of it.
        frame(axes, column * stride + 0.5, row * stride + 0.5, reach, reach)
        for i in range(shown):
            left, top = i * stride, padded_height + 0.5 + 0.7 * i
            colour = MARK if i == column else GREY
            box(axes, left, top, reach, 0.5, "white", edgecolor=colour, linewidth=1.6 * thin)
            for tap in range(0, reach, dilation):
                box(axes, left + tap + 0.2, top + 0.13, 0.6, 0.24, colour)
        right = max(padded_width, (columns - 1) * stride + reach) + 0.1
        axes.set(xlim=(-0.1, right), ylim=(padded_height + 0.7 + 0.7 * shown, -0.1), aspect="equal")
        axes.axis("off")
        title = f"{height}×{width} becomes {out_height}×{out_width}"
        if columns > _MAX_WINDOWS:
            title += f"; {_MAX_WINDOWS} of {columns} windows below"
        axes.set_title(title)
        _draw_legend(axes, operation, padding, bool(lost), bool(skipped))
    return describe(
        figure,
        f"{height}×{width} becomes {out_height}×{out_width}: windows {reach} wide, {stride} apart, "
        f"with padding {padding}. Rows and columns that are never read: {len(lost)} at the end, "
        f"{len(skipped)} between the windows.",
    )


def _draw_legend(axes: Axes, operation: str, padding: int, lost: bool, skipped: bool) -> None:
    """Name the colours that occur."""
    transposed = operation == "transposed"
    colours = {"output" if transposed else "image": IMAGE}
    if padding:
        colours["cut off" if transposed else "padding"] = PADDING
    if lost:
        colours["never read"] = LOST
    if skipped:
        colours["jumped over"] = SKIPPED
    patches = [Patch(color=colour, label=name) for name, colour in colours.items()]
    axes.legend(handles=patches, loc="upper center", bbox_to_anchor=(0.5, 0), ncols=len(colours))


def _side(
    size: int, window: dict, operation: str, ceil_mode: bool, output_padding: int
) -> tuple[int, int, int]:
    """Return the number of windows along one side, its length with padding, the output's side."""
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
    """Return the positions that no window reads: those after the last one, and those between."""
    taps = range(0, window["dilation"] * window["kernel"], window["dilation"])
    read = {i * window["stride"] + tap for i in range(count) for tap in taps}
    unread = [at for at in range(length) if at not in read]
    return [at for at in unread if at > max(read)], [at for at in unread if at < max(read)]
