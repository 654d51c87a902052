"""An animal and what each single change does: the static version of the animal studio."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.figure import Figure
from torch import Tensor

from catdog_lib.classes import CLASSES
from catdog_lib.plots.heatmaps import draw_heat
from catdog_lib.plots.style import CLASS_COLOURS, describe, style


def animal_studio(
    image: Tensor,
    heat: Tensor,
    probability: float,
    changes: Sequence[tuple[str, float]],
    *,
    opacity: float = 0.4,
    title: str = "An animal",
) -> Figure:
    """Draw an animal with the heat map over it, and the probability of a dog after each change.

    Args:
        image: 3×H×W, uint8.
        heat: of any size, values from 0 to 1.
        probability: of a dog, for the animal as it is.
        changes: what changes, and the probability of a dog after it.
        opacity: of the heat map.
        title: what is shown, and by which network.
    """
    words, after = zip(*changes, strict=True)
    with style():
        figure = Figure(figsize=(9, 0.9 + 0.3 * max(9, len(changes))))
        animal, bars = figure.subplots(1, 2, width_ratios=(1, 1.25))
        draw_heat(animal, image, heat, opacity)
        animal.set_title(f"{title}: {_percent(probability)} dog")
        colours = [CLASS_COLOURS[share > 0.5] for share in after]
        bars.barh(range(len(after)), [100 * share for share in after], color=colours, height=0.6)
        bars.axvline(100 * probability, color="black", linewidth=1.2, label="as it is")
        bars.set_yticks(range(len(words)), words)
        bars.invert_yaxis()
        bars.set(xlim=(0, 100), xlabel="probability of a dog after this one change, %")
        bars.legend(loc="lower right", fontsize=9)
    now = CLASSES[probability > 0.5]
    turned = [text for text, share in changes if CLASSES[share > 0.5] != now]
    return describe(
        figure,
        f"{title}, with {_percent(probability)} probability of a dog. The largest change: "
        f"{words[0]}, to {_percent(after[0])}. "
        + (f"The prediction turns with {', '.join(turned)}." if turned else "None turns it."),
    )


def _percent(share: float) -> str:
    return f"{100 * share:.0f}%"
