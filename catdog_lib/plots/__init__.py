"""Every static picture of the course. A function takes data, not models, and returns a matplotlib ``Figure``."""

from catdog_lib.plots.architecture import architecture
from catdog_lib.plots.layers import activations, channel_spread
from catdog_lib.plots.photos import forward_pass, grid, most_wrong, picture
from catdog_lib.plots.style import CAT, CLASS_COLOURS, DOG, describe, new_figure, show, style
from catdog_lib.plots.training import compare, confusion, history

__all__ = [
    "CAT",
    "CLASS_COLOURS",
    "DOG",
    "activations",
    "architecture",
    "channel_spread",
    "compare",
    "confusion",
    "describe",
    "forward_pass",
    "grid",
    "history",
    "most_wrong",
    "new_figure",
    "picture",
    "show",
    "style",
]
