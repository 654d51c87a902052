"""What depth does: how far a unit sees, and how much of the gradient comes back to the first
layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from catdog_lib.plots.photos import picture
from catdog_lib.plots.style import describe, new_figure, style


def receptive_fields(
    image: Tensor, influence: Mapping[str, Tensor], boxes: Mapping[str, tuple[int, int, int, int]]
) -> Figure:
    """A picture for each layer: bright where a pixel influences the middle unit, with the formula's
    box.

    Args:
        image: 3×H×W, uint8.
        influence: layer → how much the unit changes with each pixel (H×W, at least 0), from a
            gradient.
        boxes: layer → top, left, height, width of the box that the formula gives, in pixels; it may
            reach past the edge, into the padding.
    """
    grey = image.float().mean(0) / 255
    with style():
        columns = min(3, len(influence))
        rows = -(-len(influence) // columns)
        figure, all_axes = new_figure(rows, columns, width=8, height=2.85 * rows)
        for axes, (name, strength) in zip(all_axes, influence.items(), strict=False):
            # The root lifts what is weak but not zero, so that the whole field can be seen.
            light = (strength / strength.max()).sqrt()
            touched = (strength > 0).float()
            shown = grey[None].repeat(3, 1, 1) * (0.3 + 0.25 * touched)
            shown[0] += 0.45 * light  # orange: red, and half as much green
            shown[1] += 0.28 * light
            picture(axes, shown.clamp(0, 1))
            top, left, height, width = boxes[name]
            axes.add_patch(
                Rectangle(
                    (left - 0.5, top - 0.5), width, height, fill=False, edgecolor="white", lw=1.6
                )
            )
            axes.set_title(f"{name}: {height}×{width}", fontsize=10.5)
            axes.set(xlim=(-0.5, image.shape[2] - 0.5), ylim=(image.shape[1] - 0.5, -0.5))
        for axes in all_axes[len(influence) :]:
            axes.axis("off")
    sizes = ", ".join(f"{name} {boxes[name][2]}×{boxes[name][3]} pixels" for name in influence)
    return describe(
        figure,
        "The same picture once for each layer. What influences the layer's middle unit glows; a "
        f"white box shows what the formula says it can see: {sizes}. The glow fills the box and is "
        "strongest in its middle.",
    )


def gradients_by_layer(runs: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Size of the gradient at each layer, first layer on the left, on a logarithmic axis.

    Args:
        runs: network → for each seed, a value for each layer, above 0.
    """
    words = []
    with style():
        figure, (axes,) = new_figure(height=3.2)
        for i, (name, seeds) in enumerate(runs.items()):
            values = np.asarray(seeds)
            layers = np.arange(1, values.shape[1] + 1)
            middle = np.exp(np.log(values).mean(0))
            axes.plot(layers, middle, color=f"C{i}", label=name)
            axes.fill_between(
                layers, values.min(0), values.max(0), color=f"C{i}", alpha=0.2, linewidth=0
            )
            words.append(
                f"{name}: {middle[0]:.1e} at the first layer, {middle[-1]:.1e} at the last"
            )
        axes.set(yscale="log", xlabel="layer", ylabel="size of the gradient")
        axes.legend()
    return describe(
        figure,
        "Curves of the gradient's size over the layers of a network, on a logarithmic axis. "
        + "; ".join(words)
        + ".",
    )
