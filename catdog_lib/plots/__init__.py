"""Every static picture of the course. A function takes data, not models, and returns a matplotlib ``Figure``."""

from catdog_lib.plots.architecture import architecture
from catdog_lib.plots.datasets import accuracies, lucky, sizes, templates
from catdog_lib.plots.layers import activations, channel_spread
from catdog_lib.plots.photos import captioned, forward_pass, gallery, grid, most_wrong, picture
from catdog_lib.plots.pixels import channels, pixels, squares
from catdog_lib.plots.style import CAT, CLASS_COLOURS, DOG, describe, new_figure, show, style
from catdog_lib.plots.training import compare, confusion, history

__all__ = [
    "CAT",
    "CLASS_COLOURS",
    "DOG",
    "accuracies",
    "activations",
    "architecture",
    "captioned",
    "channel_spread",
    "channels",
    "compare",
    "confusion",
    "describe",
    "forward_pass",
    "gallery",
    "grid",
    "history",
    "lucky",
    "most_wrong",
    "new_figure",
    "picture",
    "pixels",
    "show",
    "sizes",
    "squares",
    "style",
    "templates",
]
