"""One image, taken apart: its values, its channels, and what becomes of its proportions.

Lesson 00, section 1; Lesson 00, section 3.
"""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from catdog_lib.data.decode import RESIZES, to_square
from catdog_lib.plots.primitives import CHANNELS, box, draw_image, draw_map, frame, remove_ticks
from catdog_lib.plots.style import describe, new_figure, style

_INKS = ("#C0261E", "#1B7A3D", "#1F4FBF")


def pixels(image: Tensor, row: int, column: int, size: int = 5) -> Figure:
    """Draw an image, and a part of it so large that every pixel shows its three values.

    Args:
        image: 3×H×W, uint8.
        row, column: of the part's upper left pixel; further up or left if it would stick out.
        size: the part's side in pixels.
    """
    row, column = (min(p, s - size) for p, s in zip((row, column), image.shape[1:], strict=True))
    part = image[:, row : row + size, column : column + size]
    with style():
        figure, (whole, zoomed) = new_figure(1, 2, width=8, height=4.2)
        draw_image(whole, image)
        frame(whole, column, row, size, size, colour="red", linewidth=2)
        whole.set_title(f"{image.shape[1]} rows, {image.shape[2]} columns")
        draw_image(zoomed, part)
        for i in range(size):
            for j in range(size):
                # A pale card, so that the values can be read on any colour.
                box(zoomed, j - 0.27, i - 0.36, 0.54, 0.72, "white", alpha=0.82, linewidth=0)
                for channel, ink in enumerate(_INKS):
                    y, value = i + 0.23 * (channel - 1), int(part[channel, i, j])
                    look = {"color": ink, "fontsize": 9.5, "ha": "center", "va": "center"}
                    zoomed.text(j, y, value, **look)
        zoomed.set_title("the marked pixels, as red, green, blue")
    values = zip(CHANNELS, part[:, 0, 0].tolist(), strict=True)
    return describe(
        figure,
        f"Left, an image with a marked square of {size}×{size} pixels; right, these pixels, each "
        "with its three values. The upper left one is "
        f"{', '.join(f'{name} {value}' for name, value in values)}.",
    )


def channels(image: Tensor) -> Figure:
    """Draw an image (3×H×W, uint8) and its red, green and blue channel."""
    with style():
        figure, (whole, *rest) = new_figure(1, 4, width=8, height=2.3)
        draw_image(whole, image)
        whole.set_title("the image")
        means = []
        for axes, channel, name, ink in zip(rest, image, CHANNELS, _INKS, strict=True):
            shades = LinearSegmentedColormap.from_list(name, ["black", ink])
            draw_map(axes, channel, cmap=shades, vmin=0, vmax=255)
            mean = channel.float().mean()
            axes.set_title(f"{name}, mean {mean:.0f}")
            means.append(f"{name} {mean:.0f}")
    return describe(
        figure,
        "An image and its three channels, each dark for 0 and light for 255. Their means: "
        f"{', '.join(means)}.",
    )


def resize_modes(photo: Image.Image, size: int) -> Figure:
    """Draw a photo as it is, and resized to ``size`` × ``size`` pixels in each of the modes."""
    photo = photo.convert("RGB")
    versions = {f"{photo.width}×{photo.height}": photo}
    versions |= {mode: to_square(photo, size, mode) for mode in RESIZES}
    with style():
        figure, all_axes = new_figure(1, len(versions), width=8, height=2.6)
        for axes, (title, version) in zip(all_axes, versions.items(), strict=True):
            axes.imshow(np.asarray(version))
            remove_ticks(axes, keep_spines=True)
            axes.set_title(title)
    return describe(
        figure,
        f"A photo of {photo.width}×{photo.height} pixels, and three squares of {size} made from "
        "it: squashed to the square, its middle cut out, and whole with bars beside it.",
    )
