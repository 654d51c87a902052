"""Change every pixel by a few grey levels so that the network takes the image for something else.

Lesson 07, section 6.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from catdog_lib.device import device_of
from catdog_lib.errors import CatdogError
from catdog_lib.explain.scores import batch_by_batch
from catdog_lib.inspect.hooks import evaluating
from catdog_lib.training.metrics import check_labels


def fast_gradient_sign(
    model: nn.Module, images: Tensor, labels: Tensor, grey_levels: int = 4
) -> Tensor:
    """Return the images after one step, of the same size in every pixel, that raises the loss.

    ``x' = x + ε · sign(∂L/∂x)``: x is the image in grey levels from 0 to 255, L the cross-entropy
    of its true class, and ε the number of grey levels. Only the sign counts, so every pixel is
    changed by ε or, at the ends of the range, by less.

    Source: I. Goodfellow, J. Shlens and C. Szegedy 2014, "Explaining and harnessing adversarial
    examples", arXiv 1412.6572.

    Args:
        model: on whatever device it is; it runs in evaluation mode, and is left as it was.
        images: N×3×H×W, uint8.
        labels: the true classes, int64, N.
        grey_levels: ε, from 0 to 255.

    Returns:
        N×3×H×W, uint8; where the images are.

    Raises:
        CatdogError: the images are not uint8, the labels are not one class of the model for each,
            or there are no such grey levels.
    """
    if images.dtype != torch.uint8:
        raise CatdogError(f"images is {images.dtype}; give uint8, whose step is one grey level.")
    if not 0 <= grey_levels <= 255:
        raise CatdogError(f"grey_levels is {grey_levels}; use 0 to 255.")

    def direction(x: Tensor, classes: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        with torch.enable_grad():
            logits = model(x).float()
            check_labels(classes, len(x), logits.shape[1])
            loss = nn.functional.cross_entropy(logits, classes, reduction="sum")
            return torch.autograd.grad(loss, x)[0].sign()

    step = grey_levels * batch_by_batch(direction, model, images, labels)
    return (images.float() + step).clamp(0, 255).to(torch.uint8)


@torch.no_grad()
def is_fooled(model: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    """Return which of the images (N×3×H×W, uint8) do not get their class (int64, N): N, bool."""
    device = device_of(model)
    with evaluating(model):
        predicted = torch.cat([model(part.to(device)).argmax(1) for part in images.split(64)])
    return predicted.to(labels.device) != labels
