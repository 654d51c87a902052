"""What depth does: how far a unit sees, and how much of the gradient reaches the first layer.

Lesson 02, section 7; Lesson 02, section 9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.plots.primitives import draw_image, frame, integer_ticks, small_multiples, to_gray
from catdog_lib.plots.style import describe, new_figure, style


def receptive_fields(
    image: Tensor,
    effective_fields: Mapping[str, Tensor],
    boxes: Mapping[str, tuple[int, int, int, int]],
) -> Figure:
    """Draw the effective receptive field of each layer's middle unit, and the formula's box.

    Args:
        image: 3×H×W, uint8.
        effective_fields: layer → how much the unit changes with each pixel (H×W, at least 0), from
            a gradient.
        boxes: layer → top, left, height, width of the box that the formula gives, in pixels; it may
            reach past the edge, into the padding.
    """
    gray = to_gray(image)
    columns = min(3, len(effective_fields))
    with style():
        figure, all_axes = small_multiples(len(effective_fields), columns, 8 / columns, 2.85)
        for axes, (name, field) in zip(all_axes, effective_fields.items(), strict=False):
            # The root lifts what is weak but not zero, so that the whole field can be seen.
            light = (field / field.max()).sqrt()
            rgb = gray[None].repeat(3, 1, 1) * (0.3 + 0.25 * (field > 0).float())
            rgb[0] += 0.45 * light  # orange: red, and half as much green
            rgb[1] += 0.28 * light
            draw_image(axes, rgb.clamp(0, 1))
            top, left, height, width = boxes[name]
            frame(axes, left, top, width, height, colour="white", linewidth=1.6)
            axes.set_title(f"{name}: {height}×{width}", fontsize=10.5)
            axes.set(xlim=(-0.5, image.shape[2] - 0.5), ylim=(image.shape[1] - 0.5, -0.5))
    sizes = ", ".join(
        f"{name} {boxes[name][2]}×{boxes[name][3]} pixels" for name in effective_fields
    )
    return describe(
        figure,
        "The same image once for each layer. What influences the layer's middle unit glows; a "
        f"white box shows what the formula says it can see: {sizes}. The glow fills the box and is "
        "strongest in its middle.",
    )


def gradients_by_layer(runs: Mapping[str, Sequence[Sequence[float]]]) -> Figure:
    """Draw the size of the gradient at each layer, on a logarithmic axis, first layer on the left.

    Args:
        runs: network → for each seed, a value for each layer, above 0.
    """
    descriptions = []
    with style():
        figure, (axes,) = new_figure(height=3.2)
        for i, (name, seeds) in enumerate(runs.items()):
            values = np.asarray(seeds)
            layers = np.arange(1, values.shape[1] + 1)
            mean = np.exp(np.log(values).mean(0))  # geometric
            low, high = values.min(0), values.max(0)
            axes.plot(layers, mean, color=f"C{i}", label=name)
            axes.fill_between(layers, low, high, color=f"C{i}", alpha=0.2, linewidth=0)
            ends = f"{mean[0]:.1e} at the first layer, {mean[-1]:.1e} at the last"
            descriptions.append(f"{name}: {ends}")
        axes.set(yscale="log", xlabel="layer", ylabel="size of the gradient")
        integer_ticks(axes)
        axes.legend()
    return describe(
        figure,
        "Curves of the gradient's size over the layers of a network, on a logarithmic axis. "
        f"{'; '.join(descriptions)}.",
    )
