"""What each pixel of a drawn animal shows, in colours with their names.

Lesson 07, section 5.
"""

from __future__ import annotations

import torch
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from torch import Tensor

from catdog_lib.plots.primitives import draw_image, turn_off
from catdog_lib.plots.style import counted, describe, style
from catdog_lib.sketches.canvas import BODY_PARTS

# as in BODY_PARTS: background, body, ears, eyes, muzzle
COLOURS = ((225, 225, 225), (120, 160, 210), (230, 150, 40), (20, 20, 20), (200, 80, 140))


def body_parts(images: Tensor, parts: Tensor) -> Figure:
    """Draw sketches, and below each the part that each of its pixels shows, with a key of colours.

    Args:
        images: N×3×H×W, uint8.
        parts: N×H×W, positions in :data:`catdog_lib.sketches.BODY_PARTS`.
    """
    palette = torch.tensor(COLOURS, dtype=torch.uint8)
    painted = palette[parts.long()].permute(0, 3, 1, 2)
    count = len(images)
    side = 8 / count
    with style():
        figure = Figure(figsize=(8, 2 * side + 0.5))
        rows = figure.subplots(2, count, squeeze=False)
        turn_off(rows.flat)
        for axes, image in zip(rows.flat, [*images, *painted], strict=True):
            draw_image(axes, image)
        colours = [tuple(value / 255 for value in colour) for colour in COLOURS]
        patches = [Patch(color=c, label=name) for c, name in zip(colours, BODY_PARTS, strict=True)]
        figure.legend(handles=patches, loc="outside lower center", ncols=len(BODY_PARTS))
    area = [(parts == i).double().mean().item() for i in range(len(BODY_PARTS))]
    shares = ", ".join(f"{name} {v:.0%}" for name, v in zip(BODY_PARTS, area, strict=True))
    return describe(
        figure,
        f"{counted(count, 'drawn animal')}, and below each one what its pixels show, in a colour "
        f"for each part: {shares} of the area.",
    )
