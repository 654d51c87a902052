"""The L1 penalty: a price on every weight, so that a network keeps only those that it needs."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def penalised_weights(model: nn.Module) -> list[nn.Parameter]:
    """The weights of convolutions and fully connected layers, each once.

    Biases and BatchNorm's parameters are left out: they set levels and scales, and pulling them to zero removes no
    connection.
    """
    return [
        module.weight for module in model.modules() if isinstance(module, nn.Conv2d | nn.Linear)
    ]


def l1_penalty(model: nn.Module) -> Tensor:
    """Σ|w| over :func:`penalised_weights`; a scalar that gradients flow through."""
    return torch.stack([weight.abs().sum() for weight in penalised_weights(model)]).sum()
