"""Heat maps over pictures, and whether they tell the truth: heat by part of the animal, curves of
deletion.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.convolution import SIGNED
from catdog_lib.plots.photos import picture
from catdog_lib.plots.style import GREY, counted, describe, new_figure, style
from catdog_lib.sketches.canvas import BODY_PARTS

WARM = "inferno"


def heat(images: Tensor, maps: Mapping[str, Tensor], captions: Sequence[str] = ()) -> Figure:
    """Pictures in a row, and below them a row for each method: its heat over the picture in grey.

    Each map has a scale of its own, from 0 to its hottest pixel.

    A map with values below 0, as of occlusion, is drawn in two colours: violet speaks for the
    class, brown against it.

    Args:
        images: N×3×H×W, uint8 or float in [0, 1].
        maps: method → heat, N×H×W.
        captions: a few words above each picture; () for none.
    """
    count = len(images)
    side = min(8 / (count + 0.6), 1.7)
    with style():
        figure = Figure(figsize=(side * (count + 0.6), side * (1 + len(maps)) + 0.3))
        rows = figure.subplots(1 + len(maps), count, squeeze=False)
        for axes, image in zip(rows[0], images, strict=True):
            picture(axes, image)
        for axes, caption in zip(rows[0], captions, strict=False):
            axes.set_title(caption, fontsize=9, loc="center", fontweight="normal")
        for row, (method, values) in zip(rows[1:], maps.items(), strict=True):
            row[0].set_ylabel(method, fontsize=9.5)
            signed = bool((values < 0).any())
            for axes, image, one in zip(row, images, values, strict=True):
                _overlay(axes, image, one, signed)
    return describe(figure, _words(count, maps, captions))


def _overlay(axes: Axes, image: Tensor, values: Tensor, signed: bool) -> None:
    """The picture as a grey ghost, and the heat in colours that hide it the more, the stronger they
    are.
    """
    ghost = image.float().mean(0)
    ghost = ghost / 255 if image.dtype == torch.uint8 else ghost
    largest = values.abs().max().item() or 1.0  # a map of nothing but zeros
    axes.imshow(0.2 + 0.6 * ghost.numpy(), cmap="gray", vmin=0, vmax=1)
    axes.imshow(
        values.numpy(), cmap=SIGNED if signed else WARM, vmin=-largest if signed else 0, vmax=largest,
        alpha=0.8 * (values.abs() / largest).sqrt().clamp(0, 1).numpy(), interpolation="nearest",
    )  # fmt: skip
    axes.set(xticks=[], yticks=[])
    axes.grid(False)
    axes.spines[:].set_visible(False)


def _words(count: int, maps: Mapping[str, Tensor], captions: Sequence[str]) -> str:
    shown = f" ({'; '.join(' '.join(c.split()) for c in captions)})" if captions else ""
    places = []
    for method, values in maps.items():
        rows, columns = [], []
        for one in values:
            row, column = divmod(int(one.argmax()), one.shape[1])
            rows.append(row / one.shape[0])
            columns.append(column / one.shape[1])
        where = ", ".join(
            f"{_third(r, 'upper', 'middle', 'lower')} {_third(c, 'left', 'centre', 'right')}"
            for r, c in zip(rows, columns, strict=True)
        )
        places.append(f"{method}: hottest {where}")
    return (
        f"{counted(count, 'picture')}{shown}, and below them their heat maps, each on its own "
        "scale. " + "; ".join(places) + "."
    )


def _third(share: float, *names: str) -> str:
    return names[min(2, int(3 * share))]


def heat_by_part(
    shares: Mapping[str, Tensor], area: Tensor, parts: Sequence[str] = BODY_PARTS
) -> Figure:
    """How much of the heat lies on each part of the animal, network by network, against the part's
    share of the area.

    Args:
        shares: network → N×P, from :func:`catdog_lib.explain.heat_by_part`: the bar is the mean
            over the pictures, and the line on it the 95 % interval of that mean.
        area: N×P, from :func:`catdog_lib.explain.area_by_part`: a mark at each part.
    """
    width = 0.8 / len(shares)
    places = np.arange(len(parts))
    words = []
    with style():
        figure, (axes,) = new_figure(height=3.4)
        for i, (name, values) in enumerate(shares.items()):
            mean = 100 * values.double().mean(0).numpy()
            error = 196 * values.double().std(0).numpy() / len(values) ** 0.5
            at = places + (i - (len(shares) - 1) / 2) * width
            axes.bar(at, mean, width * 0.92, yerr=error, label=name, color=f"C{i}",
                     error_kw={"elinewidth": 1.2, "ecolor": "#333333"})  # fmt: skip
            words.append(f"{name}: " + _percent(parts, mean.tolist()))
        mean_area = 100 * area.double().mean(0).numpy()
        axes.hlines(mean_area, places - 0.45, places + 0.45, color=GREY, linestyle="--", lw=1.5,
                    label="share of the area")  # fmt: skip
        axes.set_xticks(places, parts)
        axes.set(ylabel="share of the heat, %", ylim=(0, None))
        axes.grid(axis="x", visible=False)
        axes.legend()
    return describe(
        figure,
        "Bars: the share of the heat on each part of the picture. "
        + "; ".join(words)
        + f". Dashed marks show what even heat would give: {_percent(parts, mean_area.tolist())}.",
    )


def _percent(parts: Sequence[str], values: Sequence[float]) -> str:
    return ", ".join(f"{part} {value:.0f}%" for part, value in zip(parts, values, strict=True))


def deletion(curves: Mapping[str, Tensor], *, insertion: bool = False) -> Figure:
    """The class's probability while pixels go (or, with ``insertion``, come), the hottest first,
    method by method.

    Args:
        curves: method → N×(steps + 1), from :func:`catdog_lib.explain.deletion_curve` or
            ``insertion_curve``; the mean over the pictures is drawn, its area stands in the legend.
    """
    words = []
    with style():
        figure, (axes,) = new_figure(height=3.2)
        for i, (name, values) in enumerate(curves.items()):
            mean = values.double().mean(0).numpy()
            changed = np.linspace(0, 100, len(mean))
            area = np.trapezoid(mean, dx=1 / (len(mean) - 1))
            axes.plot(changed, 100 * mean, color=f"C{i}", label=f"{name}, area {area:.2f}")
            words.append(f"{name} from {mean[0]:.0%} to {mean[-1]:.0%}, area {area:.2f}")
        axes.set(
            xlabel=f"pixels {'put in' if insertion else 'taken away'}, %",
            ylabel="probability of the class, %",
            ylim=(0, 103),
        )
        axes.legend()
    verb = "put into a grey picture" if insertion else "taken out of the picture"
    return describe(
        figure,
        f"Curves of the class's probability while the hottest pixels are {verb} first, mean over "
        "the pictures. " + "; ".join(words) + ".",
    )
