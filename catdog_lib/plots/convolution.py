"""Convolution in pictures: two dice, kernels and what they make, channels that are added up,
connections, two ways.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from catdog_lib.plots.style import CAT, DOG, describe, new_figure, style

SIGNED = "PuOr"  # brown below zero, white at zero, violet above


def dice(first: Tensor, second: Tensor, total: int) -> Figure:
    """The probabilities of all pairs of two dice, and of their sum.

    Args:
        first, second: probability of each face (1, 2, …) of either die.
        total: the sum whose pairs are marked; it is one that can be thrown.
    """
    pairs = torch.outer(first, second)
    rows, columns = pairs.shape
    sums = [pairs.flip(1).diagonal(columns - 1 - n).sum().item() for n in range(rows + columns - 1)]
    marked = [(i, total - 2 - i) for i in range(rows) if 0 <= total - 2 - i < columns]
    with style():
        figure, (table, bars) = new_figure(
            1, 2, width=8, height=3.5, gridspec_kw={"width_ratios": [1, 1.25]}
        )
        table.imshow(pairs.numpy(), cmap="Purples", vmin=0, vmax=1.6 * pairs.max().item())
        table.grid(False)
        for i in range(rows):
            for j in range(columns):
                table.text(j, i, f"{100 * pairs[i, j]:.1f}", ha="center", va="center", fontsize=8.5)
        for i, j in marked:
            table.add_patch(
                Rectangle(
                    (j - 0.46, i - 0.46), 0.92, 0.92, fill=False, edgecolor=CAT, linewidth=2.5
                )
            )
        table.set_xticks(range(columns), range(1, columns + 1))
        table.set_yticks(range(rows), range(1, rows + 1))
        table.set(xlabel="second die", ylabel="first die")
        table.set_title("every pair, in %")
        throws = range(2, rows + columns + 1)
        colours = [CAT if n == total else DOG for n in throws]
        bars.bar(throws, [100 * p for p in sums], color=colours)
        bars.set_xticks(throws)
        bars.grid(axis="x", visible=False)
        bars.set(xlabel="sum of both", ylabel="%")
        bars.set_title("added up along the diagonals")
    return describe(
        figure,
        f"Left a table of the probabilities of all {pairs.numel()} pairs of two dice, with the "
        f"{len(marked)} pairs marked whose sum is {total}: they lie on a diagonal from lower left "
        f"to upper right. Right the probability of each sum; {total} has "
        f"{100 * sums[total - 2]:.1f} %.",
    )


def curves(
    lines: Mapping[str, tuple[Tensor, Tensor]], xlabel: str, ylabel: str, marker: str = "o"
) -> Figure:
    """Lines through points: name → (x, y), each with N numbers."""
    with style():
        figure, (axes,) = new_figure(width=8, height=3.4)
        for name, (x, y) in lines.items():
            axes.plot(x.numpy(), y.numpy(), marker=marker, label=name)
        axes.set(xlabel=xlabel, ylabel=ylabel)
        if not any(x.is_floating_point() for x, _ in lines.values()):  # epochs, steps
            axes.xaxis.get_major_locator().set_params(integer=True)
        axes.legend(loc="center left", bbox_to_anchor=(1.01, 0.5))
    ends = "; ".join(
        f"{name}: from {y[0]:.2f} at {x[0]:g} to {y[-1]:.2f} at {x[-1]:g}"
        for name, (x, y) in lines.items()
    )
    return describe(figure, f"{ylabel} against {xlabel}. {ends}.")


def numbers(grids: Mapping[str, Tensor]) -> Figure:
    """Small arrays with their numbers: title → H×W values, brown below zero and violet above."""
    with style():
        widths = [grid.shape[1] for grid in grids.values()]
        tall = max(grid.shape[0] for grid in grids.values())
        cell = min(0.42, 7.6 / (sum(widths) + len(widths)))
        figure, all_axes = new_figure(
            1, len(grids), width=max(4, cell * (sum(widths) + len(widths))),
            height=cell * tall + 0.85, gridspec_kw={"width_ratios": widths},
        )  # fmt: skip
        for axes, (title, grid) in zip(all_axes, grids.items(), strict=True):
            _numbers(axes, grid)
            axes.set_title(title, fontsize=10, loc="center")
    told = "; ".join(f"{title}: {_rows(grid)}" for title, grid in grids.items())
    return describe(figure, f"Small arrays with their numbers, row by row. {told}.")


def kernels(results: Mapping[str, tuple[Tensor, Tensor]], columns: int = 4) -> Figure:
    """Kernels (k×k), and below each what it makes of a grey picture: name → (kernel, map H×W).

    Where the numbers of a kernel add up to 0, its map is drawn with grey for 0; else black is 0 and
    white is 1.
    """
    columns = min(columns, len(results))
    blocks = -(-len(results) // columns)
    with style():
        figure, all_axes = new_figure(
            2 * blocks, columns, width=8, height=3.55 * blocks,
            gridspec_kw={"height_ratios": [0.72, 1] * blocks},
        )  # fmt: skip
        for axes in all_axes:
            axes.axis("off")
        for place, (name, (kernel, made)) in enumerate(results.items()):
            block, column = divmod(place, columns)
            above = all_axes[2 * block * columns + column]
            below = all_axes[(2 * block + 1) * columns + column]
            _numbers(above, kernel)
            above.set_title(name, loc="center")
            _map(below, made, signed=abs(kernel.sum().item()) < 1e-6)
    told = "; ".join(f"{name} ({_rows(kernel)})" for name, (kernel, _) in results.items())
    return describe(
        figure,
        f"{len(results)} kernels, each with its numbers and the picture that it makes: {told}.",
    )


def channel_sum(planes: Tensor, kernel: Tensor, parts: Tensor, bias: float) -> Figure:
    """How one kernel makes one map of several channels: each channel with its slice of the kernel;
    then the sum.

    Args:
        planes: the channels of the picture, C×H×W.
        kernel: C×k×k.
        parts: what each slice makes of its channel, C×H×W.
        bias: added to the sum.
    """
    total = parts.sum(0) + bias
    channels = len(planes)
    names = ("red", "green", "blue") if channels == 3 else [f"channel {c}" for c in range(channels)]
    with style():
        figure, all_axes = new_figure(
            3, channels + 1, width=8, height=5.6, gridspec_kw={"height_ratios": [1, 0.62, 1]}
        )
        for axes in all_axes:
            axes.axis("off")
        top, middle, bottom = (
            all_axes[row * (channels + 1) : (row + 1) * (channels + 1)] for row in range(3)
        )
        for c, name in enumerate(names):
            _map(top[c], planes[c], signed=False)
            top[c].set_title(name, loc="center")
            _numbers(middle[c], kernel[c], most=kernel.abs().max().item())
            _map(bottom[c], parts[c], signed=True, most=parts.abs().max().item())
        for axes, text in (
            (top[-1], f"{channels} channels"),
            (middle[-1], f"one kernel\nof {'×'.join(map(str, kernel.shape))}"),
        ):
            axes.text(0.5, 0.5, text, ha="center", va="center", transform=axes.transAxes)
        _map(bottom[-1], total, signed=True)
        bottom[-1].set_title("sum + bias", loc="center")
    return describe(
        figure,
        f"The {channels} channels of a picture; below each its slice of the kernel; below that "
        "what the slice makes of it, all on one scale, grey for 0. Lower right their sum, with "
        f"the bias {bias:+.2f} added: a single map.",
    )


def connections(matrices: Mapping[str, Tensor]) -> Figure:
    """The weights of layers as matrices: name → outputs×inputs. Where there is no connection, it is
    white.
    """
    with style():
        figure, all_axes = new_figure(1, len(matrices), width=8, height=2.1)
        told = []
        for axes, (name, matrix) in zip(all_axes, matrices.items(), strict=True):
            most = matrix.abs().max().item()
            axes.imshow(matrix.numpy(), cmap=SIGNED, vmin=-most, vmax=most, interpolation="nearest")
            axes.grid(False)
            axes.set(xticks=[], yticks=[], ylabel="outputs")
            used = matrix[matrix != 0]
            count = f"{len(used):,} connections, {len(used.unique()):,} different weights"
            axes.set_title(name, loc="center")
            axes.set_xlabel(f"inputs\n{count.replace(', ', ',' + chr(10))}", fontsize=9.5)
            told.append(f"{name}: {count}")
    return describe(
        figure,
        "The weights of layers as matrices, a row for each output and a column for each input; no "
        "connection is white. " + "; ".join(told) + ".",
    )


def equivariance(layers: Mapping[str, tuple[Tensor, Tensor]]) -> Figure:
    """Is a layer equivariant? Name → (its map moved, its map of the moved picture), H×W each, and
    their difference.

    The difference is measured as its root mean square, relative to that of the map.
    """
    with style():
        figure, all_axes = new_figure(len(layers), 3, width=6.6, height=2.3 * len(layers))
        told = []
        for row, (name, (after, before)) in enumerate(layers.items()):
            difference = (after - before).abs()
            for axes, values in zip(all_axes[3 * row : 3 * row + 2], (after, before), strict=True):
                _map(axes, values, signed=True, most=after.abs().max().item())
            last = all_axes[3 * row + 2]
            last.imshow(difference.numpy(), vmin=0, vmax=after.abs().max().item())
            for axes in all_axes[3 * row : 3 * row + 3]:
                axes.axis("on")
                axes.set(xticks=[], yticks=[])
                axes.grid(False)
                axes.spines[:].set_visible(False)
            all_axes[3 * row].set_ylabel(name)
            share = (difference.norm() / after.norm()).item()
            last.set_xlabel(f"{share:.0%}", fontsize=10)
            told.append(f"{name}: they differ by {share:.0%}")
        for axes, title in zip(
            all_axes, ("layer, then move", "move, then layer", "difference"), strict=False
        ):
            axes.set_title(title, loc="center")
    return describe(
        figure,
        "For each layer three pictures: its map moved; its map of the moved picture; the "
        "difference, dark for none. " + "; ".join(told) + ".",
    )


def _numbers(axes: Axes, grid: Tensor, most: float | None = None) -> None:
    most = most or max(grid.abs().max().item(), 1e-9)
    axes.imshow(grid.numpy(), cmap=SIGNED, vmin=-1.4 * most, vmax=1.4 * most)
    axes.axis("off")
    size = 10 if max(grid.shape) <= 5 else 8
    for i, row in enumerate(grid.tolist()):
        for j, value in enumerate(row):
            ink = "white" if abs(value) > 0.75 * most else "black"
            axes.text(j, i, _short(value), color=ink, ha="center", va="center", fontsize=size)


def _map(axes: Axes, values: Tensor, signed: bool, most: float | None = None) -> None:
    most = most or max(values.abs().quantile(0.995).item(), 1e-9)
    low, high = (-most, most) if signed else (0, 1)
    axes.imshow(values.numpy(), cmap="gray", vmin=low, vmax=high)
    axes.axis("off")


def _short(value: float) -> str:
    """A number as one writes it into a small square: ninths and sixteenths as fractions, the rest
    with one digit.
    """
    for part in (9, 18, 16):
        if abs(10 * value - round(10 * value)) > 1e-5 > abs(value * part - round(value * part)):
            return f"{round(value * part)}/{part}".replace("-", "−")
    return f"{value + 0.0:.1f}".removesuffix(".0").replace("-", "−")


def _rows(grid: Tensor) -> str:
    return ", ".join(" ".join(map(_short, row)) for row in grid.tolist())
