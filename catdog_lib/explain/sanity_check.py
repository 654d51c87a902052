"""Randomize the weights: a heatmap that stays the same did not depend on what was learned.

Lesson 07, section 1; Lesson 07, section 5.
"""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import Tensor, nn

from catdog_lib.errors import CatdogError

# A network is often built after torch.manual_seed(0): the fresh weights must not be those that it
# began with.
_SEED_OFFSET = 1_000_003


def randomize_weights(model: nn.Module, seed: int = 0, layers: int | None = None) -> nn.Module:
    """Return a copy of the model with fresh weights: in all layers, or in the last ones only.

    A BatchNorm that follows a layer forgets its scale, shift and running statistics with it.

    Source: J. Adebayo et al. 2018, "Sanity checks for saliency maps", arXiv 1810.03292.

    Args:
        seed: of the fresh weights.
        layers: how many convolutions and linear layers, counted from the answer back towards the
            image, in the order in which the model holds them; None takes all.

    Raises:
        CatdogError: layers is below 1 or above their number.
    """
    copy = deepcopy(model)
    modules = [module for module in copy.modules() if hasattr(module, "reset_parameters")]
    weighted = [i for i, module in enumerate(modules) if _has_weight_matrix(module)]
    layers = len(weighted) if layers is None else layers
    if not 1 <= layers <= len(weighted):
        raise CatdogError(
            f"layers is {layers}; the model has {len(weighted)} convolutions and linear layers, so "
            f"use 1 to {len(weighted)}, or None for all."
        )
    first = 0 if layers == len(weighted) else weighted[-layers]
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(
            _SEED_OFFSET + seed
        )  # the CPU's: a GPU's stay as they are
        for module in modules[first:]:
            device = next((p.device for p in module.parameters(recurse=False)), None)
            module.cpu().reset_parameters()  # the same weights on every device
            module.to(device)
    return copy


def edge_map(images: Tensor) -> Tensor:
    """Return how much the brightness changes from pixel to pixel: a heatmap without a network.

    It is the control of every heatmap: one that does no better explains the image, not the network.

    Args:
        images: N×3×H×W, uint8 or float.

    Returns:
        N×H×W, float32, at least 0.
    """
    down, along = torch.gradient(images.float().mean(1), dim=(1, 2))
    return down.abs() + along.abs()


def similarity(a: Tensor, b: Tensor) -> Tensor:
    """Return Spearman's rank correlation of two heatmaps, pixel by pixel, for each of N images.

    ``ρ = cov(r_a, r_b) / (σ(r_a) σ(r_b))`` with r the ranks of a heatmap's pixels, pixels of the
    same heat sharing their mean rank. 1: the same order from cold to hot; 0: no connection, also
    where a heatmap has only one value.

    Args:
        a, b: N×H×W.

    Returns:
        N, float32.

    Raises:
        CatdogError: a and b differ in shape.
    """
    if a.shape != b.shape or a.ndim != 3:
        raise CatdogError(
            f"a has the shape {tuple(a.shape)} and b {tuple(b.shape)}; both must be N×H×W."
        )
    ranks = [torch.stack([_ranks(row) for row in maps.cpu().flatten(1)]) for maps in (a, b)]
    centred = [r - r.mean(1, keepdim=True) for r in ranks]
    covariance = (centred[0] * centred[1]).sum(1)
    scale = (centred[0].square().sum(1) * centred[1].square().sum(1)).sqrt()
    return torch.where(scale > 0, covariance / scale.clamp(min=1e-12), 0).float()


def _ranks(values: Tensor) -> Tensor:
    """Return the rank of each value; equal ones share the mean of their ranks."""
    _, group, sizes = values.unique(return_inverse=True, return_counts=True)
    last = sizes.cumsum(0).double() - 1
    return (last - (sizes - 1) / 2)[group]


def _has_weight_matrix(module: nn.Module) -> bool:
    weight = getattr(module, "weight", None)
    return isinstance(weight, Tensor) and weight.ndim >= 2
