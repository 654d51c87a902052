"""One picture, taken apart: its numbers, its channels, and what becomes of its proportions."""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from PIL import Image
from torch import Tensor

from catdog_lib.data.decode import RESIZES, to_square
from catdog_lib.plots.photos import picture
from catdog_lib.plots.style import describe, new_figure, style

CHANNELS = ("red", "green", "blue")
_INKS = ("#C0261E", "#1B7A3D", "#1F4FBF")


def pixels(image: Tensor, row: int, column: int, size: int = 5) -> Figure:
    """A picture (3×H×W, uint8), and a corner of it so large that every pixel shows its three
    numbers.

    Args:
        row, column: the upper left pixel of the corner.
        size: pixels on a side of it.
    """
    corner = image[:, row : row + size, column : column + size]
    with style():
        figure, (whole, zoomed) = new_figure(1, 2, width=8, height=4.2)
        picture(whole, image)
        whole.add_patch(
            Rectangle(
                (column - 0.5, row - 0.5), size, size, fill=False, edgecolor="red", linewidth=2
            )
        )
        whole.set_title(f"{image.shape[1]} rows, {image.shape[2]} columns")
        picture(zoomed, corner)
        for i in range(size):
            for j in range(size):
                # A pale card, so that the numbers can be read on any colour.
                zoomed.add_patch(
                    Rectangle(
                        (j - 0.27, i - 0.36), 0.54, 0.72, color="white", alpha=0.82, linewidth=0
                    )
                )
                for place, (value, ink) in enumerate(
                    zip(corner[:, i, j].tolist(), _INKS, strict=True)
                ):
                    zoomed.text(
                        j,
                        i + 0.23 * (place - 1),
                        value,
                        color=ink,
                        fontsize=9.5,
                        ha="center",
                        va="center",
                    )
        zoomed.set_title("the marked pixels, as red, green, blue")
    first = ", ".join(
        f"{name} {value}" for name, value in zip(CHANNELS, corner[:, 0, 0].tolist(), strict=True)
    )
    return describe(
        figure,
        f"Left a picture with a marked square of {size}×{size} pixels; right these pixels, each "
        f"with its three numbers. The upper left one is {first}.",
    )


def channels(image: Tensor) -> Figure:
    """A picture (3×H×W, uint8) and its red, green and blue plane."""
    with style():
        figure, (whole, *planes) = new_figure(1, 4, width=8, height=2.3)
        picture(whole, image)
        whole.set_title("the picture")
        for axes, plane, name, ink in zip(planes, image, CHANNELS, _INKS, strict=True):
            shades = LinearSegmentedColormap.from_list(name, ["black", ink, "white"])
            axes.imshow(plane.numpy(), cmap=shades, vmin=0, vmax=255)
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
            axes.spines[:].set_visible(False)
            axes.set_title(f"{name}, mean {plane.float().mean():.0f}")
    means = ", ".join(
        f"{name} {plane.float().mean():.0f}" for name, plane in zip(CHANNELS, image, strict=True)
    )
    return describe(
        figure,
        "A picture and its three channels, each dark for 0 and light for 255. Their means: "
        f"{means}.",
    )


def squares(photo: Image.Image, size: int) -> Figure:
    """A photo as it is, and made ``size`` × ``size`` pixels in each of the ways that have a
    name.
    """
    photo = photo.convert("RGB")
    with style():
        figure, (whole, *others) = new_figure(1, 1 + len(RESIZES), width=8, height=2.6)
        for axes, image, title in (
            (whole, photo, f"{photo.width}×{photo.height}"),
            *(
                (axes, to_square(photo, size, name), name)
                for axes, name in zip(others, RESIZES, strict=True)
            ),
        ):
            axes.imshow(np.asarray(image))
            axes.set(xticks=[], yticks=[])
            axes.grid(False)
            axes.set_title(title)
    return describe(
        figure,
        f"A photo of {photo.width}×{photo.height} pixels, and three squares of {size} made from "
        "it: squashed to the square, its middle cut out, and whole with bars beside it.",
    )
