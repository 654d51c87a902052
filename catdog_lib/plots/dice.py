"""The sum of two dice: its distribution is a convolution.

Lesson 01, section 1.
"""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.primitives import frame, write_cells
from catdog_lib.plots.style import CAT, DOG, describe, new_figure, style


def dice_sum_distribution(first: Tensor, second: Tensor, total: int) -> Figure:
    """Draw the probabilities of all pairs of two dice, and of their sum.

    Args:
        first, second: probability of each face (1, 2, …) of either die.
        total: the sum whose pairs are marked, a possible one.
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
        percent = [[f"{p:.1f}" for p in row] for row in (100 * pairs).tolist()]
        write_cells(table, percent, fontsize=8.5, ink="black")
        for i, j in marked:
            frame(table, j + 0.04, i + 0.04, 0.92, 0.92, colour=CAT)
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
        f"Left, a table of the probabilities of all {pairs.numel()} pairs of two dice, with the "
        f"{len(marked)} pairs marked whose sum is {total}: they lie on a diagonal from lower left "
        f"to upper right. Right, the probability of each sum; {total} has "
        f"{100 * sums[total - 2]:.1f}%.",
    )
