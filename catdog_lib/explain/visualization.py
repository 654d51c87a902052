"""Which image would a network like best? Climb a score's gradient, from grey noise upwards.

Lesson 07, section 3.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from catdog_lib.errors import CatdogError


def optimize_image(
    score: Callable[[Tensor], Tensor],
    size: int = 64,
    *,
    steps: int = 200,
    step_size: float = 0.02,
    jitter: int = 4,
    blur: float = 0.1,
    seed: int = 0,
) -> Tensor:
    """Return an image that a score is high for, found by gradient ascent.

    In each step the image is shifted by a few pixels, ascends, and is blurred a little. Without
    *jitter* and *blur* the ascent ends in fine noise, which networks like, and which no photo has.

    Source: K. Simonyan, A. Vedaldi and A. Zisserman 2013, arXiv 1312.6034; jitter and blur as in
    C. Olah, A. Mordvintsev and L. Schubert 2017, "Feature visualization", Distill.

    Args:
        score: takes images, N×3×H×W in [0, 1], and returns N values that can be differentiated.
        size: height and width of the image.
        steps: of the ascent.
        step_size: how far the pixels go in a step: their root mean square, in units of the pixels'
            range [0, 1].
        jitter: the image is shifted by up to this many pixels; 0 leaves it where it is.
        blur: after each step this share of a pixel is replaced by the mean of the 3×3 pixels around
            it, 0 to 1.
        seed: of the noise that it starts from, and of the shifts.

    Returns:
        3×size×size, float32 in [0, 1].

    Raises:
        CatdogError: steps is below 1, jitter below 0, or blur not between 0 and 1.
    """
    if steps < 1 or jitter < 0 or not 0 <= blur <= 1:
        raise CatdogError(
            f"steps is {steps}, jitter {jitter}, blur {blur:g}; use at least 1 step, a jitter of 0 "
            "or more, and a blur from 0 to 1."
        )
    generator = torch.Generator().manual_seed(seed)
    image = 0.5 + 0.05 * torch.randn(1, 3, size, size, generator=generator)
    for _ in range(steps):
        shift = torch.randint(-jitter, jitter + 1, (2,), generator=generator).tolist()
        shifted = image.roll(shift, (2, 3)).requires_grad_()
        with torch.enable_grad():
            (gradient,) = torch.autograd.grad(score(shifted).sum(), shifted)
        gradient = gradient.roll([-move for move in shift], (2, 3))
        length = gradient.square().mean().sqrt().clamp(min=1e-12)
        image = image + step_size * gradient / length
        around = F.avg_pool2d(F.pad(image, (1, 1, 1, 1), mode="replicate"), 3, stride=1)
        image = torch.lerp(image, around, blur).clamp(0, 1)
    return image[0]
