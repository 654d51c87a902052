"""Do values and gradients vanish or explode on their way through a network?

Lesson 04, section 7.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from matplotlib.figure import Figure

from catdog_lib.inspect.gradient_flow import LayerSignal
from catdog_lib.plots.primitives import integer_ticks, legend_outside
from catdog_lib.plots.style import describe, new_figure, style


def signals_by_layer(
    networks: Mapping[str, Sequence[LayerSignal]],
    looks: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> Figure:
    """Draw the sizes of each layer's values, of their gradients and of the weights' gradients.

    The axes are logarithmic; a layer where all is exactly 0 has no point.

    Args:
        networks: name → signals, from :func:`catdog_lib.inspect.gradient_flow.layer_signals`.
        looks: name → options of ``Axes.plot``, as of :func:`catdog_lib.plots.line_chart`.
    """
    panels = (
        ("activation", "forward:\nvalues"),
        ("activation_gradient", "backward: gradient with\nrespect to the values"),
        ("weight_gradient", "backward: gradient with\nrespect to the weights"),
    )
    descriptions = []
    with style():
        figure, all_axes = new_figure(1, 3, width=10, height=4.4)
        for axes, (kind, title) in zip(all_axes, panels, strict=True):
            for (name, signals), marker in zip(networks.items(), "osD^v*P" * 9, strict=False):
                layers = range(1, len(signals) + 1)
                sizes = [getattr(signal, kind) for signal in signals]
                axes.plot(layers, sizes, marker=marker, label=name, **looks.get(name, {}))
            axes.set(yscale="log", xlabel="layer")
            integer_ticks(axes)
            axes.set_title(title)
        all_axes[0].set_ylabel("root mean square")
        legend_outside(figure, all_axes[0], columns=4, side="lower")
    for name, signals in networks.items():
        first, last = signals[0], signals[-1]
        descriptions.append(
            f"{name}: values {first.activation:.1e} at the first layer and {last.activation:.1e} "
            f"at the last, gradients with respect to them {first.activation_gradient:.1e} and "
            f"{last.activation_gradient:.1e}, to the weights {first.weight_gradient:.1e} and "
            f"{last.weight_gradient:.1e}"
        )
    return describe(
        figure,
        "Three panels of curves over the layers of a network, on logarithmic axes: the size of the "
        "values, and of the loss's gradient with respect to the values and to the weights. "
        f"{'; '.join(descriptions)}.",
    )
