"""A moving average of a network's weights: the middle of the region that training jitters in."""

from __future__ import annotations

from copy import deepcopy

import torch
from torch import nn


class EMA:
    """The exponential moving average of a network's weights and of BatchNorm's statistics.

    After each step: average ← decay · average + (1 − decay) · weights. In the first steps a smaller
    decay forgets the random weights of the start. It averages over the last 1 / (1 − decay) steps
    or so.

    Source: B. Polyak and A. Juditsky 1992, SIAM Journal on Control and Optimization 30; A.
    Tarvainen and H. Valpola 2017, arXiv 1703.01780.

    Args:
        model: copied; the average starts there.
        decay: fraction of the average that a step leaves, 0 to 1.

    Attributes:
        model: a network with the averaged weights.
        count: steps so far.
    """

    def __init__(self, model: nn.Module, decay: float):
        self.model = deepcopy(model).requires_grad_(False)
        self.decay = decay
        self.count = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Take the weights of ``model`` into the average."""
        self.count += 1
        decay = min(self.decay, self.count / (self.count + 10))
        pairs = list(zip(_values(self.model), _values(model), strict=True))
        moving = [pair for pair in pairs if pair[0].is_floating_point()]
        torch._foreach_lerp_([old for old, _ in moving], [new for _, new in moving], 1 - decay)
        for old, new in pairs:
            if not old.is_floating_point():  # BatchNorm's count of batches
                old.copy_(new)


def _values(model: nn.Module) -> list[torch.Tensor]:
    """Return parameters and buffers."""
    return [*model.parameters(), *model.buffers()]
