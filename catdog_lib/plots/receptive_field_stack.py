"""What a unit sees in every map before it, the static version of the receptive-field viewer."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.from_scratch.output_sizes import conv_output_size
from catdog_lib.plots.primitives import MARK, frame, remove_ticks
from catdog_lib.plots.style import describe, style

_SEEN = LinearSegmentedColormap.from_list("seen", ["#cfe8f7", MARK])


def receptive_field_stack(
    layers: Sequence[dict],
    size: int,
    layer: int = -1,
    row: int = -1,
    column: int = -1,
    photo: Tensor | None = None,
) -> Figure:
    """Draw what a unit sees in each map before its own, and on the photo.

    Args:
        layers: dicts with kernel, stride, padding, dilation, and perhaps a name, as
            :class:`catdog_lib.explore.ReceptiveFieldViewer` holds them.
        size: the photo's side in pixels.
        layer: 1 is the first, −1 the last one.
        row, column: of the unit; −1 is the middle.
        photo: 3×size×size, drawn under what is seen of it.

    Raises:
        CatdogError: a kernel does not fit into its map.
    """
    sides = [size]
    for one in layers:
        window = {name: one[name] for name in ("kernel", "stride", "padding", "dilation")}
        sides.append(conv_output_size(sides[-1], **window))
    layer = len(layers) if layer < 1 else layer
    unit = [(sides[layer] - 1) // 2 if at < 0 else at for at in (row, column)]
    rows, columns = (_positions_seen(layers, sides, layer, at) for at in unit)
    across, down = min(6, layer + 1), -(-(layer + 1) // 6)
    with style():
        figure = Figure(figsize=(10, 2.4 * down))
        for i in range(layer + 1):
            axes = figure.add_subplot(down, across, i + 1)
            seen = np.zeros((sides[i], sides[i]))
            seen[np.ix_(rows[i], columns[i])] = 1
            options = {"extent": (-0.5, sides[i] - 0.5, sides[i] - 0.5, -0.5)}
            with_photo = i == 0 and photo is not None
            if with_photo:
                axes.imshow(np.asarray(photo.permute(1, 2, 0)), **options)
            alpha = 0.5 if with_photo else 1
            axes.imshow(seen, cmap=_SEEN, vmin=0, vmax=1, alpha=alpha, **options)
            remove_ticks(axes, keep_spines=True)
            if rows[i] and columns[i]:  # else it sees only padding
                width, height = np.ptp(columns[i]) + 1, np.ptp(rows[i]) + 1
                frame(axes, columns[i][0], rows[i][0], width, height)
            name = "photo"
            if i:
                name = f"{i} {layers[i - 1].get('name') or layers[i - 1].get('kind', 'layer')}"
            axes.set_title(f"{name}\n{sides[i]}×{sides[i]}", fontsize=9.5)
    return describe(
        figure,
        f"The unit in row {unit[0]}, column {unit[1]} of layer {layer}, and what it sees in the "
        f"maps before it: of the photo, {_range('row', rows[0])} and "
        f"{_range('column', columns[0])}.",
    )


def _positions_seen(
    layers: Sequence[dict], sides: list[int], layer: int, unit: int
) -> list[list[int]]:
    """Return the positions that a unit sees along one side, from the photo to its own map."""
    seen = [[unit]]
    for one, side in zip(layers[layer - 1 :: -1], sides[layer - 1 :: -1], strict=True):
        taps = range(0, one["dilation"] * one["kernel"], one["dilation"])
        positions = {at * one["stride"] - one["padding"] + tap for at in seen[0] for tap in taps}
        seen.insert(0, sorted(at for at in positions if 0 <= at < side))
    return seen


def _range(noun: str, positions: list[int]) -> str:
    """Return "rows 3 to 9", or "no row" where only padding is seen."""
    return f"{noun}s {positions[0]} to {positions[-1]}" if positions else f"no {noun}"
