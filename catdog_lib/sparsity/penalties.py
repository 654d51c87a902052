"""Penalties: a price on every weight or filter, so that a network keeps only what it needs.

Lesson 05, section 3; Lesson 05, section 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import UnionType

import torch
from torch import Tensor, nn


def penalized_weights(model: nn.Module) -> list[nn.Parameter]:
    """Return the weights of convolutions and fully connected layers, each once.

    Biases and BatchNorm's parameters are left out: they set levels and scales, and pulling them to
    zero removes no connection.
    """
    return _weights(model, nn.Conv2d | nn.Linear)


def filter_weights(model: nn.Module) -> list[nn.Parameter]:
    """Return the weights of convolutions, C_out×C_in×k×k, each once: C_out filters, one a map.

    Fully connected layers are left out. The rows of the last one are the classes, and none may go.
    """
    return _weights(model, nn.Conv2d)


def l1_penalty(weights: nn.Module | Iterable[Tensor]) -> Tensor:
    """Return Σ|w|, a scalar to add to the loss.

    The derivative of \\|w\\| is sign(w), and counts as 0 at w = 0.

    Args:
        weights: tensors of any shapes, or a network: then its :func:`penalized_weights`.
    """
    if isinstance(weights, nn.Module):
        weights = penalized_weights(weights)
    return sum((weight.abs().sum() for weight in weights), torch.zeros(()))


def group_l1_penalty(weights: nn.Module | Iterable[Tensor]) -> Tensor:
    """Return Σ_f √n ‖w_f‖₂ over filters f of n weights: an L1 penalty on the filters' lengths.

    Within a filter it acts like a length, which has no corner where one weight alone is 0; so
    weights leave together, whole filters at a time. √n makes the price of a filter grow with its
    size as the length itself does.

    Source: M. Yuan and Y. Lin 2006, "Model selection and estimation in regression with grouped
    variables", https://doi.org/10.1111/j.1467-9868.2005.00532.x.

    Args:
        weights: tensors whose first dimension counts the filters, or a network: then its
            :func:`filter_weights`.
    """
    if isinstance(weights, nn.Module):
        weights = filter_weights(weights)
    lengths = ((weight[0].numel() ** 0.5, weight.flatten(1).norm(dim=1)) for weight in weights)
    return sum((root * filters.sum() for root, filters in lengths), torch.zeros(()))


def _weights(model: nn.Module, kinds: UnionType | type) -> list[nn.Parameter]:
    """Return the weights of these kinds of layers; one that two layers share comes once."""
    layers = (module for module in model.modules() if isinstance(module, kinds))
    return list(dict.fromkeys(layer.weight for layer in layers))
