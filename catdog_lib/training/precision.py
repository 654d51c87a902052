"""Mixed precision: convolutions in a short number format where that is faster, all else in float32.

Source: P. Micikevicius and others 2017, arXiv 1710.03740.

Lesson 10, section 5.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from catdog_lib.device import autocast


class MixedPrecision:
    """The number format of the convolutions, and the gradient scaler that float16 needs.

    float16 rounds gradients below 6e-8 to 0, so the loss is multiplied by a large number before the
    backward pass, and the gradients are divided by it before the update. In the other formats the
    scaler does nothing.

    Attributes:
        device, dtype: where, and in which number format, the convolutions are computed.
        scaler: multiplies the loss and divides the gradients.
    """

    def __init__(self, device: torch.device, dtype: torch.dtype):
        self.device, self.dtype = device, dtype
        self.scaler = torch.amp.GradScaler(device.type, enabled=dtype == torch.float16)

    def forward(self, model: nn.Module, images: Tensor) -> Tensor:
        """Return the model's logits for a batch, N×2 float32."""
        with autocast(self.device, self.dtype):
            return model(images).float()

    def backward(self, loss: Tensor) -> None:
        """Add the gradients of the scaled loss to the parameters."""
        self.scaler.scale(loss).backward()

    def clip_gradients(
        self, optimizer: Optimizer, parameters: Iterable[Tensor], max_norm: float
    ) -> None:
        """Scale the gradients down to ``max_norm`` if their norm is larger (arXiv 1211.5063)."""
        self.scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(parameters, max_norm)


class ScaledOptimizer:
    """An optimizer for scaled gradients: it takes no step when one of them is infinite.

    Args:
        optimizer: changes the weights.
        precision: its scaler divides the gradients first, and adapts its factor afterwards.
    """

    def __init__(self, optimizer: Optimizer, precision: MixedPrecision):
        self.optimizer, self.scaler = optimizer, precision.scaler

    def zero_grad(self) -> None:
        """Forget the gradients of the last step."""
        self.optimizer.zero_grad()

    def step(self) -> None:
        """Change the weights, unless a gradient is infinite."""
        self.scaler.step(self.optimizer)
        self.scaler.update()
