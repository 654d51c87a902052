"""Sparse networks: penalties on weights, steps that make exact zeros, and pruning."""

from catdog_lib.sparsity.measures import LayerSparsity, share_of_zeros, sparsity
from catdog_lib.sparsity.penalties import (
    filter_weights,
    group_l1_penalty,
    l1_penalty,
    penalized_weights,
)
from catdog_lib.sparsity.proximal import (
    group_soft_threshold,
    proximal_step,
    soft_threshold,
    step_sizes,
)
from catdog_lib.sparsity.pruning import (
    dead_channels,
    prune,
    zero_dead_channels,
    zero_smallest_channels,
)

__all__ = [
    "LayerSparsity",
    "dead_channels",
    "filter_weights",
    "group_l1_penalty",
    "group_soft_threshold",
    "l1_penalty",
    "penalized_weights",
    "proximal_step",
    "prune",
    "share_of_zeros",
    "soft_threshold",
    "sparsity",
    "step_sizes",
    "zero_dead_channels",
    "zero_smallest_channels",
]
