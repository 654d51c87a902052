"""Every static picture of the course. A function takes data, not models, and returns a matplotlib
``Figure``.
"""

from catdog_lib.plots.architecture import architecture
from catdog_lib.plots.convolution import (
    channel_sum,
    connections,
    curves,
    dice,
    equivariance,
    kernels,
    numbers,
)
from catdog_lib.plots.datasets import accuracies, multiple_comparisons, sizes, templates
from catdog_lib.plots.depth import gradients_by_layer, receptive_fields
from catdog_lib.plots.explorables import convolution_step, lambda_slider, receptive_field_stack
from catdog_lib.plots.feature_map_browser import feature_map_browser
from catdog_lib.plots.feature_maps import exciting, feature_maps, filters
from catdog_lib.plots.graph import graph
from catdog_lib.plots.heat import deletion, heat, heat_by_part
from catdog_lib.plots.layer_windows import shape_windows
from catdog_lib.plots.layers import activations, channel_spread
from catdog_lib.plots.optimizers import learning_rates, optimizer_race
from catdog_lib.plots.penalties import penalised_loss, weight_matrix, weight_sizes
from catdog_lib.plots.photos import captioned, forward_pass, gallery, grid, most_wrong, picture
from catdog_lib.plots.pixels import channels, pixels, squares
from catdog_lib.plots.profile import number_formats, roofline, speedup_steps, stacked_bars
from catdog_lib.plots.shapes import layer_costs, row_of_windows, to_scale
from catdog_lib.plots.signals import signals_by_layer
from catdog_lib.plots.sparsity import accuracy_against_zeros, l1_experiment, zeros_by_layer
from catdog_lib.plots.speed import speed
from catdog_lib.plots.style import CAT, CLASS_COLOURS, DOG, describe, new_figure, show, style
from catdog_lib.plots.training import compare, confusion, history
from catdog_lib.plots.transfer import channel_links, drift, families, feature_space, learning_curves

__all__ = [
    "CAT",
    "CLASS_COLOURS",
    "DOG",
    "accuracies",
    "accuracy_against_zeros",
    "activations",
    "architecture",
    "captioned",
    "channel_links",
    "channel_spread",
    "channel_sum",
    "channels",
    "compare",
    "confusion",
    "connections",
    "convolution_step",
    "curves",
    "deletion",
    "describe",
    "dice",
    "drift",
    "equivariance",
    "exciting",
    "families",
    "feature_map_browser",
    "feature_maps",
    "feature_space",
    "filters",
    "forward_pass",
    "gallery",
    "gradients_by_layer",
    "graph",
    "grid",
    "heat",
    "heat_by_part",
    "history",
    "kernels",
    "l1_experiment",
    "lambda_slider",
    "layer_costs",
    "learning_curves",
    "learning_rates",
    "most_wrong",
    "multiple_comparisons",
    "new_figure",
    "number_formats",
    "numbers",
    "optimizer_race",
    "penalised_loss",
    "picture",
    "pixels",
    "receptive_field_stack",
    "receptive_fields",
    "roofline",
    "row_of_windows",
    "shape_windows",
    "show",
    "signals_by_layer",
    "sizes",
    "speed",
    "speedup_steps",
    "squares",
    "stacked_bars",
    "style",
    "templates",
    "to_scale",
    "weight_matrix",
    "weight_sizes",
    "zeros_by_layer",
]
