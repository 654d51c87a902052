"""What a layer is made of and what it makes: filters, feature maps, and what excites a unit
most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from catdog_lib.inspect.activations import TopActivation
from catdog_lib.plots.convolution import SIGNED
from catdog_lib.plots.photos import picture
from catdog_lib.plots.style import WRONG, counted, describe, new_figure, style


def filters(weights: Tensor, columns: int = 16) -> Figure:
    """The filters of a convolution: in colour if it looks at pictures, else the channels of its
    first inputs.

    Args:
        weights: C_out×C_in×k×k. With 3 input channels each filter is a small picture: grey is
            weight 0, and a colour is what the filter looks for. Otherwise a row is a filter and a
            column an input channel, on one scale: violet above 0, brown below.
        columns: filters in a row, or input channels shown.
    """
    weights = weights.detach().float().cpu()
    largest = weights.abs().max().item() or 1.0
    outputs, inputs, height, width = weights.shape
    with style():
        if inputs == 3:
            columns = min(columns, outputs)
            rows = -(-outputs // columns)
            figure, all_axes = new_figure(rows, columns, width=8, height=8 / columns * rows + 0.1)
            for axes, one in zip(all_axes, weights, strict=False):
                picture(axes, (one / largest + 1) / 2)
            for axes in all_axes[outputs:]:
                axes.axis("off")
            words = (
                "each as a small picture: grey is weight 0, a colour is what the filter looks for"
            )
        else:
            columns, rows = min(columns, inputs), min(8, outputs)
            side = min(8 / columns, 0.6)
            figure, all_axes = new_figure(
                rows, columns, width=side * columns + 0.3, height=side * rows
            )
            for i, axes in enumerate(all_axes):
                _map(axes, weights[i // columns, i % columns], cmap=SIGNED,
                     vmin=-largest, vmax=largest)  # fmt: skip
                if i % columns == 0:
                    axes.set_ylabel(i // columns, rotation=0, ha="right", va="center", fontsize=9)
            words = (
                f"a row for each of the first {rows}, a column for each of the first {columns} "
                "input channels, violet above 0, brown below"
            )
    return describe(
        figure,
        f"The {outputs} filters of a convolution with {counted(inputs, 'input channel')}, "
        f"{height}×{width} weights each, {words}. The largest weight is {largest:.2f}.",
    )


def feature_maps(
    image: Tensor, layers: Mapping[str, Tensor], channels: Sequence[int] | int = 8
) -> Figure:
    """A picture and what each layer made of it: a row a layer, a column a channel, bright for large
    values.

    Each map has a scale of its own, from its smallest to its largest value; a map with one value
    only, such as that of a dead channel, is marked.

    Args:
        image: 3×H×W, uint8 or float in [0, 1].
        layers: name → maps, C×H×W.
        channels: which channels to show, or how many of the first.
    """
    chosen = list(range(channels)) if isinstance(channels, int) else list(channels)
    side = 8 / (len(chosen) + 0.8)
    words = []
    with style():
        figure = Figure(figsize=(8, (side + 0.24) * (len(layers) + 1)))
        rows = figure.subplots(len(layers) + 1, len(chosen), squeeze=False)
        for axes in rows.flat:
            axes.axis("off")
        picture(rows[0, 0], image)
        rows[0, 0].axis("on")
        for row, (name, maps) in zip(rows[1:], layers.items(), strict=True):
            flat = 0
            maps = maps.detach().float().cpu()
            for axes, channel in zip(row, chosen, strict=True):
                if channel >= len(maps):
                    continue
                axes.axis("on")
                one = maps[channel]
                _map(axes, one)
                axes.set_xlabel(channel, fontsize=7.5, labelpad=1)
                if one.min() == one.max():
                    flat += 1
                    axes.text(0.5, 0.5, f"all {one.min():g}", ha="center", va="center", fontsize=8,
                              color="white", transform=axes.transAxes)  # fmt: skip
            row[0].set_title(f"{name}   {'×'.join(map(str, maps.shape))}", fontsize=10)
            words.append(
                f"{name} ({'×'.join(map(str, maps.shape))}{f', {flat} flat' if flat else ''})"
            )
    return describe(
        figure,
        f"A picture, and below it {counted(len(layers), 'row')} of feature maps, one for each "
        f"layer, bright for large values: {', '.join(words)}.",
    )


def exciting(pictures: Tensor, found: Sequence[TopActivation]) -> Figure:
    """What excites a unit most: the pictures with a box around what it saw, and below each the
    patch in the box.

    Args:
        pictures: the pictures that were found, in the same order: N×3×H×W, uint8.
        found: from :func:`catdog_lib.inspect.activations.top_activations`; so
            ``images[[e.position for e in found]][0]``.
    """
    columns = min(9, len(found))
    rows = -(-len(found) // columns)
    side = 8 / max(columns, 4)
    with style():
        figure, all_axes = new_figure(
            2 * rows, columns, width=side * columns, height=rows * (2 * side + 0.3)
        )
        for axes in all_axes:
            axes.axis("off")
        for i, (image, one) in enumerate(zip(pictures, found, strict=True)):
            top = i // columns * 2 * columns + i % columns
            above, below = all_axes[top], all_axes[top + columns]
            for axes, shown in ((above, image), (below, one.patch)):
                axes.axis("on")
                picture(axes, shown)
            first, last, left, right = one.box
            above.add_patch(
                Rectangle((left - 0.5, first - 0.5), right - left + 1, last - first + 1, fill=False,
                          edgecolor=WRONG, lw=1.8, clip_on=False)
            )  # fmt: skip
            below.set_xlabel(f"{one.value:.2f}", fontsize=8.5)
    heights = [one.patch.shape[1] for one in found]
    return describe(
        figure,
        f"The {counted(len(found), 'picture')} that excite one unit most, each with a box around "
        f"what it saw, and the patch in the box ({min(heights)} to {max(heights)} pixels high) "
        f"below with the unit's value: from {found[0].value:.2f} down to {found[-1].value:.2f}.",
    )


def _map(axes: Axes, values: Tensor, **options) -> None:
    axes.imshow(np.asarray(values), interpolation="nearest", **options)
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)
