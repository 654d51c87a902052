"""Every static figure of the course: functions take data, not models, and return a ``Figure``.

Lesson 00, section 1.
"""

from catdog_lib.plots.animal_studio import animal_studio
from catdog_lib.plots.architecture import architecture
from catdog_lib.plots.arrays import annotated_arrays
from catdog_lib.plots.backbones import backbone_comparison, backbone_times, channel_connections
from catdog_lib.plots.body_parts import body_parts
from catdog_lib.plots.charts import line_chart
from catdog_lib.plots.clinic import broken_and_fixed
from catdog_lib.plots.convolution import channel_sum, connectivity_matrices, equivariance, kernels
from catdog_lib.plots.convolution_step import convolution_step
from catdog_lib.plots.datasets import accuracies, image_sizes, multiple_comparisons, templates
from catdog_lib.plots.depth import gradients_by_layer, receptive_fields
from catdog_lib.plots.dice import dice_sum_distribution
from catdog_lib.plots.feature_map_browser import feature_map_browser
from catdog_lib.plots.feature_maps import feature_maps, filters, top_activations
from catdog_lib.plots.graph import graph
from catdog_lib.plots.heatmaps import attribution_by_part, deletion_curves, heatmaps
from catdog_lib.plots.lambda_slider import lambda_slider
from catdog_lib.plots.layer_windows import shape_windows
from catdog_lib.plots.layers import activations, channel_statistics
from catdog_lib.plots.losses import training_and_validation
from catdog_lib.plots.optimizers import learning_rates, optimizer_race
from catdog_lib.plots.penalties import penalized_loss, weight_magnitudes, weight_matrix
from catdog_lib.plots.photos import captioned_images, forward_pass, gallery, image_grid, most_wrong
from catdog_lib.plots.pixels import channels, pixels, resize_modes
from catdog_lib.plots.primitives import draw_image
from catdog_lib.plots.profile import number_formats, speedup_steps, stacked_bars
from catdog_lib.plots.receptive_field_stack import receptive_field_stack
from catdog_lib.plots.roofline import roofline
from catdog_lib.plots.shapes import layer_costs, maps_to_scale
from catdog_lib.plots.signals import signals_by_layer
from catdog_lib.plots.sparsity import accuracy_against_zeros, zeros_by_layer
from catdog_lib.plots.speed import speed
from catdog_lib.plots.style import CAT, CLASS_COLOURS, DOG, describe, new_figure, show, style
from catdog_lib.plots.training import compare, confusion, history, loss_curves
from catdog_lib.plots.transfer import (
    feature_drift,
    feature_space,
    learning_curves,
    nearest_neighbours,
)
from catdog_lib.plots.trust import (
    damage_curves,
    reliability_diagram,
    roc_curves,
    score_histogram,
)
from catdog_lib.plots.window_rows import row_of_windows

__all__ = [
    "CAT",
    "CLASS_COLOURS",
    "DOG",
    "accuracies",
    "accuracy_against_zeros",
    "activations",
    "animal_studio",
    "annotated_arrays",
    "architecture",
    "attribution_by_part",
    "backbone_comparison",
    "backbone_times",
    "body_parts",
    "broken_and_fixed",
    "captioned_images",
    "channel_connections",
    "channel_statistics",
    "channel_sum",
    "channels",
    "compare",
    "confusion",
    "connectivity_matrices",
    "convolution_step",
    "damage_curves",
    "deletion_curves",
    "describe",
    "dice_sum_distribution",
    "draw_image",
    "equivariance",
    "feature_drift",
    "feature_map_browser",
    "feature_maps",
    "feature_space",
    "filters",
    "forward_pass",
    "gallery",
    "gradients_by_layer",
    "graph",
    "heatmaps",
    "history",
    "image_grid",
    "image_sizes",
    "kernels",
    "lambda_slider",
    "layer_costs",
    "learning_curves",
    "learning_rates",
    "line_chart",
    "loss_curves",
    "maps_to_scale",
    "most_wrong",
    "multiple_comparisons",
    "nearest_neighbours",
    "new_figure",
    "number_formats",
    "optimizer_race",
    "penalized_loss",
    "pixels",
    "receptive_field_stack",
    "receptive_fields",
    "reliability_diagram",
    "resize_modes",
    "roc_curves",
    "roofline",
    "row_of_windows",
    "score_histogram",
    "shape_windows",
    "show",
    "signals_by_layer",
    "speed",
    "speedup_steps",
    "stacked_bars",
    "style",
    "templates",
    "top_activations",
    "training_and_validation",
    "weight_magnitudes",
    "weight_matrix",
    "zeros_by_layer",
]
