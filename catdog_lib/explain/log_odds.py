"""Explain what decides between the classes, not one logit alone.

Lesson 07, section 4.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class LogOdds(nn.Module):
    """A model whose score of a class is the log odds of its probability.

    ``ln(p_c / (1 − p_c)) = s_c − ln Σ_{j≠c} exp(s_j)``: p_c is the softmax probability of the class
    c, s_c its logit. With two classes this is the difference of the two logits. Adding the same
    number to all logits changes no probability and no log odds, but every logit; so a heatmap of
    one logit may show what the prediction does not depend on.

    Args:
        model: images → logits, N×K with K at least 2. It is used, not copied; its layers have
            "model." in front of their names here.

    Shape: as the model's.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        logits = self.model(images)
        itself = torch.eye(logits.shape[1], dtype=torch.bool, device=logits.device)
        # N×K×K: row c of each image holds the logits of all classes but c.
        others = logits[:, None].masked_fill(itself, float("-inf"))
        return logits - others.logsumexp(2)
